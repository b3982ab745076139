"""Full and failing disks: an honest error, nothing acknowledged that is not kept, and recovery."""

import json
import os
import shutil
import subprocess
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.faults.clients import AckLog, Failure, Wire, Writer, broken_promises, write_large
from tests.support import waiting
from tests.support.server import LiveHub

from iriai.base.errors import Unavailable
from iriai.base.stores import open_store
from iriai.repos.git.shelf import Shelf

SMALL_DISK = "48m"
LARGE_DISK = "256m"
FILE_BYTES = 30_000_000
ATTACH_SECONDS = 120


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can mount a small disk to fill")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", folder], check=True
    )
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_refuses_uploads_serves_reads_and_recovers_by_itself(small_disk: Path):
    hub = LiveHub(small_disk / "hub").start()
    try:
        hub.token = hub.person("ada")
        wire, log = Wire(hub.url, hub.token), AckLog()
        wire.create("ada/full")
        writer = Writer(wire, "ada/full", log, 1, write_large)
        kept = os.urandom(FILE_BYTES)
        wire.send_large("ada/full", kept)
        writer.note("kept.bin", kept, wire.commit("ada/full", {}, {"kept.bin": kept}))
        refused = os.urandom(FILE_BYTES)
        with pytest.raises(urllib.error.HTTPError) as caught:
            wire.send_large("ada/full", refused)
        with caught.value as error:
            assert error.code in (503, 507)
            assert "full" in json.load(error)["error"]
        assert broken_promises(wire, log.all()) == []
        subprocess.run(["mount", "-o", f"remount,size={LARGE_DISK}", small_disk], check=True)
        wire.send_large("ada/full", refused)
        writer.note("late.bin", refused, wire.commit("ada/full", {}, {"late.bin": refused}))
        assert broken_promises(wire, log.all()) == []
        hub.run("check", "--read-data", "1/1")
    finally:
        hub.stop()


def test_what_had_no_room_to_be_opened_is_opened_once_there_is(small_disk: Path):
    shelf = Shelf(small_disk / "cache", open_store((small_disk / "store").as_uri()))
    filler = small_disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(1 << 20)):
            pass
    with pytest.raises(Unavailable) as refused:
        for opened in range(1, 1000):
            shelf.folder(opened)
    assert refused.value.code == "StoreFull"
    filler.unlink()
    assert (shelf.folder(opened) / "HEAD").read_text() == "ref: refs/heads/main\n"
    shelf.close()


@contextmanager
def failing(hub: LiveHub, calls: str, error: str) -> Iterator[None]:
    """Every one of these system calls of the hub fails with this error, for a while."""
    assert hub.process is not None
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}"]
    tracer = subprocess.Popen(
        [*command, "-e", f"inject={calls}:error={error}", "-p", str(hub.process.pid)],
        stderr=subprocess.PIPE,
    )
    try:
        _wait_until_traced(hub.process.pid, tracer)
        yield
    finally:
        tracer.terminate()
        tracer.wait()
        if tracer.stderr:
            tracer.stderr.close()


def _wait_until_traced(process: int, tracer: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + ATTACH_SECONDS
    tasks = Path(f"/proc/{process}/task")
    while time.monotonic() < deadline and tracer.poll() is None:
        with suppress(OSError):  # a thread ended meanwhile
            if all(
                "TracerPid:\t0" not in (each / "status").read_text() for each in tasks.iterdir()
            ):
                return
        time.sleep(0.05)
    pytest.skip("strace cannot attach to a process here")


@pytest.mark.skipif(not shutil.which("strace"), reason="strace injects the errors of a bad disk")
@pytest.mark.parametrize("calls", ["fsync", "fdatasync", "fsync,fdatasync"])
def test_what_could_not_be_flushed_is_never_acknowledged(tmp_path: Path, calls: str):
    hub = LiveHub(tmp_path / "hub").start()
    try:
        hub.token = hub.person("ada")
        wire, log = Wire(hub.url, hub.token), AckLog()
        wire.create("ada/bad")
        refusals: list[int] = []
        with failing(hub, calls, "EIO"):
            for number in range(3):
                content = os.urandom(200_000)
                try:
                    wire.send_large("ada/bad", content)
                    oid = wire.commit("ada/bad", {"n.txt": b"%d" % number}, {"n.bin": content})
                except Failure as error:
                    refusals.append(getattr(error, "code", 503))
                else:
                    assert calls != "fsync,fdatasync", f"{oid} was acknowledged, and not flushed"
        assert set(refusals) <= {500, 503, 507}
        writer = Writer(wire, "ada/bad", log, 1, write_large, patience=20).start()
        waiting.until(lambda: len(log.all()) > 1 or writer.failure)
        writer.stop()
        assert writer.failure == ""
        assert log.all()
        assert broken_promises(wire, log.all()) == []
        hub.kill()
        hub.run("check", "--read-data", "1/1")
    finally:
        hub.stop()
