"""Rows read to be compared with a log, also where a hand has left what cannot be read.

SQLite keeps any text in any column: a moment that is none, JSON that breaks off. Such a row is no
reason to stop. It is found by its key and named like every other that differs.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Row, Select
from sqlalchemy.exc import DBAPIError

UNREADABLE = "unreadable"
"""What stands for the digest of a row that cannot be read; no digest looks like it."""
NOT_READ = (ValueError, TypeError, LookupError, AttributeError, DBAPIError)
"""What reading a row, or making JSON of it, fails with where a column has what it cannot have."""

Key = tuple[Any, ...]
T = TypeVar("T")


def read(
    connection: Connection,
    asked: Select[Any],
    keys: Sequence[Column[Any]],
    made: Callable[[Row[Any]], T],
) -> Iterator[tuple[Key, T | None]]:
    """The key of each row asked for, and what is made of it; None where it cannot be read.

    `keys` are the columns of the table's key, which `asked` has too.
    """
    try:
        yield from [(_key(row, keys), made(row)) for row in connection.execute(asked)]
    except NOT_READ:
        yield from _one_by_one(connection, asked, keys, made)


def _one_by_one(
    connection: Connection,
    asked: Select[Any],
    keys: Sequence[Column[Any]],
    made: Callable[[Row[Any]], T],
) -> Iterator[tuple[Key, T | None]]:
    alone = asked.with_only_columns(*keys, maintain_column_froms=True)
    for key in [tuple(row) for row in connection.execute(alone)]:
        here = asked.where(*(column == part for column, part in zip(keys, key, strict=True)))
        try:
            found = [made(row) for row in connection.execute(here)]
        except NOT_READ:
            yield key, None
        else:
            yield from ((key, each) for each in found)


def _key(row: Row[Any], keys: Sequence[Column[Any]]) -> Key:
    return tuple(row._mapping[column] for column in keys)  # noqa: SLF001 - how a row is read by column
