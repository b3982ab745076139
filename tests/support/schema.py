"""Databases that are at the newest schema already, copied from one that was migrated.

Migrating takes a quarter of a second, and most tests begin with an empty hub: one migrated
database a test process is made on first use, and each test gets a copy of it. What a copy holds
is what `open_ground` finds after a migration and before anything else was written. The tests of
migrations, of first starts and of crashes begin with nothing, as a stranger would.
"""

import shutil
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from sqlalchemy import text

import iriai
from iriai.base.db import connect
from iriai.base.migrate import migrate

TEMPLATE = "template_newest"


def know_every_table() -> None:
    """Import the tables of all parts, as every hub does: what one part governs stands in another's.

    A test file that runs alone then knows what it knows among the others.
    """
    for module in walk_packages(iriai.__path__, "iriai."):
        if module.name.endswith(".tables") or module.name.startswith("iriai.base."):
            import_module(module.name)


def newest_sqlite(data: Path) -> Path:
    """Put a SQLite database of the newest schema into the data folder `data`. Returns `data`."""
    data.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_sqlite(), data / "iriai.db")
    return data


def newest_postgres() -> str:
    """The URL of a new PostgreSQL database of the newest schema."""
    from tests.support import postgres

    return postgres.server().fresh_database(_postgres())


@cache
def _sqlite() -> Path:
    path = Path(tempfile.mkdtemp(prefix="iriai-schema-")) / "iriai.db"
    engine = connect(f"sqlite:///{path}")
    migrate(engine)
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()
    return path


@cache
def _postgres() -> str:
    from tests.support import postgres

    engine = connect(postgres.server().named_database(TEMPLATE))
    migrate(engine)
    engine.dispose()  # PostgreSQL copies only what nobody is connected to
    return TEMPLATE
