"""Our HTTP/1.1 connection: uvicorn's, with limits, time-outs, and a way past it for big bodies.

Uvicorn parses and schedules. This adds what a server open to the world needs: a request's head is
bounded in bytes and in time, a body or an answer that has stalled is dropped, and a handler may
take hold of its own connection (an `Exchange` in the scope) to send a file from a thread or to
collect a body without copies. Time-outs cost nothing per request: the server looks over its
connections every few seconds (`look_over`).
"""

import asyncio
import fcntl
import struct
import termios
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

EXTENSION = "iriai.exchange"
HEAD_BYTES_MAX = 64 << 10
URL_BYTES_MAX = 16 << 10
HEAD_SECONDS = 15.0
BAD_REQUEST = 400
STALL_SECONDS = 20.0
STALL_BYTES_MIN = 10 << 10
"""Less than this in `STALL_SECONDS`, and nobody is really there."""

GATHERED_BYTES_MAX = 1 << 20


PARTING_BYTES_MAX = 1 << 30
"""So much of a body that nobody wants is read all the same, so that its sender sees the answer."""


class HeadTooLargeError(Exception):
    """The head of a request is longer than we read."""


@dataclass(slots=True)
class Progress:
    """How far something had come when we last looked, and when that was."""

    since: float
    amount: int

    def stalled(self, amount: int, now: float) -> bool:
        """Whether too little moved for too long; looks anew once a window has passed."""
        if amount - self.amount >= STALL_BYTES_MIN:
            self.since, self.amount = now, amount
        return now - self.since >= STALL_SECONDS


@dataclass(slots=True, eq=False)
class Exchange:
    """One request and its answer, as a handler may take hold of them (`scope["extensions"]`)."""

    connection: "HubProtocol"
    cycle: RequestResponseCycle
    pieces: list[bytes] = field(default_factory=list)
    gathered: int = 0
    arrived: int = 0  # of the body, in all
    is_collecting: bool = False

    @staticmethod
    def of(scope: Mapping[str, Any] | None) -> "Exchange | None":
        """The exchange of a request, where it came over a connection of ours."""
        found: Exchange | None = ((scope or {}).get("extensions") or {}).get(EXTENSION)
        return found

    def collect(self) -> None:
        """From now on, gather the body here rather than for `receive`."""
        self.is_collecting = True
        if self.cycle.body:
            self.gather(bytes(self.cycle.body))
            self.cycle.body = bytearray()
        self.cycle.message_event.clear()
        if self.cycle.waiting_for_100_continue:
            self.cycle.waiting_for_100_continue = False
            self.cycle.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def gather(self, piece: bytes) -> None:
        """Keep a piece until the handler comes for it; past a megabyte, stop reading."""
        self.pieces.append(piece)
        self.gathered += len(piece)
        self.cycle.message_event.set()
        if self.gathered >= GATHERED_BYTES_MAX:
            self.cycle.flow.pause_reading()

    async def batch(self) -> tuple[list[bytes], bool]:
        """What has come of the body since, at least something, and whether more will come."""
        if self.cycle.more_body and not self.cycle.disconnected and not self.pieces:
            self.cycle.flow.resume_reading()
            await self.cycle.message_event.wait()
        self.cycle.message_event.clear()
        pieces = self.take()
        if self.cycle.more_body and not self.cycle.disconnected:
            self.cycle.flow.resume_reading()
        return pieces, self.cycle.more_body

    def take(self) -> list[bytes]:
        """What has been gathered."""
        pieces, self.pieces, self.gathered = self.pieces, [], 0
        return pieces

    def abandon(self) -> None:
        """Hang up at once: the client is gone, or might as well be."""
        self.cycle.disconnected = True
        self.cycle.transport.abort()

    @property
    def is_ending(self) -> bool:
        """Whether the server stops; an answer without an end should come to one."""
        return self.connection.is_ending

    @property
    def is_gone(self) -> bool:
        """Whether the client went away."""
        return bool(self.cycle.disconnected or self.cycle.transport.is_closing())


class Parting:
    """A transport as an answer sees it: closing it lets the client finish its sentence."""

    def __init__(self, connection: "HubProtocol") -> None:
        self._connection = connection

    def close(self) -> None:
        """Close once the client has heard us."""
        self._connection.part()

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's."""
        return getattr(self._connection.transport, name)


class HubProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exchange: Exchange | None = None
        self.is_lent = False  # a thread has the socket, and minds the time itself
        self.is_ending = False  # the server stops, and waits for what has begun
        self._head_since: float | None = self.loop.time()
        self._head_bytes = 0
        self._is_message_complete = True
        self._problem = BAD_REQUEST
        self._received = 0
        self._resumed = 0
        self._skipping = 0  # bytes of a body that nobody wants any more
        self._parting = 0  # how much more we read before we hang up on who still sends
        self._reading: Progress | None = None
        self._writing: Progress | None = None

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        self._received += len(data)
        if self._parting:
            self._unset_keepalive_if_required()
            self._parting = max(self._parting - len(data), 0)
            if not self._parting:
                self.transport.close()
            return
        if self._skipping:
            data = self._skipped(data)
            if not data:
                return
        if self._head_since is None and self._is_message_complete:
            self._head_since = self.loop.time()  # whatever this is, a head must come of it
        super().data_received(data)
        if self._head_since is not None and not self._is_message_complete:
            self._head_bytes += len(data)
            if self._head_bytes > 2 * HEAD_BYTES_MAX:  # one line without an end
                self._problem = 431
                self.send_400_response("")

    def shutdown(self) -> None:
        """The server stops: close at once where nothing is under way."""
        self.is_ending = True
        super().shutdown()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head_bytes = 0
        self._is_message_complete = False

    def on_url(self, url: bytes) -> None:
        """A piece of the request's URL."""
        super().on_url(url)
        if len(self.url) > URL_BYTES_MAX:
            self._problem = 414
            raise HeadTooLargeError

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > HEAD_BYTES_MAX:
            self._problem = 431
            raise HeadTooLargeError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there: the application starts, once this call has returned."""
        self._head_since = None
        self._reading = None
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self.cycle.transport = cast("asyncio.Transport", Parting(self))
            self.exchange = Exchange(self, self.cycle)
            extensions: dict[str, Any] = {EXTENSION: self.exchange}
            self.scope["extensions"] = extensions

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        exchange = self.exchange
        if exchange is not None:
            exchange.arrived += len(body)
        if exchange is None or not exchange.is_collecting or exchange.cycle.response_complete:
            super().on_body(body)
        else:
            exchange.gather(body)

    def on_message_complete(self) -> None:
        """The request is there, body and all."""
        self._is_message_complete = True
        super().on_message_complete()

    def part(self) -> None:
        """Hang up after an answer, but not on a client that still sends.

        Closing with its bytes unread would make its kernel drop our answer, unread as well.
        """
        is_sending = not self._is_message_complete and not self.cycle.waiting_for_100_continue
        if not is_sending or self.transport.is_closing():
            self.transport.close()
            return
        self._parting = PARTING_BYTES_MAX
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def skip(self, remaining: int) -> None:
        """After a loan: `remaining` bytes of the body are to come, and the parser knows of none."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._skipping = remaining
        self._is_message_complete = not remaining
        self.cycle.more_body = False
        self.cycle.message_event.set()
        self.flow.resume_reading()

    def _skipped(self, data: bytes) -> bytes:
        count = min(self._skipping, len(data))
        self._skipping -= count
        self._is_message_complete = not self._skipping
        return data[count:]

    def resume_writing(self) -> None:
        """The client has read some of what we sent."""
        self._resumed += 1
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read, and hang up; in the middle of an answer, only hang up."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering or self.transport.is_closing():
            self.transport.close()
        elif self._problem == BAD_REQUEST:
            super().send_400_response(msg)
        else:
            body = b"The head of this request is too large."
            head = STATUS_LINE[self._problem] + b"content-type: text/plain; charset=utf-8\r\n"
            length = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body)
            self.transport.write(head + length + body)
            self.transport.close()

    def look_over(self, now: float) -> None:
        """Drop the connection if its client keeps us waiting."""
        if self.is_lent or self.transport is None:
            return
        if self._head_since is not None and (self.cycle is None or self.cycle.response_complete):
            if now - self._head_since > HEAD_SECONDS:
                self.transport.abort()
        elif self._is_reading_stalled(now) or self._is_writing_stalled(now):
            self.transport.abort()

    def _is_reading_stalled(self, now: float) -> bool:
        waiting = self.cycle is not None and self.cycle.waiting_for_100_continue
        if self._is_message_complete or self.flow.read_paused or waiting:
            self._reading = None
            return False
        if self._reading is None:
            self._reading = Progress(now, self._received)
        return self._reading.stalled(self._received, now)

    def _is_writing_stalled(self, now: float) -> bool:
        buffered = self.transport.get_write_buffer_size()
        if not buffered:
            self._writing = None
            return False
        sent = self._resumed * STALL_BYTES_MIN - buffered - unsent(self.transport)
        if self._writing is None:
            self._writing = Progress(now, sent)
        return self._writing.stalled(sent, now)


def unsent(transport: asyncio.BaseTransport) -> int:
    """How many bytes the kernel holds that the client has not acknowledged."""
    connected = transport.get_extra_info("socket")
    return 0 if connected is None else unsent_of(connected.fileno())


def unsent_of(descriptor: int) -> int:
    """The same, of a socket's descriptor."""
    try:
        return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.TIOCOUTQ, b"\0" * 4))[0])
    except (OSError, ValueError):
        return 0
