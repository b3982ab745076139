"""Counting: pure, exact functions from ballots to an outcome that anyone can run again."""
