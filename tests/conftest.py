"""What tests stand on: real databases, real stores, a clock that stands still, a live hub.

`ground` is SQLite and a folder. `any_ground` runs a test on that and on PostgreSQL with S3; where
both answer alike it is marked `either_state`, and a sample has it on the one that its name chooses.
`hub` is a live server in a process of its own; `each_hub` runs a test on both pairs of state;
`any_hub` does so at full counts, and in a sample has the second alone.
"""

import os
import signal
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from iriai.base.opening import open_ground
from iriai.base.tx import Ground
from iriai.settings import Settings, load
from tests.support import schema, server

LONG = os.environ.get("IRIAI_TEST_LONG") == "1"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and so would every hub that a test starts and ends.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "sample",
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "long",
    max_examples=10_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("long" if LONG else "sample")


schema.know_every_table()


class StandingClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def ground(tmp_path: Path, clock: StandingClock) -> Iterator[Ground]:
    made = open_ground(Settings(data=schema.newest_sqlite(tmp_path / "data")), now=clock)
    yield made
    made.engine.dispose()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whoever asks for a `state` runs on both pairs; `either_state` on one of them in a sample."""
    marks = metafunc.definition.iter_markers("parametrize")
    if "state" not in metafunc.fixturenames or any("state" in each.args[0] for each in marks):
        return  # nobody asks, or it is a word of the test's own
    states: tuple[str, ...] = server.STATES
    chosen = metafunc.definition.get_closest_marker("either_state")
    if chosen and chosen.kwargs.get("sampled", True) and not LONG:
        states = (states[zlib.crc32(metafunc.function.__name__.encode()) % len(states)],)
    metafunc.parametrize("state", states, indirect=True)


@pytest.fixture
def state(request: pytest.FixtureRequest) -> str:
    """The name of a pair of database and store."""
    return str(request.param)


@pytest.fixture
def any_ground(state: str, tmp_path: Path, clock: StandingClock) -> Iterator[Ground]:
    made = open_ground(
        load(environ=server.state_environment(state, tmp_path, is_newest=True)), now=clock
    )
    yield made
    made.engine.dispose()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.LiveHub]:
    """A live hub on SQLite and a folder, one a test module."""
    made = server.living(tmp_path_factory.mktemp("hub"))
    yield made
    made.stop()


@pytest.fixture(scope="module", params=server.STATES)
def each_hub(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[server.LiveHub]:
    """A live hub on each pair of database and store, one a test module: locks and bytes differ."""
    made = server.living(tmp_path_factory.mktemp("hub"), str(request.param))
    yield made
    made.stop()


@pytest.fixture(scope="module", params=server.STATES if LONG else server.STATES[1:])
def any_hub(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[server.LiveHub]:
    """As `each_hub` at full counts; in a sample PostgreSQL and S3, for `hub` has the others."""
    made = server.living(tmp_path_factory.mktemp("hub"), str(request.param))
    yield made
    made.stop()
