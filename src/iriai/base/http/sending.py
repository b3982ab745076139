"""Sending a file as the body of an answer, without a byte of it passing through Python.

The head goes out as usual; then a thread calls `os.sendfile` on the lent socket. Under another
server (or TLS) the file is read in a thread, a piece at a time. Neither way reads a file in the
event loop, where a cold cache would make everybody wait.
"""

import asyncio
import errno
import os
import select
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from iriai.base.errors import Unavailable
from iriai.base.http.lending import (
    PAUSE_MILLISECONDS,
    TURN_SECONDS,
    in_thread,
    lendable,
    lent,
)
from iriai.base.http.protocol import Exchange, unsent_of

Scope = dict[str, Any]
Send = Callable[[Any], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

THREADS_MAX = 16
PIECE_BYTES = 1 << 20
SENDFILE_BYTES = 2 << 20
FLUSH_SECONDS = 0.002

_threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="send")
_in_thread = partial(in_thread, _threads)


async def send_file(  # noqa: PLR0917 - the shape every door calls
    scope: Scope,
    send: Send,
    path: Path,
    start: int,
    end: int,
    status: int,
    headers: Headers,
) -> None:
    """Answer with the bytes `[start, end)` of the file at `path`; the length is added to `headers`.

    `Unavailable`, before anything is sent, where the file is missing, a link, or too short.
    """
    start_message = {
        "type": "http.response.start",
        "status": status,
        "headers": [*headers, (b"content-length", b"%d" % (end - start))],
    }
    if scope["method"] == "HEAD" or start >= end:
        await send(start_message)
        await send({"type": "http.response.body", "body": b""})
        return
    descriptor = await _in_thread(_opened, path, end)
    try:
        await send(start_message)
        exchange = lendable(scope)
        if exchange is None:
            await _send_pieces(send, descriptor, start, end)
        else:
            departure = _Departure(descriptor, start, end)
            await hand_over(exchange, _threads, departure.turn, lambda: departure.position)
        if exchange is None or not exchange.is_gone:
            await send({"type": "http.response.body", "body": b""})
    finally:
        os.close(descriptor)


async def read_file(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes `[start, end)` of the file at `path` in pieces, read in a thread."""
    descriptor = await _in_thread(_opened, path, end)
    try:
        while start < end:
            piece = await _in_thread(_read, descriptor, start, min(PIECE_BYTES, end - start))
            start += len(piece)
            yield piece
    finally:
        os.close(descriptor)


async def hand_over(
    exchange: Exchange,
    threads: ThreadPoolExecutor,
    turn: Callable[[int], bool],
    position: Callable[[], int],
) -> None:
    """Send a body from threads, until the end or until the client is gone.

    `turn` sends some of it to a socket and says whether that was all; `position` is how far it is.
    """
    cycle = exchange.cycle
    await _flushed(exchange)
    if exchange.is_gone:
        cycle.disconnected = True
        return
    try:
        with lent(exchange) as loan:
            await loan.turns(
                threads, turn, lambda: position() - unsent_of(loan.descriptor), writing=True
            )
    except OSError:  # the client hung up, or stalled
        exchange.abandon()
    except BaseException:
        exchange.abandon()
        raise
    else:
        cycle.expected_content_length = 0


async def _flushed(exchange: Exchange) -> None:
    """Wait until the head is with the kernel; `look_over` ends this should the client not read."""
    transport = exchange.cycle.transport
    while transport.get_write_buffer_size() and not exchange.is_gone:  # noqa: ASYNC110 - no event
        await asyncio.sleep(FLUSH_SECONDS)


@dataclass(slots=True)
class _Departure:
    """A file while it is sent."""

    descriptor: int
    position: int
    end: int

    def turn(self, socket: int) -> bool:
        """Send for a moment, or until the client is slow to read; whether all is sent."""
        deadline = time.monotonic() + TURN_SECONDS
        poller = select.poll()
        poller.register(socket, select.POLLOUT)
        while self.position < self.end:
            count = min(SENDFILE_BYTES, self.end - self.position)
            try:
                sent = os.sendfile(socket, self.descriptor, self.position, count)
            except BlockingIOError:
                if not poller.poll(PAUSE_MILLISECONDS):
                    return False
                continue
            if not sent:
                raise OSError(errno.EIO, "The file is shorter than it was")
            self.position += sent
            if time.monotonic() > deadline:
                break
        return self.position >= self.end


async def _send_pieces(send: Send, descriptor: int, start: int, end: int) -> None:
    while start < end:
        piece = await _in_thread(_read, descriptor, start, min(PIECE_BYTES, end - start))
        start += len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": True})


def _read(descriptor: int, start: int, length: int) -> bytes:
    piece = os.pread(descriptor, length, start)
    if not piece:
        raise _damaged("The file is shorter than it was.")
    return piece


def _opened(path: Path, end: int) -> int:
    """A descriptor of the regular file at `path`, which has at least `end` bytes."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _damaged(f"A stored file cannot be opened: {error.strerror}.") from error
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or facts.st_size < end:
        os.close(descriptor)
        raise _damaged("A stored file is damaged. The hub's operator has been told.")
    return descriptor


def _damaged(message: str) -> Unavailable:
    return Unavailable(message, code="ObjectDamaged")
