"""What a change to what a commons holds amounts to. Pure."""

from collections.abc import Collection


def relicenses(before: Collection[str], after: Collection[str]) -> bool:
    """Whether a licence that was granted goes, or others come beside it.

    Naming the first ones relicenses nothing.
    """
    return bool(before) and set(before) != set(after)
