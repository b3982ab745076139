"""Threads that an event loop hands work to, with as little between as can be.

`loop.run_in_executor` makes two futures and a copy of the context for each call, which on a request
of 300 µs is a tenth. Here one queue takes the work and the loop is told once. A small number of
threads is a feature: those that share the interpreter's lock with the loop only get in its way.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
Work = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class Threads:
    """So many threads, made when they are first needed, that end with the process."""

    def __init__(self, count: int, name: str) -> None:
        self._count, self._name = count, name
        self._waiting: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._made = 0
        self._lock = threading.Lock()

    def run(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Do `work` in a thread; its outcome can be awaited in the running loop."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()
        self._waiting.put((loop, outcome, work))
        if self._made < self._count:
            self._grow()
        return outcome

    def _grow(self) -> None:
        with self._lock:
            if self._made < self._count and not self._waiting.empty():
                self._made += 1
                name = f"{self._name}-{self._made}"
                threading.Thread(target=self._serve, name=name, daemon=True).start()

    def _serve(self) -> None:
        while True:
            loop, outcome, work = self._waiting.get()
            try:
                result, error = work(), None
            except BaseException as raised:  # noqa: BLE001 - it is raised where it is awaited
                result, error = None, raised
            with contextlib.suppress(RuntimeError):  # the loop has closed; nobody waits
                loop.call_soon_threadsafe(_settle, outcome, result, error)
            del loop, outcome, work, result, error  # keep nothing alive while idle


def _settle(outcome: "asyncio.Future[Any]", result: object, error: BaseException | None) -> None:
    """In the loop: tell whoever waits, if they still do."""
    if outcome.cancelled():
        return
    if error is None:
        outcome.set_result(result)
    else:
        outcome.set_exception(error)
