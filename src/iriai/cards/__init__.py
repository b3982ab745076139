"""Cards: what a repository says about itself in the front matter of its README."""
