"""The database: SQLite for one machine, PostgreSQL for many processes, the same tables on both.

SQLite runs in WAL mode with `synchronous=FULL` (with NORMAL, acknowledged commits are lost on a
power cut). Its writers begin IMMEDIATE, so that two never deadlock on an upgrade from a read lock;
readers begin DEFERRED and never wait. The mode is asked for through the connection's execution
option `iriai_write`, which `base.tx` sets.

What is deleted or overwritten is wiped from the pages it stood on (`secure_delete`); the log of
writes still holds it until `forget`.
"""

import re
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    ExceptionContext,
    Integer,
    MetaData,
    create_engine,
    event,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.types import TypeDecorator

BUSY_TIMEOUT_MS = 30_000
CONNECTIONS = 40
"""How many connections a process takes at most, where its settings do not say."""
POOL_WAIT_SECONDS = 30.0
"""How long somebody waits for one of them, where all are in use."""
CONNECT_WAIT_SECONDS = 3.0
"""How long somebody waits for a connection where the server has none left."""
CONNECT_AGAIN_SECONDS = 0.05
SQLITE_CACHE_KIB = 8_192
FORGET_WAIT_MS = 250
"""How long `forget` waits for those who still read."""
LOCK_NOT_AVAILABLE = "55P03"
INTEGRITY = "23"
"""How PostgreSQL's codes begin for what its constraints refuse."""
PRIMARY_CODE = 0xFF
"""The bits of SQLite's extended error code that say which kind of error it is."""

GOVERNED = "governed"
"""What marks a table whose rows a commons decides about: see `base.ledger`."""
IN_PART = "governed_in_part"
"""What marks a table of which it decides about some columns: see `base.ledger_parts`."""

_NONE_LEFT = re.compile("too many (?:clients|connections)|remaining connection slots")
"""In what PostgreSQL says to whom it turns away; there is no code for it before one is let in."""

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A surrogate key: 64 bits on PostgreSQL, the rowid on SQLite."""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. Aware on both sides; SQLite keeps it as text without its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse naive moments, keep the others in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment needs its time zone.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the moment back aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Columns of a table that a commons decides about.

    `name` is what the log calls their rows. `inside` leads to the commons: a column, and the table
    whose `id` it holds; None where it holds the commons' own number. `hidden` are those columns of
    the key that the log must not tell. Rows that are so `at_first`, nulls left out, are in no log.
    Of a column of JSON, `piece` is the one entry that is meant: parts of one column then have
    names in the log that nobody can join.
    """

    name: str
    columns: tuple[str, ...]
    inside: tuple[str, str | None]
    hidden: tuple[str, ...] = ()
    at_first: tuple[Mapping[str, Any], ...] = ()
    piece: str | None = None


class Table(DeclarativeBase):
    """The base of every table. Constraint names follow one pattern, for migrations to find."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        datetime: Moment,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        list[str]: JSON,
    }

    governed: ClassVar[bool] = False
    in_part: ClassVar[tuple[Part, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        """Mark the tables that are governed, so that a statement on one is known as such.

        What is private of a governed one is a part of its own, which the log tells by a key.
        """
        super().__init_subclass__(**options)
        table: Any = getattr(cls, "__table__", None)
        parts = cls.in_part
        if cls.governed:
            table.info[GOVERNED] = True
            private = tuple(each.name for each in table.columns if each.info.get("private"))
            if private:
                inside = ("commons_id", None)
                parts += (Part(f"{table.name}.private", private, inside, at_first=({},)),)
        if parts:
            table.info[IN_PART] = parts


class ClosingPool(QueuePool):
    """A pool that closes what is given back after its end; the plain one leaves that to chance."""

    is_over = False

    def dispose(self) -> None:
        """Close all connections that nobody has now, and the others when they come back."""
        self.is_over = True
        super().dispose()

    def recreate(self) -> "ClosingPool":
        """What the engine has afterwards, for whoever still comes: it keeps nothing open either."""
        made = cast("ClosingPool", super().recreate())
        made.is_over = self.is_over
        return made

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        super()._do_return_conn(record)
        if self.is_over:
            super().dispose()


def connect(url: str, connections: int = CONNECTIONS) -> Engine:
    """An engine for `sqlite:///path` or `postgresql+psycopg://…`, of so many connections at most.

    It keeps half of them open. What it could not do is said without the values: they may be
    secrets, and go into logs.
    """
    pool = {
        "poolclass": ClosingPool,
        "pool_size": max(1, connections // 2),
        "max_overflow": connections - connections // 2,
        "pool_timeout": POOL_WAIT_SECONDS,
    }
    if url.startswith("sqlite"):
        return _sqlite(url, pool)
    engine = create_engine(
        url,
        **pool,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
    )
    event.listen(engine, "handle_error", _leave_out_values)
    return engine


def _leave_out_values(context: ExceptionContext) -> None:
    """PostgreSQL says of a row that it does not take what stands in it, which goes into logs."""
    error, wrapped = context.original_exception, context.sqlalchemy_exception
    told = getattr(error, "diag", None)
    if told is not None and told.message_detail and (told.sqlstate or "").startswith(INTEGRITY):
        error.args = (told.message_primary,)
        if wrapped is not None:
            wrapped.args = (f"({type(error).__name__}) {told.message_primary}",)


def checked_out(engine: Engine) -> Connection:
    """A connection of the pool.

    Where the server has none left for this process, one that is given back, here or there, before
    `CONNECT_WAIT_SECONDS` are over.
    """
    until = time.monotonic() + CONNECT_WAIT_SECONDS
    while True:
        try:
            return engine.connect()
        except OperationalError as error:
            if not _NONE_LEFT.search(str(error.orig)) or time.monotonic() > until:
                raise
        time.sleep(CONNECT_AGAIN_SECONDS)


def forget(engine: Engine, table: str) -> bool:
    """Let go of what a table held before, as far as this database can; False where it must wait.

    SQLite empties its log of writes, once no reader needs that. PostgreSQL writes the table anew,
    once nobody works on it; its own log of writes stays for as long as the server keeps that.
    """
    raw = engine.raw_connection()
    try:
        if engine.dialect.name == "sqlite":
            return _empty_log(raw)
        return _write_anew(raw, engine.dialect.identifier_preparer.quote(table))
    finally:
        raw.close()


def keeps_what_was(engine: Engine) -> bool:
    """Whether the database keeps what was overwritten where `forget` does not reach."""
    return engine.dialect.name != "sqlite"


def _empty_log(raw: Any) -> bool:
    cursor = raw.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout={FORGET_WAIT_MS}")
        busy, *_frames = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    finally:
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.close()


def _write_anew(raw: Any, table: str) -> bool:
    connection = raw.driver_connection
    connection.autocommit = True
    try:
        connection.execute(f"SET lock_timeout = {FORGET_WAIT_MS}")
        connection.execute(f"VACUUM FULL {table}")
    except Exception as error:  # whichever driver it is
        if getattr(error, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        return False
    else:
        return True
    finally:
        connection.execute("RESET lock_timeout")
        connection.autocommit = False


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Put the database into WAL mode, or see that it is in it.

    SQLite does not wait here by itself: of two who make the same file at once, one is told "locked"
    whatever its timeout is.
    """
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & PRIMARY_CODE == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > until:
                raise
            time.sleep(CONNECT_AGAIN_SECONDS)
        else:
            return


def _sqlite(url: str, pool: Mapping[str, Any]) -> Engine:
    path = url.removeprefix("sqlite:///")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        **pool,
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute(f"PRAGMA cache_size=-{SQLITE_CACHE_KIB}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("iriai_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
