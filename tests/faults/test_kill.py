"""`kill -9` at random instants: nothing that was acknowledged is lost, nothing half-done stays."""

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import LONG
from tests.faults.clients import (
    AckLog,
    GitClone,
    Wire,
    Writer,
    broken_promises,
    write_large,
    write_small,
    write_through_xet,
)
from tests.support.server import LiveHub

KILLS = {"sqlite+disk": 200, "postgres+s3": 40} if LONG else {"sqlite+disk": 20}
ALIVE_SECONDS = (0.02, 1.5)
CHECK_EVERY = 1 if LONG else 10
RETRIED_MIN = 20 if LONG else 1
"""How often a kill has to hit what a client was doing, or nothing was shown."""
SEED = 20260105


@pytest.fixture(params=list(KILLS))
def living_hub(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[LiveHub]:
    hub = LiveHub(tmp_path / "hub", state=request.param).start()
    hub.token = hub.person("ada")
    yield hub
    hub.stop()


def writers(hub: LiveHub, log: AckLog, folder: Path) -> list[Writer]:
    """One writer for each way in, each with a repository of its own."""
    wire = Wire(hub.url, hub.token)
    ways = {"small": write_small, "large": write_large, "xet": write_through_xet}
    if shutil.which("git"):
        clone = GitClone(folder / "clone")
        ways["git"] = clone.write
    made = []
    for seed, (name, write) in enumerate(ways.items()):
        repo = f"ada/{name}"
        wire.create(repo)
        made.append(Writer(wire, repo, log, seed, write))
    if "git" in ways:
        clone.prepare(wire, "ada/git")
    return made


@pytest.mark.timeout(max(KILLS.values()) * 60)
def test_a_hub_killed_at_any_instant_keeps_every_acknowledged_commit(
    living_hub: LiveHub, tmp_path: Path
):
    hub, log, chance = living_hub, AckLog(), random.Random(SEED)
    working = [writer.start() for writer in writers(hub, log, tmp_path)]
    try:
        for number in range(KILLS[hub.state]):
            time.sleep(chance.uniform(*ALIVE_SECONDS))
            hub.kill()
            if number % CHECK_EVERY == 0:
                hub.run("check")
            hub.start()
    finally:
        for writer in working:
            writer.stop()
    assert [writer.failure for writer in working if writer.failure] == []
    assert broken_promises(working[0].wire, log.all()) == []
    assert len({ack.repo for ack in log.all()}) == len(working), "a way in was never acknowledged"
    assert sum(writer.retried for writer in working) >= RETRIED_MIN, "no kill hit a client"
    hub.stop()
    hub.run("check", "--read-data", "1/1")


def test_what_a_killed_hub_left_half_done_is_not_seen(living_hub: LiveHub):
    wire = Wire(living_hub.url, living_hub.token)
    wire.create("ada/half")
    wire.send_large("ada/half", b"never committed " * 4096)
    living_hub.kill()
    living_hub.start()
    assert set(wire.tree("ada/half")) <= {".gitattributes"}
    living_hub.run("check")
