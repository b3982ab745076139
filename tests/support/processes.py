"""Real servers for the tests: children that are gone when the tests are, however they end."""

import contextlib
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support import warm

STOP_SECONDS = 60
PORTS = range(20_000, 32_000)
SETPRIV = shutil.which("setpriv")
DYING_WITH_US = [SETPRIV, "--pdeathsig", "KILL", "--"] if SETPRIV else []
"""What util-linux runs a command with so that it ends with its parent; nothing elsewhere."""
_candidates = itertools.cycle(random.Random(os.getpid()).sample(PORTS, len(PORTS)))


def start(
    command: Sequence[str | Path],
    *,
    log: Path,
    user: int | None = None,
    folder: Path | None = None,
    environment: dict[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start `command` (as `user`, where one is given); the kernel ends it should we be killed.

    Nothing of ours runs between fork and exec: there, libraries' own handlers for forks would wait
    for locks that other threads held.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            [*DYING_WITH_US, *(str(word) for word in command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            start_new_session=True,
        )


def stop(
    process: "subprocess.Popen[bytes] | warm.Forked",
    number: int = signal.SIGTERM,
    *,
    seconds: float = STOP_SECONDS,
) -> None:
    """Ask `process` to end, and insist after so many seconds."""
    if process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)


def wait_until(
    ready: Callable[[], bool],
    process: "subprocess.Popen[bytes] | warm.Forked",
    *,
    log: Path,
    seconds: float,
) -> None:
    """Wait for `ready`, or fail with what `process` wrote."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    written = log.read_text(errors="replace")[-4000:] if log.exists() else ""
    raise RuntimeError(f"{process.args!r} did not come up within {seconds} s:\n{written}")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, and that nobody else gets as long as this process lives.

    They lie below those that a system hands out itself, so no client's connection takes one while
    its server starts or is down; and other test processes pass them by, for each is kept by a
    socket of UDP, which what listens there with TCP does not meet.
    """
    found: list[int] = []
    while len(found) < count:
        port = next(_candidates)
        with contextlib.suppress(OSError), socket.socket() as probe:
            kept = socket.socket(type=socket.SOCK_DGRAM)
            try:
                kept.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                kept.close()
                raise
            kept.detach()  # it stays open until the process ends
            found.append(port)
    return found


def listens(port: int) -> bool:
    """Whether something on this machine accepts connections at `port`."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def is_root() -> bool:
    """Whether the tests run as root, as they do in many containers."""
    return os.geteuid() == 0
