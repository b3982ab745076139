"""A backup taken while people write can be restored on an empty machine."""

import time
from pathlib import Path

from tests.conftest import LONG
from tests.faults.clients import AckLog, Wire, Writer, broken_promises, write_large, write_small
from tests.support import waiting
from tests.support.server import LiveHub

WRITE_SECONDS = 1.5
REST_SECONDS = 0 if LONG else 0.05


def repos(log: AckLog) -> set[str]:
    """Where a write was acknowledged."""
    return {ack.repo for ack in log.all()}


def test_a_backup_taken_while_writing_restores_to_a_clean_hub(tmp_path: Path):
    hub = LiveHub(tmp_path / "first").start()
    hub.token = hub.person("ada")
    wire, log = Wire(hub.url, hub.token), AckLog()
    for name in ("small", "large"):
        wire.create(f"ada/{name}")
    working = [
        Writer(wire, "ada/small", log, 1, write_small, rest_seconds=REST_SECONDS).start(),
        Writer(wire, "ada/large", log, 2, write_large, rest_seconds=REST_SECONDS).start(),
    ]
    try:
        assert waiting.until(lambda: len(repos(log)) == len(working))
        time.sleep(WRITE_SECONDS)
        before = log.all()
        hub.run("backup", str(tmp_path / "backup"))
        time.sleep(WRITE_SECONDS)
    finally:
        for writer in working:
            writer.stop()
        hub.stop()
    assert [writer.failure for writer in working if writer.failure] == []

    other = LiveHub(tmp_path / "second")
    other.run("restore", str(tmp_path / "backup"))
    other.run("check", "--read-data", "1/1")
    other.start()
    try:
        assert broken_promises(Wire(other.url, hub.token), before) == []
    finally:
        other.stop()
