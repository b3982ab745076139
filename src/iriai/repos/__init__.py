"""Repositories: git objects, refs, commits, trees, and who may do what with them."""
