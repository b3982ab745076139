"""`iriai` as a process of its own, without the second that its imports take.

A test process starts one *stem* on first use: a single-threaded Python that has imported all of
iriai and opened nothing. Each `python -m iriai WORDS…` that a test asks for is forked from it, in a
session, a folder and an environment of its own; it can be killed like any other, and it dies with
the stem, which ends when the test process does. What is asked of a cold start (`--help`, the first
`serve`, the memory that a hub takes) starts the command itself: `tests.cli.commands`, `is_cold`.
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"
MESSAGE_BYTES_MAX = 1 << 17
END_SECONDS = 30
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
LATE = ("alembic.command", "boto3", "psycopg", "sqlalchemy.dialects.sqlite", "uvicorn", "uvloop")
"""What iriai imports when it is needed."""


class Forked:
    """A process forked from the stem, with what the tests use of `subprocess.Popen`."""

    def __init__(self, words: Sequence[str], status: socket.socket) -> None:
        self.args = ["iriai", *words]
        self.returncode: int | None = None
        self._status = status
        self._lock = threading.Lock()
        number = status.recv(32)
        if not number:
            status.close()
            raise RuntimeError("The process that hubs are forked from has ended; it said why.")
        self.pid = int(number)

    def poll(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; `subprocess.TimeoutExpired` after so many seconds."""
        found = self._ended(timeout)
        if found is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return found

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, seconds: float | None) -> int | None:
        with self._lock:
            if self.returncode is None and select.select([self._status], [], [], seconds)[0]:
                self.returncode = int(self._status.recv(32) or -signal.SIGKILL)
                self._status.close()
            return self.returncode


class Stem:
    """The process that the others are forked from."""

    def __init__(self) -> None:
        self._channel, theirs = _messages()
        self._lock = threading.Lock()
        with theirs:
            # -P: what lies beside this file must not hide what others import
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": str(SOURCE)},
            )

    def end(self, owner: int) -> None:
        """Let it end, and with it all that was forked from it."""
        if os.getpid() == owner:  # never from a forked child
            with contextlib.suppress(OSError):  # it may have ended
                self._channel.shutdown(socket.SHUT_RDWR)  # also where a child has it open too
            self._channel.close()
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def fork(
        self,
        words: Sequence[str],
        files: Sequence[int],
        environment: dict[str, str],
        folder: Path | None,
    ) -> Forked:
        """`iriai WORDS…` reading and writing these three files."""
        ours, theirs = _messages()
        asked = json.dumps([list(words), environment, str(folder or Path.cwd())]).encode()
        with theirs, self._lock:
            socket.send_fds(self._channel, [asked], [*files, theirs.fileno()])
        return Forked(words, ours)


def _messages() -> tuple[socket.socket, socket.socket]:
    """Two ends that keep messages apart: a number and how it ended may come at once."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


_stems: dict[int, Stem] = {}
_starting = threading.Lock()


def _stem() -> Stem:
    with _starting:
        if os.getpid() not in _stems:
            made = _stems[os.getpid()] = Stem()
            atexit.register(made.end, os.getpid())
        return _stems[os.getpid()]


def start(
    *words: str | Path, log: Path, environment: dict[str, str], folder: Path | None = None
) -> "Forked | subprocess.Popen[bytes]":
    """Start `iriai WORDS…`, what it says going to `log`."""
    from tests.support import processes

    if not sys.platform.startswith("linux"):
        return processes.start(
            [sys.executable, "-m", "iriai", *words],
            log=log,
            folder=folder,
            environment=environment,
        )
    with log.open("ab") as said, Path(os.devnull).open("rb") as nothing:
        files = (nothing.fileno(), said.fileno(), said.fileno())
        return _stem().fork([str(word) for word in words], files, environment, folder)


def run(
    *words: str | Path,
    environment: dict[str, str],
    seconds: float,
    folder: Path | None = None,
    given: str = "",
) -> "subprocess.CompletedProcess[str]":
    """Run `iriai WORDS…` to its end, `given` being its input."""
    if not sys.platform.startswith("linux"):
        return subprocess.run(
            [sys.executable, "-m", "iriai", *words],
            cwd=folder,
            env=environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        files[0].write(given.encode())
        files[0].seek(0)
        numbers = [each.fileno() for each in files]
        process = _stem().fork([str(word) for word in words], numbers, environment, folder)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        said = []
        for each in files[1:]:
            each.seek(0)
            said.append(each.read().decode())
    return subprocess.CompletedProcess(process.args, process.wait(), *said)


def main(channel: socket.socket) -> list[str]:
    """Be the stem; where a process was forked, this returns there, with its words."""
    _import_everything()
    wakes, woken = socket.socketpair()
    for each in (wakes, woken):
        each.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno())
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([channel, wakes], [], [])
        if wakes in ready:
            wakes.recv(1 << 12)
            _tell_of_ended(running)
        if channel not in ready:
            continue
        asked, files, _, _ = socket.recv_fds(channel, MESSAGE_BYTES_MAX, 4)
        if not asked:
            sys.exit()
        words, environment, folder = json.loads(asked)
        stem, child = os.getpid(), os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for mine in (channel, wakes, woken):
                mine.close()
            for number in running.values():
                os.close(number)
            _become(files, environment, folder, stem)
            return words
        for number in files[:3]:
            os.close(number)
        running[child] = files[3]
        os.write(files[3], b"%d" % child)


def _import_everything() -> None:
    import iriai

    for info in pkgutil.walk_packages(iriai.__path__, "iriai."):
        if not info.name.startswith(("iriai.migrations", "iriai.readers", "iriai.__main__")):
            importlib.import_module(info.name)
    for name in LATE:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    gc.collect()
    gc.freeze()


def _tell_of_ended(running: dict[int, int]) -> None:
    while running:
        child, how = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        status = running.pop(child)
        with contextlib.suppress(BrokenPipeError):
            os.write(status, b"%d" % os.waitstatus_to_exitcode(how))
        os.close(status)


def _become(files: Sequence[int], environment: dict[str, str], folder: str, stem: int) -> None:
    os.setsid()
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != stem:
        os._exit(1)
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as given_channel:
        given_words = main(given_channel)
    sys.argv = ["iriai", *given_words]
    from iriai.cli.main import main as iriai_main

    iriai_main(given_words)
