"""Sending a file as the body of an answer, without a byte of it passing through Python.

The head goes out as usual. Then a thread calls `os.sendfile` on a duplicate of the socket, in short
turns, so that a few threads serve many fast clients fairly; while a client is slow to read, no
thread waits for it, only the event loop. Under another server (or TLS) the file is read in a
thread, a piece at a time. Neither way reads a file in the event loop, where a cold cache would
make everybody wait.
"""

import asyncio
import errno
import os
import select
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from iriai.base.errors import Unavailable
from iriai.base.http.protocol import EXTENSION, STALL_SECONDS, Exchange, Progress, unsent_of

Scope = dict[str, Any]
Send = Callable[[Any], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

THREADS_MAX = 16
TURN_SECONDS = 0.25
PAUSE_MILLISECONDS = 20
PIECE_BYTES = 1 << 20
SENDFILE_BYTES = 4 << 20
FLUSH_SECONDS = 0.002

_threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="send")


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
        exchange = _exchange(scope)
        if exchange is None:
            await _send_pieces(send, descriptor, start, end)
        else:
            await _hand_over(exchange, descriptor, start, end)
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


def _exchange(scope: Scope) -> Exchange | None:
    """Our own connection, where the socket is bare and this request is the one it is on."""
    exchange: Exchange | None = (scope.get("extensions") or {}).get(EXTENSION)
    if exchange is None or exchange.cycle.transport.get_extra_info("sslcontext") is not None:
        return None
    return exchange


async def _hand_over(exchange: Exchange, descriptor: int, start: int, end: int) -> None:
    """Send from threads until the end, or until the client is gone."""
    cycle, transport = exchange.cycle, exchange.cycle.transport
    await _flushed(exchange)
    if cycle.disconnected or transport.is_closing():
        cycle.disconnected = True
        return
    lent = os.dup(transport.get_extra_info("socket").fileno())
    exchange.connection.is_lent = True
    cycle.flow.pause_reading()
    try:
        await _send_turns(lent, descriptor, start, end)
        cycle.expected_content_length = 0
    except OSError:  # the client hung up, or waited for nobody
        cycle.disconnected = True
        transport.abort()
    except BaseException:
        transport.abort()
        raise
    finally:
        exchange.connection.is_lent = False
        os.close(lent)


async def _flushed(exchange: Exchange) -> None:
    """Wait until the head is with the kernel; `look_over` ends this should the client not read."""
    transport = exchange.cycle.transport
    while transport.get_write_buffer_size() and not exchange.is_gone:  # noqa: ASYNC110 - no event
        await asyncio.sleep(FLUSH_SECONDS)


async def _send_turns(lent: int, descriptor: int, start: int, end: int) -> None:
    loop = asyncio.get_running_loop()
    progress = Progress(loop.time(), start)
    while True:
        start = await _in_thread(_turn, lent, descriptor, start, end)
        if start >= end:
            return
        while not await _writable(lent):
            if progress.stalled(start - unsent_of(lent), loop.time()):
                raise TimeoutError(errno.ETIMEDOUT, "The client stopped reading")


async def _writable(lent: int) -> bool:
    """Wait until the socket takes more; false after a while without."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(lent, _settle, ready)
    try:
        async with asyncio.timeout(STALL_SECONDS / 4):
            await ready
    except TimeoutError:
        return False
    else:
        return True
    finally:
        loop.remove_writer(lent)


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


def _turn(lent: int, descriptor: int, start: int, end: int) -> int:
    """Send for a moment, or until the client is slow to read; where we have come to."""
    deadline = time.monotonic() + TURN_SECONDS
    poller = select.poll()
    poller.register(lent, select.POLLOUT)
    while start < end:
        try:
            sent = os.sendfile(lent, descriptor, start, min(SENDFILE_BYTES, end - start))
        except BlockingIOError:
            if not poller.poll(PAUSE_MILLISECONDS):
                break
            continue
        if not sent:
            raise OSError(errno.EIO, "The file is shorter than it was")
        start += sent
        if time.monotonic() > deadline:
            break
    return start


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


async def _in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run `function` in a thread and see it end, even when we are cancelled meanwhile."""
    loop = asyncio.get_running_loop()
    future = loop.run_in_executor(_threads, function, *arguments)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise
