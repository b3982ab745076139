"""Two servers and a worker on PostgreSQL and S3 are one hub."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.faults.clients import Wire
from tests.support import processes
from tests.support.server import LiveHub, state_environment

from iriai.base import events
from iriai.base.events import Event
from iriai.base.opening import opened
from iriai.base.tx import Ground
from iriai.settings import load

COMMITS = 12
LARGE_BYTES = 5_000_000
HF = Path(sys.executable).with_name("hf")
WORKER_SECONDS = 120


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveHub, LiveHub]]:
    """Two servers without workers and one worker, each with a folder of its own."""
    folder = tmp_path_factory.mktemp("pair")
    shared = state_environment("postgres+s3", folder, is_newest=True)
    made = [
        LiveHub(
            folder / name,
            settings=shared | {"IRIAI_DATA": str(folder / name / "data")},
            flags=("--no-worker",),
        ).start()
        for name in ("left", "right")
    ]
    left, right = made
    left.token = right.token = left.person("ada")
    worker = left.begin("work", log=folder / "work.log", IRIAI_DATA=str(folder / "worker"))
    yield left, right
    assert worker.poll() is None, (folder / "work.log").read_text()
    processes.stop(worker)
    for hub in made:
        hub.stop()


def test_what_one_server_acknowledged_the_other_serves_at_once(pair: tuple[LiveHub, LiveHub]):
    left, right = (Wire(hub.url, hub.token) for hub in pair)
    left.create("ada/shared")
    for number in range(COMMITS):
        to, read_from = (left, right) if number % 2 else (right, left)
        content = f"line {number}\n".encode()
        oid = to.commit("ada/shared", {f"{number}.txt": content}, {})
        assert read_from.read("ada/shared", f"{number}.txt") == content
        assert read_from.read("ada/shared", f"{number}.txt", oid) == content
    assert len(left.history("ada/shared")) == len(right.history("ada/shared")) == COMMITS + 1


def test_large_files_sent_to_one_server_are_read_through_the_other(
    pair: tuple[LiveHub, LiveHub], tmp_path: Path
):
    left, right = pair
    (tmp_path / "large.bin").write_bytes(os.urandom(LARGE_BYTES))
    left.client(HF, "upload", "ada/large", tmp_path / "large.bin", "large.bin")
    right.client(HF, "download", "ada/large", "large.bin", "--local-dir", tmp_path / "got")
    assert (tmp_path / "got/large.bin").read_bytes() == (tmp_path / "large.bin").read_bytes()
    wire = Wire(right.url, right.token)
    assert wire.read("ada/large", "large.bin") == (tmp_path / "large.bin").read_bytes()
    content = os.urandom(LARGE_BYTES)
    wire.send_large("ada/large", content)
    wire.commit("ada/large", {}, {"lfs.bin": content})
    assert Wire(left.url, left.token).read("ada/large", "lfs.bin") == content


def test_the_worker_seals_what_the_servers_record(pair: tuple[LiveHub, LiveHub]):
    left, right = pair
    Wire(left.url, left.token).create("ada/sealed")
    Wire(right.url, right.token).create("ada/sealed-too")
    deadline = time.monotonic() + WORKER_SECONDS
    with opened(load(environ=left.server_env)) as ground:
        while unsealed(ground):
            assert time.monotonic() < deadline, "the worker left events unsealed"
            time.sleep(0.2)
        with ground.read() as tx:
            assert events.head(tx, events.HUB).size >= 2


def unsealed(ground: Ground) -> int:
    with ground.read() as tx:
        waiting = select(func.count()).where(Event.position.is_(None))
        return int(tx.connection.execute(waiting).scalar_one())


def test_both_servers_and_the_worker_agree_that_all_is_well(pair: tuple[LiveHub, LiveHub]):
    left, right = pair
    left.run("check")
    right.run("check")
