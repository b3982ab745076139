"""What a large upload costs the server: by Xet against by LFS, the same bytes, in CPU seconds.

The real client sends a fresh file by Xet; a client that costs nothing sends another as LFS's PUT.
Both are durable and checked when acknowledged: Xet's chunks by BLAKE3 and the whole by SHA-256, the
PUT by SHA-256. CPU is the server process's own, user and system.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import psutil
from bench import wire
from bench.row import Row, compared, main
from tests.support.server import LiveHub

SIZE, FAST_SIZE = 1_000_000_000, 100_000_000
RUNS, FAST_RUNS = 5, 2
PIECE_BYTES = 1 << 20
GOAL = "<= 0.6"
UPLOAD = """
import sys
from huggingface_hub import HfApi
HfApi().upload_file(path_or_fileobj=sys.argv[1], path_in_repo="big.bin", repo_id=sys.argv[2])
"""


def run(fast: bool) -> list[Row]:
    """Runs in turn: Xet, LFS, Xet, …"""
    size, runs = (FAST_SIZE, FAST_RUNS) if fast else (SIZE, RUNS)
    by_xet, by_lfs = [], []
    with tempfile.TemporaryDirectory(prefix="bench-xet-") as name:
        folder = Path(name)
        hub = LiveHub(folder / "hub", flags=("--no-worker",), is_cold=True).start()
        try:
            hub.token = hub.person("ada")
            for number in range(runs):
                file = folder / "big.bin"
                digest = fill(file, size)
                by_xet.append(cost(hub, lambda n=number, f=file: send_by_xet(hub, f, f"xet-{n}")))
                digest = fill(file, size)
                url = place(hub, f"lfs-{number}", digest, size)
                by_lfs.append(cost(hub, lambda u=url, f=file: send_by_lfs(hub, u, f)))
        finally:
            hub.stop()
    note = (
        "both verify and fsync before they acknowledge; Xet's SHA-256 is computed by reading the "
        "file back once its shard names it, so it cannot cost less than hashing it"
    )
    title = f"server CPU of a {size // 10**6} MB Xet upload, beside an LFS PUT"
    return [compared(title, by_xet, by_lfs, "s", goal=GOAL, note=note)]


def fill(path: Path, size: int) -> str:
    """A file that no client has sent before; its SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(size // PIECE_BYTES + 1):
            piece = os.urandom(PIECE_BYTES)[: size - file.tell()]
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def cost(hub: LiveHub, work) -> float:
    """CPU seconds that the server spends while `work` is done."""
    server = psutil.Process(hub.process.pid)
    before = server.cpu_times()
    work()
    after = server.cpu_times()
    return after.user + after.system - before.user - before.system


def create(hub: LiveHub, name: str) -> str:
    """A repository."""
    headers = {"Authorization": f"Bearer {hub.token}"}
    httpx.post(f"{hub.url}/api/repos/create", json={"name": name}, headers=headers)
    return f"ada/{name}"


def send_by_xet(hub: LiveHub, file: Path, name: str) -> None:
    """Send it as `hf upload` does."""
    env = hub.env | {"HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    subprocess.run([sys.executable, "-c", UPLOAD, file, create(hub, name)], env=env, check=True)


def place(hub: LiveHub, name: str, digest: str, size: int) -> str:
    """Where the batch says to PUT it."""
    body = {"operation": "upload", "objects": [{"oid": digest, "size": size}]}
    headers = {"Authorization": f"Bearer {hub.token}"}
    url = f"{hub.url}/{create(hub, name)}.git/info/lfs/objects/batch"
    told = httpx.post(url, json=body, headers=headers).json()
    return told["objects"][0]["actions"]["upload"]["href"]


def send_by_lfs(hub: LiveHub, url: str, file: Path) -> None:
    """Send it in one body."""
    status = wire.put(hub.port, url.removeprefix(hub.url), file)
    if status != 200:
        raise RuntimeError(f"the PUT was answered {status}")


if __name__ == "__main__":
    main(run)
