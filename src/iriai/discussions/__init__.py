"""Discussions and pull requests: what people say about a repository and propose to it."""
