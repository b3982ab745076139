"""Gates: asking for access to a gated repository, and being let in or told why not."""
