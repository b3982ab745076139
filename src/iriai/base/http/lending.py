"""Lending a connection's socket to threads, for as long as a big body lasts.

The event loop stops reading, and a duplicate of the socket goes to a thread that moves bytes in
short turns, so that a few threads serve many fast clients fairly. While a client is slow no
thread waits for it, only the loop; one that has stalled ends the loan.
"""

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from iriai.base.http.protocol import STALL_SECONDS, Exchange, Progress

TURN_SECONDS = 0.25
"""How long a thread works for one client before others have their turn."""

PAUSE_MILLISECONDS = 20
"""How long a thread waits for a client before it leaves the waiting to the loop."""


@dataclass(slots=True)
class Loan:
    """A duplicate of the socket, and the waiting for it."""

    descriptor: int

    async def turns(
        self,
        threads: ThreadPoolExecutor,
        turn: Callable[[int], bool],
        moved: Callable[[], int],
        *,
        writing: bool,
    ) -> None:
        """Call `turn` in threads until it says that all is done; `moved` shows the progress."""
        loop = asyncio.get_running_loop()
        progress = Progress(loop.time(), moved())
        while not await in_thread(threads, turn, self.descriptor):
            while not await self._ready(writing=writing):
                if progress.stalled(moved(), loop.time()):
                    raise TimeoutError(errno.ETIMEDOUT, "The client has stalled")

    async def _ready(self, *, writing: bool) -> bool:
        """Wait until the socket is ready; false after a while without."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        watch, leave = (
            (loop.add_writer, loop.remove_writer)
            if writing
            else (loop.add_reader, loop.remove_reader)
        )
        watch(self.descriptor, _settle, ready)
        try:
            async with asyncio.timeout(STALL_SECONDS / 4):
                await ready
        except TimeoutError:
            return False
        else:
            return True
        finally:
            leave(self.descriptor)


@contextmanager
def lent(exchange: Exchange) -> Iterator[Loan]:
    """Lend the socket of `exchange`; nothing else reads from it or writes to it meanwhile."""
    connection, cycle = exchange.connection, exchange.cycle
    cycle.flow.pause_reading()
    connection.is_lent = True
    descriptor = os.dup(cycle.transport.get_extra_info("socket").fileno())
    try:
        yield Loan(descriptor)
    finally:
        os.close(descriptor)
        connection.is_lent = False


def lendable(scope: Any) -> Exchange | None:
    """The exchange of a request on a connection of ours whose socket is bare."""
    exchange = Exchange.of(scope)
    if exchange is None or exchange.cycle.transport.get_extra_info("sslcontext") is not None:
        return None
    return exchange


async def in_thread(
    threads: ThreadPoolExecutor, function: Callable[..., Any], *arguments: Any
) -> Any:
    """Run `function` in a thread and see it end, even when we are cancelled meanwhile."""
    future = asyncio.get_running_loop().run_in_executor(threads, function, *arguments)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
