"""Many things, some at a time: as many as fit into one statement, or into memory."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(things: Iterable[T], length: int) -> Iterator[list[T]]:
    """The things in their order, in lists of `length` and a shorter last one; never an empty one.

    No more is taken out of `things` than was asked for.
    """
    left = iter(things)
    while some := list(islice(left, length)):
        yield some
