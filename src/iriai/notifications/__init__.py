"""Notifications: what concerns a person, on a page of theirs and in a digest by mail."""
