"""Bytes to and from the hub's server, beside nginx on the same files.

GET: one file of 1 GB, and 64 ranges of 8 MB at once. PUT: 1 GB, which we hash with SHA-256 and
fdatasync before we answer; nginx's WebDAV does neither. Both servers run unpinned, as they would.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import nginx, row, wire
from tests.support import processes

SIZE = 1_000_000_000
SIZE_FAST = 200_000_000
RUNS = 7
RUNS_FAST = 3
RANGES = 64
RANGE_BYTES = 8_000_000


def run(fast: bool = False) -> list[row.Row]:
    """GET, ranges and PUT, interleaved."""
    if nginx.program() is None:
        print("nginx is not installed, so there is nothing to compare with.")
        return []
    size, runs = (SIZE_FAST, RUNS_FAST) if fast else (SIZE, RUNS)
    with tempfile.TemporaryDirectory(prefix="iriai-bench-") as name:
        root = Path(name)
        (root / "files").mkdir()
        source = root / "files" / "file"
        _fill(source, size)
        with nginx.Nginx(root / "files", root / "nginx") as peer, _ours(root) as port:
            return [
                _get(port, peer.port, size, runs),
                _ranges(port, peer.port, size, runs),
                _put(port, peer.port, source, runs),
            ]


def _get(ours: int, peer: int, size: int, runs: int) -> row.Row:
    def once(port: int) -> float:
        return _rate(size, lambda: wire.get(port, "/file"))

    return row.compared(
        "GET of one file", *_interleaved(once, ours, peer, runs), "MB/s", goal=">= 0.9"
    )


def _ranges(ours: int, peer: int, size: int, runs: int) -> row.Row:
    starts = [number * (size - RANGE_BYTES) // RANGES for number in range(RANGES)]
    spans = [(start, start + RANGE_BYTES - 1) for start in starts]

    def once(port: int) -> float:
        return _rate(RANGES * RANGE_BYTES, lambda: wire.get_many(port, "/file", spans))

    name = f"{RANGES} ranges of 8 MB at once"
    return row.compared(name, *_interleaved(once, ours, peer, runs), "MB/s", goal=">= 0.9")


def _put(ours: int, peer: int, source: Path, runs: int) -> row.Row:
    def once(port: int) -> float:
        target = source.with_name("uploaded")
        rate = _rate(source.stat().st_size, lambda: wire.put(port, "/uploaded", source))
        target.unlink()
        os.sync()
        return rate

    note = "ours with SHA-256 and fdatasync, nginx without either"
    measured = _interleaved(once, ours, peer, runs)
    return row.compared("PUT of one file", *measured, "MB/s", goal=">= 0.9", note=note)


def _interleaved(
    once: Callable[[int], float], ours: int, peer: int, runs: int
) -> tuple[list[float], list[float]]:
    once(ours), once(peer)  # warm
    pairs = []
    for number in range(runs):  # each goes first every other time
        if number % 2:
            pairs.append((once(ours), once(peer)))
        else:
            theirs = once(peer)
            pairs.append((once(ours), theirs))
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _rate(size: int, work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return size / 1e6 / (time.perf_counter() - begun)


def _fill(path: Path, size: int) -> None:
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for number in range(-(-size // len(block))):
            file.write(number.to_bytes(8) + block[8:])
        file.truncate(size)


@contextmanager
def _ours(root: Path) -> Iterator[int]:
    port = processes.free_ports(1)[0]
    log = root / "ours.log"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", ".", *sys.path])}
    command = [sys.executable, "-m", "bench.bytes_server", root / "files", str(port)]
    process = processes.start(command, log=log, environment=environment)
    try:
        processes.wait_until(lambda: processes.listens(port), process, log=log, seconds=20)
        yield port
    finally:
        processes.stop(process)


if __name__ == "__main__":
    row.main(run)
