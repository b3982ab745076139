"""Search: repositories by words, tags and numbers, in any order; downloads and what is trending."""
