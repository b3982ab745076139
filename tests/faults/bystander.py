"""Another client, in a process of its own, reading all the while: does it notice what others do?

Run as a script it asks for one address again and again until its input ends, and then prints how
many seconds each answer took.
"""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

PAUSE_SECONDS = 0.02
WARM_REQUESTS = 3


@contextmanager
def bystander(url: str, token: str) -> Iterator[list[float]]:
    """Reads `url` while the block runs; afterwards the list holds each answer's seconds."""
    took: list[float] = []
    process = subprocess.Popen(
        [sys.executable, __file__, url, token],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "warm\n"
        yield took
    finally:
        said, _ = process.communicate("", timeout=60)
        took.extend(json.loads(said))


def main(url: str, token: str) -> None:
    done = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
    took: list[float] = []
    while not done.is_set():
        begun = time.perf_counter()
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
        took.append(time.perf_counter() - begun)
        if len(took) == WARM_REQUESTS:
            sys.stdout.write("warm\n")
            sys.stdout.flush()
        done.wait(PAUSE_SECONDS)
    json.dump(took[WARM_REQUESTS:], sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
