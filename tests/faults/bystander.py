"""Another client, in a process of its own, reading all the while: does it notice what others do?

Run as a script it asks for one address again and again until its input ends, and then prints how
many seconds each answer took, and how late it was woken from each pause: what waits for an answer
is woken as late, whoever gives it.
"""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PAUSE_SECONDS = 0.02
WARM_REQUESTS = 3
WAKINGS = 4
"""Client, hub, a thread of it, and client: who has to be woken before an answer is read."""


@dataclass
class Noticed:
    """What each answer took, and how late it was woken from each pause, in seconds."""

    took: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    @property
    def slow(self) -> float:
        """What a slow answer took, less what the machine alone makes of it."""
        return max(0.0, _slow(self.took) - WAKINGS * _slow(self.late))


@contextmanager
def bystander(url: str, token: str) -> Iterator[Noticed]:
    """Reads `url` while the block runs; afterwards it is known what it noticed."""
    noticed = Noticed()
    process = subprocess.Popen(
        [sys.executable, __file__, url, token],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "warm\n"
        yield noticed
    finally:
        said, _ = process.communicate("", timeout=60)
        noticed.took, noticed.late = json.loads(said)


def main(url: str, token: str) -> None:
    done = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
    took, late = list[float](), list[float]()
    while not done.is_set() or len(took) <= WARM_REQUESTS:
        begun = time.perf_counter()
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
        took.append(time.perf_counter() - begun)
        if len(took) == WARM_REQUESTS:
            sys.stdout.write("warm\n")
            sys.stdout.flush()
        begun = time.perf_counter()
        if not done.wait(PAUSE_SECONDS):
            late.append(time.perf_counter() - begun - PAUSE_SECONDS)
    json.dump((took[WARM_REQUESTS:], late), sys.stdout)


def _slow(seconds: list[float]) -> float:
    """The 99th in a hundred; where there are fewer, the ninth in ten."""
    share = 9 / 10 if len(seconds) < 100 else 99 / 100
    return sorted(seconds)[int(len(seconds) * share)] if seconds else 0.0


if __name__ == "__main__":
    main(*sys.argv[1:])
