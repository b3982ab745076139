"""Buckets: files that may change, by path, without a history; sent and fetched by chunks alone."""
