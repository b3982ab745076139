"""The schema that migrations build is the one that the tables declare, on both databases."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

import iriai
from iriai.base import integrity
from iriai.base.db import Table, connect
from iriai.base.errors import Invalid
from iriai.base.migrate import current, lacking, migrate, newest

PUBLISHED = Path(__file__).parent / "data" / "migrations.sha256"


def is_declared(name, kind, _parents):
    """Each database's own index for searching is made by hand; see `search/index.py`."""
    return kind != "table" or not name.startswith(("search_by_", "search_vectors"))


def test_the_migrations_build_what_the_tables_declare(any_ground):
    with any_ground.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": is_declared}
        )
        assert compare_metadata(context, Table.metadata) == []


def test_migrating_again_changes_nothing(any_ground):
    migrate(any_ground.engine)
    assert current(any_ground.engine) == newest()


def test_an_empty_database_has_no_revision(tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'empty.db'}")
    assert current(engine) is None
    engine.dispose()


def test_many_may_open_a_database_that_is_not_there_yet(tmp_path):
    def opened(number, gate):
        engine = connect(f"sqlite:///{tmp_path / str(number)}.db")
        gate.wait(30)
        with engine.connect() as connection:
            mode = connection.execute(text("PRAGMA journal_mode")).scalar_one()
        engine.dispose()
        return mode

    with ThreadPoolExecutor(8) as pool:
        for number in range(50):
            gate = Barrier(8)
            assert set(pool.map(opened, [number] * 8, [gate] * 8)) == {"wal"}


def test_two_processes_may_start_on_an_empty_database_at_once(tmp_path):
    engines = [connect(f"sqlite:///{tmp_path / 'shared.db'}") for _ in range(2)]
    threads = [Thread(target=migrate, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert current(engines[0]) == newest()
    assert inspect(engines[1]).has_table("events")
    for engine in engines:
        engine.dispose()


def test_a_database_without_a_column_of_its_schema_is_named(any_ground):
    assert list(integrity.findings(any_ground)) == []
    with any_ground.engine.begin() as connection:
        connection.execute(text("ALTER TABLE collections DROP COLUMN theme"))
        assert lacking(connection) == ["collections.theme"]
    found = [each.message for each in integrity.findings(any_ground)]
    assert any("collections.theme" in each for each in found)


def test_what_cannot_become_the_newest_schema_stays_as_it_was(tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'old.db'}")
    migrate(engine, "0029")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE collections DROP COLUMN theme"))
    with pytest.raises(Invalid, match=r"collections\.theme"):
        migrate(engine)
    assert current(engine) == "0029"
    engine.dispose()


def test_a_migration_that_was_published_is_never_changed():
    """To add a new one's line: IRIAI_WRITE_TABLE=1. What is there stays as it is."""
    folder = Path(iriai.__file__).parent / "migrations" / "versions"
    found = {
        each.name: hashlib.sha256(each.read_bytes()).hexdigest()
        for each in sorted(folder.glob("[0-9]*.py"))
    }
    rows = (line.split("  ") for line in PUBLISHED.read_text("ascii").splitlines())
    known = {name: digest for digest, name in rows}
    changed = [name for name, digest in known.items() if found.get(name) != digest]
    assert changed == []
    if os.environ.get("IRIAI_WRITE_TABLE") == "1":
        lines = [f"{digest}  {name}\n" for name, digest in found.items()]
        PUBLISHED.write_text("".join(lines), "ascii")
        known = found
    assert list(found) == list(known)
