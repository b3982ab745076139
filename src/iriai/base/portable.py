"""All tables as plain text, the same from SQLite and PostgreSQL, and back into either.

One file a table: a first line that names the columns, then a line of JSON for each row. They are
read in one transaction that sees one moment (`REPEATABLE READ`; SQLite's WAL gives it by itself),
while others write. Bytes are base64, moments ISO 8601 in UTC, JSON is kept as its own text. Tables
that a database makes for itself (full-text indexes) are left out; counters of ids come along, so
that an id is never given twice.
"""

import base64
import json
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    DateTime,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    insert,
    select,
    text,
)
from sqlalchemy.exc import SAWarning

from iriai.base.batches import batches

ROWS_AT_ONCE = 1_000
SCHEMA_TABLE = "alembic_version"
DERIVED = "search_"
"""What the names of tables begin with that are made anew from others."""
SHADOWS = ("_data", "_idx", "_content", "_docsize", "_config")
"""What SQLite's FTS5 appends to an index's name for its own tables."""

Told = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Written:
    """One table's file."""

    table: str
    rows: int
    counter: int | None


def tables(connection: Connection) -> list[Table]:
    """The tables that hold what cannot be made again, those referred to before those referring."""
    derived = set()
    if connection.dialect.name == "sqlite":
        virtual = connection.execute(
            text("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'")
        ).scalars()
        for name in virtual:
            derived |= {name, *(name + shadow for shadow in SHADOWS)}
    metadata = MetaData()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # expression indexes are not ours to rebuild
        metadata.reflect(connection, only=lambda name, _: is_kept(name) and name not in derived)
        return list(metadata.sorted_tables)


def is_kept(name: str) -> bool:
    """Whether a table holds what cannot be made again."""
    return name != SCHEMA_TABLE and not name.startswith(DERIVED)


def write(connection: Connection, table: Table, path: Path, told: Told) -> Written:
    """Write a table into `path`, in the order of its key."""
    columns = [each for each in table.columns if each.computed is None]
    asked: Select[Any] = select(*(_readable(each) for each in columns))
    asked = asked.order_by(*table.primary_key.columns)
    count = 0
    with path.open("wb") as file:
        file.write(orjson.dumps({"table": table.name, "columns": [c.name for c in columns]}))
        file.write(b"\n")
        rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(asked)
        for some in rows.partitions(ROWS_AT_ONCE):
            for row in some:
                file.write(orjson.dumps([_kept(value) for value in row]))
                file.write(b"\n")
            count += len(some)
            told(len(some))
    return Written(str(table.name), count, _counter(connection, table))


def read(connection: Connection, table: Table, path: Path, told: Told) -> int:
    """Fill a table from its file. Returns how many rows."""
    count = 0
    with path.open("rb") as file:
        names: list[str] = orjson.loads(file.readline())["columns"]
        typed = {name: table.columns[name] for name in names}
        values = {name: bindparam(name, type_=_bound(each)) for name, each in typed.items()}
        statement = insert(table).values(values)
        for some in batches(file, ROWS_AT_ONCE):
            rows = [
                {
                    name: _given(typed[name], value)
                    for name, value in zip(names, orjson.loads(line), strict=True)
                }
                for line in some
            ]
            connection.execute(statement, rows)
            count += len(rows)
            told(len(rows))
    return count


def empty(connection: Connection, among: Iterable[Table]) -> None:
    """Remove every row of these tables, those referring before those referred to."""
    for table in reversed(list(among)):
        connection.execute(delete(table))


def set_counter(connection: Connection, table: Table, value: int | None) -> None:
    """Let a table's next id come after `value` and after every row it has."""
    if connection.dialect.name == "sqlite":
        if value is not None and "sqlite_sequence" in _sqlite_tables(connection):
            known = {"value": max(value, _counter(connection, table) or 0), "name": table.name}
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), known)
            connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :value)"), known)
        return
    key = _sequence(connection, table)
    if key is None:
        return
    sequence, column = key
    most = connection.execute(text(f'SELECT max("{column}") FROM "{table.name}"')).scalar()  # noqa: S608 - names from the catalogue
    last = max(most or 0, value or 0)
    if last:
        connection.execute(text("SELECT setval(:name, :last)"), {"name": sequence, "last": last})


def _readable(column: Column[Any]) -> Any:
    return cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column


def _kept(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat().replace("+00:00", "Z")
    return value


def _bound(column: Column[Any]) -> Any:
    if isinstance(column.type, JSON):
        return type(column.type)(none_as_null=True)
    return column.type


def _given(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, JSON):
        found = json.loads(value)
        return JSON.NULL if found is None else found
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    if isinstance(column.type, DateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    return value


def _counter(connection: Connection, table: Table) -> int | None:
    if connection.dialect.name == "sqlite":
        if "sqlite_sequence" not in _sqlite_tables(connection):
            return None
        asked = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        found = connection.execute(asked, {"name": table.name}).scalar()
        return None if found is None else int(found)
    key = _sequence(connection, table)
    if key is None:
        return None
    last = connection.execute(text(f"SELECT last_value FROM {key[0]}")).scalar()  # noqa: S608 - a name from the catalogue
    return None if last is None else int(last)


def _sequence(connection: Connection, table: Table) -> tuple[str, str] | None:
    """PostgreSQL's sequence behind a table's key, if there is one, and the key's column."""
    for column in table.primary_key.columns:
        found = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": f'"{table.name}"', "column": column.name},
        ).scalar()
        if found is not None:
            return str(found), column.name
    return None


def _sqlite_tables(connection: Connection) -> set[str]:
    return set(connection.execute(text("SELECT name FROM sqlite_master")).scalars())
