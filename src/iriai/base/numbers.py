"""Whole numbers that arrive as text, in addresses, queries, forms and files; and bytes in words.

Python takes more for a digit than `int` can read (`²`), and reads no number of thousands of digits;
both are answered here, once, instead of by an error in each place. Pure.
"""

KILO = 1000
BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
WHOLE_FROM = 100
"""From here on a figure needs no tenths."""
DIGITS_MAX = 18
"""As many digits as always fit into 64 bits, and so into a column of either database."""


def whole(text: str, *, digits_max: int = DIGITS_MAX) -> int | None:
    """The number that plain digits write, from 0; None for anything else, or for too many."""
    plain = text.isascii() and text.isdigit() and len(text) <= digits_max
    return int(text) if plain else None


def in_bytes(count: int) -> str:
    """Bytes as people say them, `1.2 GB`, in steps of a thousand: the same wherever they stand."""
    value, unit = float(count), 0
    while value >= KILO - 0.5 and unit < len(BYTE_UNITS) - 1:
        value, unit = value / KILO, unit + 1
    has_tenths = unit > 0 and value < WHOLE_FROM
    shown = f"{value:.1f}".removesuffix(".0") if has_tenths else f"{value:.0f}"
    return f"{shown} {BYTE_UNITS[unit]}"
