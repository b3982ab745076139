"""Bytes to and from a hub, beside nginx on the same files.

PUT: 1 GB as git-lfs sends it, which we hash with SHA-256 and fsync before we answer; nginx's WebDAV
does neither. GET: that file from `resolve`, where it is kept whole, and 64 ranges of 8 MB at once;
then the same of a file that today's client sent by Xet, which is made of its chunks on the way. The
first GET, which is not measured, checks each of them with BLAKE3; see `blobs.sound`. Nothing is
pinned, as it would be.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
from bench import nginx, row, wire
from bench.xet import fill, place, send_by_xet
from tests.support.server import LiveHub

SIZE = 1_000_000_000
SIZE_FAST = 200_000_000
RUNS = 7
RUNS_FAST = 3
RANGES = 64
RANGE_BYTES = 8_000_000
SENT, WHOLE, CHUNKS = "sent", "whole", "chunks"


def run(fast: bool = False) -> list[row.Row]:
    """PUT, GET and ranges, interleaved."""
    if nginx.program() is None:
        print("nginx is not installed, so there is nothing to compare with.")
        return []
    size, runs = (SIZE_FAST, RUNS_FAST) if fast else (SIZE, RUNS)
    with tempfile.TemporaryDirectory(prefix="iriai-bench-") as name:
        root = Path(name)
        (root / "files").mkdir()
        hub = LiveHub(root / "hub", flags=("--no-worker",), is_cold=True).start()
        try:
            hub.token = hub.person("ada")
            with nginx.Nginx(root / "files", root / "nginx") as peer:
                return list(_rows(hub, peer.port, root / "files" / "file", size, runs))
        finally:
            hub.stop()


def _rows(hub: LiveHub, peer: int, source: Path, size: int, runs: int) -> Iterator[row.Row]:
    yield _put(hub, peer, source, size, runs)
    for name, kept in ((WHOLE, "kept whole"), (CHUNKS, "made of its chunks")):
        sha256 = fill(source, size)  # bytes that are here in one form only
        if name == WHOLE:
            _send_by_lfs(hub, source, sha256, size)
        else:
            send_by_xet(hub, source, name)
        paths = _download(hub, name), "/file"
        for what, way in (("GET of one file", _got), (f"{RANGES} ranges of 8 MB", _got_ranges)):
            once = partial(way, paths, (hub.port, peer), size)
            measured = _interleaved(once, runs)
            yield row.compared(f"{what}, {kept}", *measured, "MB/s", goal=">= 0.9")


def _put(hub: LiveHub, peer: int, source: Path, size: int, runs: int) -> row.Row:
    numbers = iter(range(2 * runs + 2))

    def once(side: int) -> float:
        if side:
            rate = _rate(size, lambda: wire.put(peer, "/uploaded", source))
            source.with_name("uploaded").unlink()
        else:
            sha256 = fill(source, size)
            where = place(hub, f"{SENT}-{next(numbers)}", sha256, size)
            path = where.removeprefix(hub.url)
            rate = _rate(size, lambda: wire.put(hub.port, path, source))
        os.sync()
        return rate

    note = "ours with SHA-256 and fsync, nginx without either"
    return row.compared(
        "PUT of one file", *_interleaved(once, runs), "MB/s", goal=">= 0.9", note=note
    )


def _send_by_lfs(hub: LiveHub, source: Path, sha256: str, size: int) -> None:
    """Put a file into a repository as git-lfs does."""
    where = place(hub, WHOLE, sha256, size)
    wire.put(hub.port, where.removeprefix(hub.url), source)
    pointer = {"path": "big.bin", "algo": "sha256", "oid": sha256, "size": size}
    lines = [{"key": "header", "value": {"summary": "add"}}, {"key": "lfsFile", "value": pointer}]
    body = "\n".join(json.dumps(line) for line in lines)
    answer = httpx.post(
        f"{hub.url}/api/models/ada/{WHOLE}/commit/main",
        content=body,
        headers={
            "Authorization": f"Bearer {hub.token}",
            "Content-Type": "application/x-ndjson",
        },
    )
    answer.raise_for_status()


def _download(hub: LiveHub, name: str) -> str:
    """Where a plain client is led to for the file."""
    url = f"{hub.url}/ada/{name}/resolve/main/big.bin"
    while True:
        with httpx.stream("GET", url) as answer:
            if not answer.has_redirect_location:
                answer.raise_for_status()
                return str(answer.url).removeprefix(hub.url)
            url = str(answer.next_request.url) if answer.next_request else ""


def _got(paths: tuple[str, str], ports: tuple[int, int], size: int, side: int) -> float:
    return _rate(size, lambda: wire.get(ports[side], paths[side]))


def _got_ranges(paths: tuple[str, str], ports: tuple[int, int], size: int, side: int) -> float:
    starts = [number * (size - RANGE_BYTES) // RANGES for number in range(RANGES)]
    spans = [(start, start + RANGE_BYTES - 1) for start in starts]
    return _rate(RANGES * RANGE_BYTES, lambda: wire.get_many(ports[side], paths[side], spans))


def _interleaved(once: Callable[[int], float], runs: int) -> tuple[list[float], list[float]]:
    """What ours (0) and the peer (1) did, side by side."""
    once(0), once(1)  # warm
    ours, theirs = [], []
    for number in range(runs):  # each goes first every other time
        for side in (0, 1) if number % 2 else (1, 0):
            (theirs if side else ours).append(once(side))
    return ours, theirs


def _rate(size: int, work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return size / 1e6 / (time.perf_counter() - begun)


if __name__ == "__main__":
    row.main(run)
