"""Bytes pass through a hub without staying in its memory."""

import hashlib
import os
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from tests.conftest import LONG
from tests.faults.clients import Wire
from tests.faults.memory import peak_megabytes
from tests.support.server import LiveHub

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads peaks of memory in /proc")

CLIENTS = 4
HF = Path(sys.executable).with_name("hf")
FILE_MEGABYTES = 1_000 if LONG else 64
MEMORY_MEGABYTES_MAX = 300
PIECE = 1 << 20


def random_file(path: Path) -> str:
    """A file that no compression shortens; its SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(FILE_MEGABYTES):
            piece = os.urandom(PIECE)
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def sha256_of(wire: Wire, address: str) -> str:
    """Download by plain HTTP, keeping nothing."""
    digest = hashlib.sha256()
    request = urllib.request.Request(
        f"{wire.url}{address}", headers={"Authorization": f"Bearer {wire.token}"}
    )
    with urllib.request.urlopen(request, timeout=600) as answer:
        while piece := answer.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("xet", [True, False], ids=["xet", "lfs"])
def test_four_clients_moving_large_files_leave_the_hub_small(
    hub: LiveHub, tmp_path: Path, xet: bool
):
    wire, wrong = Wire(hub.url, hub.token), []

    def move(number: int) -> None:
        repo, path = f"ada/{'xet' if xet else 'lfs'}-{number}", tmp_path / f"{number}.bin"
        expected = random_file(path)
        given = hub.env | ({} if xet else {"HF_HUB_DISABLE_XET": "1"})
        done = hub.client(HF, "upload", repo, path, "large.bin", check=False, env=given)
        path.unlink()
        if done.returncode:
            wrong.append(done.stderr[-2000:])
        elif sha256_of(wire, f"/{repo}/resolve/main/large.bin") != expected:
            wrong.append(f"{repo}: other bytes came back")

    threads = [threading.Thread(target=move, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert peak_megabytes(hub) <= MEMORY_MEGABYTES_MAX
