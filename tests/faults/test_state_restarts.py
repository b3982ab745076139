"""The database or the store goes away and comes back; the hub outlives it and loses nothing."""

import time
from collections.abc import Callable, Iterator

import pytest
from tests.conftest import LONG
from tests.faults.clients import AckLog, Wire, Writer, broken_promises, write_large, write_small
from tests.support import postgres, seaweed
from tests.support.server import LiveHub

DATABASE_RESTARTS = 20 if LONG else 2
STORE_RESTARTS = 5 if LONG else 1
UP_SECONDS = 1.0 if LONG else 0.7
REST_SECONDS = 0 if LONG else 0.05
DOWN_SECONDS = 0.5
BACK_SECONDS_MAX = 120


@pytest.fixture(scope="module")
def database() -> Iterator[postgres.Postgres]:
    """A server of our own: recovery syncs every database, and the common one has hundreds."""
    made = postgres._started()
    yield made
    made.remove()


def restart_database(database: postgres.Postgres) -> None:
    database.stop(at_once=True)
    time.sleep(DOWN_SECONDS)
    database.start()


def restart_store(_database: postgres.Postgres) -> None:
    seaweed.server().stop()
    time.sleep(DOWN_SECONDS)
    seaweed.server().start()


@pytest.fixture(scope="module")
def scaled_hub(
    tmp_path_factory: pytest.TempPathFactory, database: postgres.Postgres
) -> Iterator[LiveHub]:
    folder = tmp_path_factory.mktemp("scaled")
    state = {
        "IRIAI_DATA": str(folder / "data"),
        "IRIAI_DATABASE_URL": database.fresh_database(),
        "IRIAI_STORE_URL": seaweed.fresh_store(),
    }
    hub = LiveHub(folder, settings=state).start()
    hub.token = hub.person("ada")
    yield hub
    hub.stop()


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("restart", "times"),
    [(restart_database, DATABASE_RESTARTS), (restart_store, STORE_RESTARTS)],
    ids=["database", "store"],
)
def test_what_was_acknowledged_outlives_a_crash_of_what_the_hub_stands_on(
    scaled_hub: LiveHub,
    database: postgres.Postgres,
    restart: Callable[[postgres.Postgres], None],
    times: int,
):
    wire, log = Wire(scaled_hub.url, scaled_hub.token), AckLog()
    ways = {
        f"ada/{restart.__name__}-{name}": write
        for name, write in {"small": write_small, "large": write_large}.items()
    }
    for name in ways:
        wire.create(name)
    working = [
        Writer(wire, name, log, seed, write, rest_seconds=REST_SECONDS).start()
        for seed, (name, write) in enumerate(ways.items())
    ]
    try:
        for _ in range(times):
            time.sleep(UP_SECONDS)
            restart(database)
        acknowledged = len(log.all())
        deadline = time.monotonic() + BACK_SECONDS_MAX
        while len(log.all()) == acknowledged:
            assert time.monotonic() < deadline, "no write is acknowledged any more"
            time.sleep(0.1)
    finally:
        for writer in working:
            writer.stop()
    assert [writer.failure for writer in working if writer.failure] == []
    assert broken_promises(wire, log.all()) == []
    scaled_hub.run("check")
