"""Sending a body that is made on the way, from the thread that makes it.

A piece is written to the lent socket from a thread, and no piece passes through the event loop.
While there are processors to spare, another thread makes the next piece meanwhile. A piece may be
in several parts: they are sent from where they are, never joined. Under another server (or TLS)
pieces go out as usual.
"""

import os
import select
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from threading import BoundedSemaphore

from iriai.base.http.lending import PAUSE_MILLISECONDS, TURN_SECONDS, in_thread, lendable
from iriai.base.http.sending import Headers, Scope, Send, hand_over

THREADS_MAX = 16
PARTS_AT_ONCE = os.sysconf("SC_IOV_MAX")

Part = bytes | memoryview
Piece = Part | Sequence[Part]
Pieces = Iterator[Piece]

_threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="send-made")
_makers = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="make")
"""Makers wait for nobody, so that whoever sends may wait for a maker."""
_spare = BoundedSemaphore(os.cpu_count() or 1)
"""How many may have a piece made ahead: beyond the processors it costs and gains nothing."""
_in_thread = partial(in_thread, _makers)


async def send_made(  # noqa: PLR0917 - the shape every door calls
    scope: Scope, send: Send, pieces: Pieces, length: int, status: int, headers: Headers
) -> None:
    """Answer with `length` bytes that `pieces` makes in threads; the length joins `headers`.

    Nothing is sent before the first piece is there, so that what fails at once can still be an
    error. What fails later cuts the connection: an answer that ends is whole.
    """
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [*headers, (b"content-length", b"%d" % length)],
    }
    end = {"type": "http.response.body", "body": b""}
    if scope["method"] == "HEAD" or not length:
        await send(start)
        await send(end)
        return
    making = _Making(pieces, length)
    try:
        await making.begin()
        await send(start)
        exchange = lendable(scope)
        if exchange is None:
            while making.rest:
                body = b"".join(making.rest)
                await send({"type": "http.response.body", "body": body, "more_body": True})
                making.rest = _parts(await _in_thread(next, pieces, b""))
        else:
            await hand_over(exchange, _threads, making.turn, lambda: making.sent)
        if exchange is None or not exchange.is_gone:
            await send(end)
    finally:
        await in_thread(_threads, making.close)


@dataclass(slots=True)
class _Making:
    """A body while it is made and sent."""

    pieces: Pieces
    length: int
    rest: list[memoryview] = field(default_factory=list)
    sent: int = field(default=0)
    coming: "Future[Piece] | None" = field(default=None)

    async def begin(self) -> None:
        """Make the first piece."""
        self.rest = _parts(await _in_thread(next, self.pieces, b""))
        _require_no_more(self.rest, self.length)

    def turn(self, socket: int) -> bool:
        """Make and send for a moment, or until the client is slow to read; whether all is sent."""
        may_spare = _spare.acquire(blocking=False)
        try:
            return self._turn(socket, ahead=may_spare)
        finally:
            if may_spare:
                _spare.release()

    def _turn(self, socket: int, *, ahead: bool) -> bool:
        deadline = time.monotonic() + TURN_SECONDS
        poller = select.poll()
        poller.register(socket, select.POLLOUT)
        while self.sent < self.length:
            if not self.rest:
                self.rest = self._next()
                if not self.rest:
                    raise RuntimeError("Fewer bytes were made than were promised.")
                _require_no_more(self.rest, self.length - self.sent)
            if ahead and self.coming is None:
                self.coming = _makers.submit(next, self.pieces, b"")
            try:
                self.sent += self._send(socket)
            except BlockingIOError:
                if not poller.poll(PAUSE_MILLISECONDS):
                    return False
                continue
            if time.monotonic() > deadline:
                break
        return self.sent >= self.length

    def close(self) -> None:
        """Let go of what the pieces are made from, such as open files, wherever it ended."""
        if self.coming is not None and not self.coming.cancel():
            wait([self.coming])  # what is being made cannot be closed
        if isinstance(self.pieces, Generator):
            self.pieces.close()

    def _send(self, socket: int) -> int:
        """Send some of the piece at hand; how many bytes."""
        sent = left = os.writev(socket, self.rest[:PARTS_AT_ONCE])
        whole = 0
        while whole < len(self.rest) and left >= len(self.rest[whole]):
            left -= len(self.rest[whole])
            whole += 1
        del self.rest[:whole]
        if left:
            self.rest[0] = self.rest[0][left:]
        return sent

    def _next(self) -> list[memoryview]:
        """The next piece: the one that was made ahead, or else one made now."""
        coming, self.coming = self.coming, None
        return _parts(next(self.pieces, b"") if coming is None else coming.result())


def _parts(piece: Piece) -> list[memoryview]:
    """Those that are not empty."""
    parts = (piece,) if isinstance(piece, bytes | memoryview) else piece
    return [memoryview(part) for part in parts if len(part)]


def _require_no_more(parts: Sequence[memoryview], wanted: int) -> None:
    """What is past the end of an answer would be read as the beginning of the next."""
    if sum(map(len, parts)) > wanted:
        raise RuntimeError("More bytes were made than were promised.")
