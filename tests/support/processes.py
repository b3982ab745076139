"""Real servers for the tests: children that are gone when the tests are, however they end."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support import warm

STOP_SECONDS = 10
SETPRIV = shutil.which("setpriv")
DYING_WITH_US = [SETPRIV, "--pdeathsig", "KILL", "--"] if SETPRIV else []
"""What util-linux runs a command with so that it ends with its parent; nothing elsewhere."""


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


def stop(process: "subprocess.Popen[bytes] | warm.Forked", number: int = signal.SIGTERM) -> None:
    """Ask `process` to end, and insist after a while."""
    if process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(STOP_SECONDS)
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
    """Ports that nobody listened on a moment ago, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def listens(port: int) -> bool:
    """Whether something on this machine accepts connections at `port`."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def is_root() -> bool:
    """Whether the tests run as root, as they do in many containers."""
    return os.geteuid() == 0
