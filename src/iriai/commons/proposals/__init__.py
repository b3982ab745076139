"""Proposals: what members want their commons to do, and how they come to agree on it."""
