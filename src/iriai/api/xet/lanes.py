"""Lanes for registrations, so that a large one holds up nobody who sends a small one.

What a registration costs is known before it begins: memory for the shard itself, and time for the
bytes and the chunks of its files, which are hashed. Large shards are registered one after another;
those that take long have two threads of their own. In either lane each sender has one at a time,
and is served in turn.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from iriai.blobs.xet import shard

T = TypeVar("T")

QUICK_AT_ONCE = 2
LONG_AT_ONCE = 2
LARGE_AT_ONCE = 1
LARGE_SHARD_BYTES = 16 * 1024 * 1024
"""From here on a shard is large: taken apart it has many times its size in memory."""
LONG_FILE_BYTES = 1024**3
LONG_FILE_CHUNKS = 1024**2
"""From here on the files of a shard are long: hashing them takes seconds to many minutes."""


class Lane:
    """So many threads for the work of many senders, each of whom has at most one of them."""

    def __init__(self, count: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._free = count
        self._waiting: dict[Hashable, deque[tuple[Future[Any], Callable[[], Any]]]] = {}
        self._served: set[Hashable] = set()
        self._lock = threading.Lock()

    def submit(self, sender: Hashable, work: Callable[[], T]) -> "Future[T]":
        """Do `work` when it is its sender's turn."""
        outcome: Future[T] = Future()
        with self._lock:
            self._waiting.setdefault(sender, deque()).append((outcome, work))
        self._start()
        return outcome

    def _start(self) -> None:
        """Begin with the work of whoever has waited longest since they were served last."""
        with self._lock:
            free = (each for each in self._waiting if each not in self._served)
            sender = next(free, None)
            if sender is None or not self._free:
                return
            theirs = self._waiting.pop(sender)
            outcome, work = theirs.popleft()
            if theirs:
                self._waiting[sender] = theirs  # behind all others
            self._served.add(sender)
            self._free -= 1
        self._threads.submit(self._do, sender, outcome, work)

    def _do(self, sender: Hashable, outcome: "Future[T]", work: Callable[[], T]) -> None:
        try:
            if outcome.set_running_or_notify_cancel():
                outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is awaited
            outcome.set_exception(error)
        with self._lock:
            self._served.discard(sender)
            self._free += 1
        self._start()


_quick = ThreadPoolExecutor(QUICK_AT_ONCE, thread_name_prefix="shard")
_long = Lane(LONG_AT_ONCE, "long-shard")
_large = Lane(LARGE_AT_ONCE, "large-shard")


def submit(path: Path, sender: Hashable, work: Callable[[], T]) -> "Future[T]":
    """Register the shard that lies at `path`, which `work` does, in the lane that it belongs to."""
    if path.stat().st_size > LARGE_SHARD_BYTES:
        return _large.submit(sender, work)
    length, chunks = shard.claimed(path.read_bytes())
    if length > LONG_FILE_BYTES or chunks > LONG_FILE_CHUNKS:
        return _long.submit(sender, work)
    return _quick.submit(work)
