"""Who is who: people, organisations, the tokens and sessions they come with, and what they may."""
