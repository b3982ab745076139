"""Webhooks: what happens to repositories and in their discussions, told to addresses outside."""
