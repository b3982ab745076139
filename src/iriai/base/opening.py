"""Open what a process stands on, from its settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from iriai.base import clock, instance
from iriai.base.clock import Clock
from iriai.base.db import connect
from iriai.base.migrate import migrate
from iriai.base.stores import open_store
from iriai.base.tx import Ground

if TYPE_CHECKING:
    from iriai.settings import Settings


def open_ground(settings: "Settings", *, now: Clock = clock.now) -> Ground:
    """The ground of these settings: schema up to date, the instance's secret settled."""
    engine = connect(settings.database)
    migrate(engine)
    store = open_store(settings.store, staging=settings.cache_folder / "staging")
    ground = Ground(engine=engine, store=store, clock=now, settings=settings, secret=b"")
    with ground.write() as tx:
        kept = settings.secret or instance.settle(tx, instance.SECRET, instance.fresh_secret())
        instance.settle(tx, instance.GENERATION, "1")
    return Ground(
        engine=engine, store=store, clock=now, settings=settings, secret=bytes.fromhex(kept)
    )


@contextmanager
def opened(settings: "Settings") -> Iterator[Ground]:
    """The ground, closed afterwards."""
    ground = open_ground(settings)
    try:
        yield ground
    finally:
        ground.engine.dispose()
