"""Requests to remove data, by anybody, with a clock, a public outcome and an appeal."""
