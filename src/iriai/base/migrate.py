"""Bring the database to the newest schema. Alembic does it; one process at a time."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from iriai.base.db import connect
from iriai.base.errors import Invalid

ADVISORY_LOCK = 0x6972_6961_6901
"""PostgreSQL's advisory lock held while migrating (the letters `iriai` and a number)."""


def migrate(engine: Engine, revision: str = "head") -> None:
    """Upgrade the schema to `revision`. Safe to call at every start, from several processes."""
    before = current(engine)
    if revision == "head" and before == newest():
        return  # without the quarter of a second that importing Alembic takes
    if before is not None and before > newest():
        raise Invalid(
            f"The database is at schema {before}, of a newer version; this one knows {newest()}."
        )
    with upgrading(engine) as (_, upgrade):
        upgrade(revision)


@contextmanager
def upgrading(engine: Engine) -> Iterator[tuple[Connection, Callable[[str], None]]]:
    """A transaction, alone, in which the schema can be brought to a revision, once or more often.

    What is done in it beside that is committed with it, or not at all.
    """
    from alembic import command  # noqa: PLC0415 - slow to import, and only needed here
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    with engine.connect().execution_options(iriai_write=True) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
            connection.commit()
        try:
            with connection.begin():
                config.attributes["connection"] = connection
                yield connection, partial(command.upgrade, config)
        finally:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
                connection.commit()


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
