"""Whole numbers that arrive as text: in addresses, queries, forms and files.

Python takes more for a digit than `int` can read (`²`), and reads no number of thousands of digits;
both are answered here, once, instead of by an error in each place. Pure.
"""

DIGITS_MAX = 18
"""As many digits as always fit into 64 bits, and so into a column of either database."""


def whole(text: str, *, digits_max: int = DIGITS_MAX) -> int | None:
    """The number that plain digits write, from 0; None for anything else, or for too many."""
    plain = text.isascii() and text.isdigit() and len(text) <= digits_max
    return int(text) if plain else None
