"""The commons: who decides over what belongs to more than one, and how it is done."""
