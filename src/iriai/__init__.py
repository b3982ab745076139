"""iriai: a hub for models and datasets, governed by the people who use it."""

__version__ = "0.1.0"
