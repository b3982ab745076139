"""The charter: what a commons has agreed on, as data that the server obeys."""
