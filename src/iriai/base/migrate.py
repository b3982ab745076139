"""Bring the database to the newest schema. Alembic does it; one process at a time."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, StaticPool, create_engine, inspect, text

from iriai.base.db import connect
from iriai.base.errors import Invalid

ADVISORY_LOCK = 0x6972_6961_6901
"""PostgreSQL's advisory lock held while migrating (the letters `iriai` and a number)."""

GAPS_NAMED_MAX = 5
SEARCHING = ("search_by_", "search_vectors")
"""How the tables begin that one database has for searching and the other has not."""


def migrate(engine: Engine, revision: str = "head") -> None:
    """Upgrade the schema to `revision`. Safe to call at every start, from several processes."""
    before = current(engine)
    if revision == "head" and before == newest():
        return  # without the quarter of a second that importing Alembic takes
    if before is not None and before > newest():
        raise Invalid(
            f"The database is at schema {before}, of a newer version; this one knows {newest()}."
        )
    with upgrading(engine) as (connection, upgrade):
        upgrade(revision)
        if before is not None and revision == "head":
            require_whole(connection)


def require_whole(connection: Connection) -> None:
    """Refuse a database that is not what its revision says, so that nothing is half done on it."""
    gaps = lacking(connection)
    if gaps:
        some = ", ".join(gaps[:GAPS_NAMED_MAX]) + (", …" if len(gaps) > GAPS_NAMED_MAX else "")
        raise Invalid(
            f"The database lacks {some}, which schema {newest()} has: it was made by a version "
            "between releases, or changed by hand. Nothing was changed. Go back to the version "
            "that made it and take a backup or an export there."
        )


def lacking(connection: Connection) -> list[str]:
    """The tables and columns of the newest schema that this database has not, by name.

    They are held against a database that the migrations make from nothing.
    """
    fresh = create_engine("sqlite://", poolclass=StaticPool)
    with fresh.connect() as made, made.begin():
        _upgrade(made, "head")
        wanted, found = _columns(made), _columns(connection)
    fresh.dispose()
    gaps = [name for name in wanted if name not in found]
    gaps += [
        f"{name}.{column}"
        for name, columns in wanted.items()
        for column in sorted(columns - found.get(name, columns))
    ]
    return gaps


def _columns(connection: Connection) -> dict[str, set[str]]:
    """The columns of each table, but for what each database has of its own for searching."""
    seen = inspect(connection)
    names = sorted(each for each in seen.get_table_names() if not each.startswith(SEARCHING))
    return {each: {column["name"] for column in seen.get_columns(each)} for each in names}


@contextmanager
def upgrading(engine: Engine) -> Iterator[tuple[Connection, Callable[[str], None]]]:
    """A transaction, alone, in which the schema can be brought to a revision, once or more often.

    What is done in it beside that is committed with it, or not at all.
    """
    with engine.connect().execution_options(iriai_write=True) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
            connection.commit()
        try:
            with connection.begin():
                yield connection, partial(_upgrade, connection)
        finally:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
                connection.commit()


def _upgrade(connection: Connection, revision: str) -> None:
    from alembic import command  # noqa: PLC0415 - slow to import, and only needed here
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def migrate_apart(url: str) -> None:
    """Upgrade the schema in a child process, so that a server never loads Alembic (20 MB).

    Only before the process has other threads. What goes wrong is left for `migrate` to say: who
    opens the ground afterwards meets it again.
    """
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            migrate(connect(url))
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def newest() -> str:
    """The newest revision that this code knows."""
    names = sorted(
        path.name
        for path in (Path(__file__).parent.parent / "migrations" / "versions").glob("[0-9]*.py")
    )
    return names[-1][:4]


def current(engine: Engine) -> str | None:
    """The revision the database is at, or None where it is empty."""
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)
