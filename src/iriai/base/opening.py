"""Open what a process stands on, from its settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, DBAPIError

from iriai.base import clock, instance, ledger, ledger_parts
from iriai.base.clock import Clock
from iriai.base.db import connect
from iriai.base.errors import Invalid, Unavailable
from iriai.base.migrate import current, migrate
from iriai.base.stores import open_store
from iriai.base.tx import Ground

if TYPE_CHECKING:
    from iriai.settings import Settings


def open_ground(settings: "Settings", *, now: Clock = clock.now) -> Ground:
    """The ground of these settings: schema up to date, the instance's secret settled."""
    with _said():
        engine = connect(settings.database, settings.database_pool)
    try:
        return _on(engine, settings, now)
    except BaseException:
        engine.dispose()
        raise


def _on(engine: Engine, settings: "Settings", now: Clock) -> Ground:
    with _said():
        if now is clock.now:
            clock.require_agreed(engine)
        ledger.guard(engine)
        migrate(engine)
        store = open_store(settings.store, staging=settings.cache_folder / "staging")
    ground = Ground(engine=engine, store=store, clock=now, settings=settings, secret=b"")
    with ground.write() as tx:
        kept = settings.secret or instance.settle(tx, instance.SECRET, instance.fresh_secret())
        instance.settle(tx, instance.GENERATION, "1")
        key = instance.settle(tx, ledger_parts.KEY, instance.fresh_secret())
    return replace(ground, secret=bytes.fromhex(kept), ledger_key=bytes.fromhex(key))


def is_there(settings: "Settings") -> bool:
    """Whether these settings lead to a hub that was made before; to open one makes it."""
    place = settings.database.removeprefix("sqlite:///")
    if place != settings.database and not Path(place).exists():
        return False
    with _said():
        engine = connect(settings.database, settings.database_pool)
        try:
            return current(engine) is not None
        finally:
            engine.dispose()


@contextmanager
def _said() -> Iterator[None]:
    """Say in a sentence why the ground cannot be opened."""
    try:
        yield
    except (ArgumentError, ModuleNotFoundError) as error:
        raise Invalid("The database's URL is not one: see `iriai serve --help`.") from error
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0].rstrip(".")
        raise Unavailable(f"The database cannot be used: {reason}.") from error
    except OSError as error:
        place = error.filename or "the data folder"
        raise Unavailable(f"{place} cannot be used: {error.strerror}.") from error


@contextmanager
def opened(settings: "Settings") -> Iterator[Ground]:
    """The ground, closed afterwards."""
    ground = open_ground(settings)
    try:
        yield ground
    finally:
        ground.engine.dispose()
