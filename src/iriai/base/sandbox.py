"""Readers of hostile bytes, run in a process that has nothing to lose and nothing to find.

    value = sandbox.call("safetensors", head, size=size, seconds=5)

Uploaded bytes are parsed here and nowhere else. The process gets no environment, no network, no
files and no credentials (`readers/confinement.py` says how, layer by layer); each call is bounded
in time, memory, and the bytes of its answer. Who is late or falls over is killed and replaced. The
first call starts a process, it serves many, and goes away when nobody has called for a minute.

Calls block: make them from a thread, outside a transaction. What comes back is JSON and still
hostile in content.
"""

import atexit
import contextlib
import math
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from iriai.base.errors import Excessive, Invalid, Unavailable

DATA_BYTES_MAX = 64 * 1024 * 1024
ANSWER_BYTES_MAX = 8 * 1024 * 1024
SECONDS = 5.0
"""Of a processor, that a call may take."""
SLOWNESS_MAX = 6
"""How many times as long a call may take by the wall, on a machine that has much else to do."""
START_SECONDS = 20.0
WAIT_SECONDS = 30.0
MEMORY_BYTES = 256 * 1024 * 1024
PROCESSES_MAX = 2
CALLS_MAX = 2_000
IDLE_SECONDS = 60.0
STOP_SECONDS = 5.0

_SOURCE = Path(__file__).resolve().parents[2]
_WORKER = _SOURCE / "iriai" / "readers" / "worker.py"


class _Late(Exception):
    """The process did not answer in time."""


class _Broken(Exception):
    """The process died or talks nonsense."""


class _Worker:
    """One confined process and the two pipes to it."""

    def __init__(self, source: Path, module: str) -> None:
        with tempfile.TemporaryDirectory(prefix="iriai-empty-") as empty:
            command = [sys.executable, "-I", str(_WORKER), str(source), module, empty]
            self.process = subprocess.Popen(
                command,
                env={},
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self.calls = 0
            self.used_at = time.monotonic()
            os.set_blocking(self._input, False)
            os.set_blocking(self._output, False)
            try:
                hello = self._receive(time.monotonic() + START_SECONDS)
                self.layers = [str(layer) for layer in hello["layers"]]
                self._address_space = int(hello["address_space"])
            except (_Late, _Broken, KeyError, TypeError, ValueError):
                self.stop()
                raise Unavailable("The process that reads uploaded files does not start.") from None

    @property
    def _input(self) -> int:
        assert self.process.stdin is not None  # noqa: S101  opened as a pipe above
        return self.process.stdin.fileno()

    @property
    def _output(self) -> int:
        assert self.process.stdout is not None  # noqa: S101  opened as a pipe above
        return self.process.stdout.fileno()

    def ask(self, request: bytes, data: bytes, *, seconds: float, memory_bytes: int) -> Any:
        """One request and its answer."""
        self.calls += 1
        self._limit(seconds, memory_bytes)
        deadline = time.monotonic() + seconds * SLOWNESS_MAX
        self._send(len(request).to_bytes(4, "big") + request, deadline)
        self._send(len(data).to_bytes(4, "big"), deadline)
        self._send(data, deadline)
        answer = self._receive(deadline)
        self.used_at = time.monotonic()
        return answer

    def _limit(self, seconds: float, memory_bytes: int) -> None:
        if not hasattr(resource, "prlimit"):
            return  # only Linux can limit another process
        with contextlib.suppress(OSError, ValueError):
            hard = resource.RLIM_INFINITY
            pid = self.process.pid
            if self._address_space:
                size = self._address_space + memory_bytes
                resource.prlimit(pid, resource.RLIMIT_AS, (size, hard))
            until = self._cpu_seconds() + math.ceil(seconds) + 1  # taken is rounded down
            resource.prlimit(pid, resource.RLIMIT_CPU, (until, hard))

    def _cpu_seconds(self) -> int:
        with contextlib.suppress(OSError, ValueError, IndexError):
            stat = Path(f"/proc/{self.process.pid}/stat").read_text(
                encoding="ascii", errors="replace"
            )
            user, system = stat.rpartition(")")[2].split()[11:13]
            return (int(user) + int(system)) // os.sysconf("SC_CLK_TCK")
        return self.calls * 60

    def _send(self, data: bytes, deadline: float) -> None:
        rest = memoryview(data)
        while rest:
            self._wait(self._input, select.POLLOUT, deadline)
            try:
                rest = rest[os.write(self._input, rest) :]
            except BlockingIOError:
                continue
            except OSError:
                raise _Broken from None

    def _receive(self, deadline: float) -> Any:
        length = int.from_bytes(self._read(4, deadline), "big")
        if length > ANSWER_BYTES_MAX:
            raise _Broken
        try:
            return orjson.loads(self._read(length, deadline))
        except orjson.JSONDecodeError:
            raise _Broken from None

    def _read(self, length: int, deadline: float) -> bytes:
        pieces = bytearray()
        while len(pieces) < length:
            self._wait(self._output, select.POLLIN, deadline)
            try:
                piece = os.read(self._output, min(length - len(pieces), 1 << 20))
            except BlockingIOError:
                continue
            if not piece:
                raise _Late if self._ran_out_of_time() else _Broken
            pieces += piece
        return bytes(pieces)

    def _ran_out_of_time(self) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(STOP_SECONDS) == -signal.SIGXCPU
        return False

    def _wait(self, descriptor: int, event: int, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise _Late
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(left * 1000):
            raise _Late

    def stop(self) -> None:
        """Kill the process and forget it."""
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


@dataclass
class Sandbox:
    """A few confined processes, started when needed. `module` under `source` names the readers."""

    source: Path = _SOURCE
    module: str = "iriai.readers"
    processes_max: int = PROCESSES_MAX
    idle_seconds: float = IDLE_SECONDS
    _idle: list[_Worker] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _timer: threading.Timer | None = None

    def __post_init__(self) -> None:
        self._places = threading.BoundedSemaphore(self.processes_max)

    def call(
        self,
        reader: str,
        data: bytes,
        *,
        seconds: float = SECONDS,
        memory_bytes: int = MEMORY_BYTES,
        **options: Any,
    ) -> Any:
        """What `reader` makes of `data`. `Invalid` with its sentence when it refuses them."""
        if len(data) > DATA_BYTES_MAX:
            raise Excessive("This file's header is too large to be read.")
        if not self._places.acquire(timeout=WAIT_SECONDS):
            raise Unavailable("Too many files are being read at once. Please try again.")
        try:
            return self._call(reader, data, seconds, memory_bytes, options)
        finally:
            self._places.release()

    def _call(
        self, reader: str, data: bytes, seconds: float, memory_bytes: int, options: dict[str, Any]
    ) -> Any:
        request = orjson.dumps({"reader": reader, "options": options})
        worker = self._take()
        try:
            answer = worker.ask(request, data, seconds=seconds, memory_bytes=memory_bytes)
        except _Late:
            worker.stop()
            raise Excessive("Reading this took too long, so it was given up.") from None
        except _Broken:
            worker.stop()
            raise Invalid("This could not be read: the reader gave up on it.") from None
        except BaseException:
            worker.stop()
            raise
        self._give_back(worker)
        return _value(answer)

    def layers(self) -> list[str]:
        """The layers of confinement that hold here, for `iriai doctor`."""
        with self._places:
            worker = self._take()
            self._give_back(worker)
        return worker.layers

    def close(self) -> None:
        """Stop every idle process."""
        with self._lock:
            workers, self._idle = self._idle, []
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        for worker in workers:
            worker.stop()

    def _take(self) -> _Worker:
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return _Worker(self.source, self.module)
            if worker.process.poll() is None:
                return worker
            worker.stop()

    def _give_back(self, worker: _Worker) -> None:
        if worker.calls >= CALLS_MAX:
            worker.stop()
            return
        with self._lock:
            self._idle.append(worker)
            if self._timer is None:
                self._arm()

    def _arm(self) -> None:
        self._timer = threading.Timer(self.idle_seconds, self._retire)
        self._timer.daemon = True
        self._timer.start()

    def _retire(self) -> None:
        since = time.monotonic() - self.idle_seconds
        with self._lock:
            old = [worker for worker in self._idle if worker.used_at <= since]
            self._idle = [worker for worker in self._idle if worker.used_at > since]
            self._timer = None
            if self._idle:
                self._arm()
        for worker in old:
            worker.stop()


def _value(answer: Any) -> Any:
    if isinstance(answer, dict):
        if "value" in answer:
            return answer["value"]
        if isinstance(answer.get("refused"), str):
            raise Invalid(answer["refused"][:500])
        if "excessive" in answer:
            raise Excessive("Reading this takes more memory than is allowed.")
    raise Invalid("This could not be read: it is not what it claims to be.")


SHARED = Sandbox()
"""The process-wide sandbox; `call` and `layers` are its methods."""

call = SHARED.call
layers = SHARED.layers
atexit.register(SHARED.close)
