"""What tests stand on: real databases, real stores, a clock that stands still, a live hub.

`ground` is SQLite and a folder. `any_ground` runs a test on that and on PostgreSQL with S3. `hub` is
a live server in a process of its own; `any_hub` runs a test on both pairs of state.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from iriai.base.opening import open_ground
from iriai.base.tx import Ground
from iriai.settings import Settings

LONG = os.environ.get("IRIAI_LONG") == "1"

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
    made = open_ground(Settings(data=tmp_path / "data"), now=clock)
    yield made
    made.engine.dispose()


@pytest.fixture(params=["sqlite+disk", "postgres+s3"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], dict[str, str]]:
    """Settings of one pair of database and store, as environment variables, empty at first."""

    def fresh() -> dict[str, str]:
        made = {"IRIAI_DATA": str(tmp_path / "data")}
        if request.param == "postgres+s3":
            from tests.support import postgres, seaweed

            made["IRIAI_DATABASE_URL"] = postgres.fresh_database()
            made["IRIAI_STORE_URL"] = seaweed.fresh_store()
        return made

    return fresh


@pytest.fixture
def any_ground(state: Callable[[], dict[str, str]], clock: StandingClock) -> Iterator[Ground]:
    from iriai.settings import load

    made = open_ground(load(environ=state()), now=clock)
    yield made
    made.engine.dispose()
