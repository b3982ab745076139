"""What a column holds comes back from a backup as it was, in every table and of every type.

The tables and their types are read from the schema: a type that this file knows no values of fails.
"""

import math
import random
from datetime import UTC, date, datetime
from itertools import cycle, islice
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    String,
    insert,
    null,
    select,
    update,
)
from tests.support import server

from iriai.base import portable
from iriai.base.backup import take
from iriai.base.db import Moment, Table, connect
from iriai.base.opening import open_ground
from iriai.base.restore import restore
from iriai.settings import load

ROWS = 8
INTEGER_MAX, BIG_MAX = 2**31 - 1, 2**63 - 1
TEXTS = [
    "",
    " ",
    "Ada Ł 🐎",
    "a\nb\tc\r\n",
    '"\\',
    "\u2028\x1f\u00ad",
    "null",
    "2026-01-05T09:00:00",
]
MOMENTS = [
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 5, 9, 0, 0, 1, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
]
DAYS = [date(1970, 1, 1), date(1, 1, 1), date(9999, 12, 31), date(2026, 1, 5)]
VALUES = [{}, [], "", 0, False, {"a": [1, None, "ü", {"b": 2**60, "c": 1.5}]}, "null", JSON.NULL]


def silent(_what, _done, _total):
    pass


def values(column) -> list[Any]:
    """What is hard to keep of what a column can hold; for keys and the like, all different."""
    kind = column.type
    if isinstance(kind, Moment):
        return MOMENTS
    if isinstance(kind, Date):
        return DAYS
    if isinstance(kind, JSON):
        return VALUES
    if isinstance(kind, Boolean):
        return [True, False]
    if isinstance(kind, LargeBinary):
        source = random.Random(7)
        made = [b"", b"\0", bytes(range(256)), *(source.randbytes(32) for _ in range(ROWS))]
        return [each[: kind.length] if kind.length else each for each in made]
    if isinstance(kind, Float):
        return [0.0, -1.5, 1e300, 5e-324, math.pi]
    if isinstance(kind, String):
        made = [*TEXTS, "x" * (kind.length or 5_000)]
        return [each[: kind.length] for each in made]
    if isinstance(kind, Integer) and not isinstance(kind, Numeric):
        most = BIG_MAX if type(kind).__name__ == "BigInteger" else INTEGER_MAX
        return [0, 1, most, -most - 1, 2**31 - 1]
    pytest.fail(f"Say here what is hard to keep in a column of type {kind!r}.")


def unlike(column, number: int) -> Any:
    """A value that no other row has."""
    kind = column.type
    if isinstance(kind, Moment):
        return datetime(2026, 1, 5, 9, 0, number, number, tzinfo=UTC)
    if isinstance(kind, Date):
        return date(2026, 1, number + 1)
    if isinstance(kind, LargeBinary):
        return bytes([number]) + b"\0\xff"
    if isinstance(kind, String):
        return f"{number}-Ł"
    return number + 2


def must_differ(table) -> set[str]:
    """The columns in which each row has a value of its own."""
    unique = [index.columns for index in table.indexes if index.unique]
    unique += [each.columns for each in table.constraints if type(each).__name__[0] in "PU"]
    return {column.name for columns in unique for column in columns}


def fill(url) -> None:
    """Rows for every table, with each value of each type, and nothing where that may be."""
    engine = connect(url)  # of its own: the hub's lets nobody write what a commons governs
    with engine.begin() as connection:
        _fill(connection)
    engine.dispose()


def _fill(connection) -> None:
    made: dict[str, list[dict[str, Any]]] = {}
    portable.empty(connection, kept_tables())
    for table in kept_tables():
        rows: list[dict[str, Any]] = [{} for _ in range(ROWS)]
        for column in table.columns:
            theirs = [unlike(column, number) for number in range(ROWS)]
            if column.foreign_keys:
                (key,) = column.foreign_keys
                theirs = [row[key.column.name] for row in made[key.column.table.name]]
            elif isinstance(column.type, Boolean) or column.name not in must_differ(table):
                theirs = list(islice(cycle(values(column)), ROWS))
                if column.nullable:
                    theirs[-1] = None
            for row, value in zip(rows, theirs, strict=True):
                row[column.name] = value
        connection.execute(insert(table), rows)
        made[table.name] = rows
        nothing = {each: null() for each in table.columns if is_json(each) and each.nullable}
        if nothing:
            last = [each == rows[-1][each.name] for each in table.primary_key.columns]
            connection.execute(update(table).where(*last).values(nothing))


def is_json(column) -> bool:
    return isinstance(column.type, JSON)


def held(ground) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, and where JSON is nothing at all and not its own null."""
    with ground.read() as tx:
        return {
            table.name: sorted(map(tuple, tx.connection.execute(everything(table))), key=repr)
            for table in kept_tables()
        }


def kept_tables():
    return [each for each in Table.metadata.sorted_tables if portable.is_kept(each.name)]


def everything(table):
    return select(*table.columns, *(each.is_(null()) for each in table.columns if is_json(each)))


def test_every_column_of_every_table_comes_back_from_either_database_in_the_other(
    any_ground, state, tmp_path, clock
):
    (there,) = set(server.STATES) - {state}
    fill(any_ground.settings.database)
    before = held(any_ground)
    take(any_ground, tmp_path / "backup", silent)
    settings = load(environ=server.state_environment(there, tmp_path / "other"))
    restore(settings, tmp_path / "backup", silent, now=clock)
    again = open_ground(settings, now=clock)
    try:
        after = held(again)
    finally:
        again.engine.dispose()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"instance", "events"}, "Another fact, another event, and nothing else."
    for name in changed:
        assert [row for row in before[name] if row not in after[name]] == []
