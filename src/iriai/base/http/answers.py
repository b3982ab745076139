"""Answering GET and HEAD with bytes that have a size and a name: whole, by range, or not at all.

A `Source` is where the bytes are: a file, an object of a store, or anything that can be streamed
by range (`Stream`). `answer` reads the request's `Range`, `If-Range` and `If-None-Match` and sends
200, 206 (one range, or `multipart/byteranges`), 304 or 416.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from iriai.base.http import ranges
from iriai.base.http.sending import Headers, Scope, Send, read_file, send_file
from iriai.base.stores.protocol import Store


class Source(Protocol):
    """Bytes of a known size, wherever they are."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def pieces(self, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes `[start, end)`, in pieces."""
        ...

    async def send(
        self, scope: Scope, send: Send, span: ranges.Span, status: int, headers: Headers
    ) -> None:
        """Send a whole answer with the bytes of `span`; the length is added to `headers`."""
        ...


@dataclass(frozen=True, slots=True)
class File:
    """A file of this machine."""

    path: Path
    size: int

    def pieces(self, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes `[start, end)`, read in a thread."""
        return read_file(self.path, start, end)

    async def send(
        self, scope: Scope, send: Send, span: ranges.Span, status: int, headers: Headers
    ) -> None:
        """Send from the file without a byte passing through Python, where that can be."""
        await send_file(scope, send, self.path, span.start, span.end, status, headers)


@dataclass(frozen=True, slots=True)
class Stream:
    """Bytes that `open_range(start, end)` makes as they are asked for."""

    size: int
    open_range: Callable[[int, int], AsyncIterator[bytes]]

    def pieces(self, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes `[start, end)`."""
        return self.open_range(start, end)

    async def send(
        self, scope: Scope, send: Send, span: ranges.Span, status: int, headers: Headers
    ) -> None:
        """Send piece by piece; nothing is sent before the first piece is there."""
        length = (b"content-length", b"%d" % span.length)
        start = {"type": "http.response.start", "status": status, "headers": [*headers, length]}
        if scope["method"] != "HEAD" and span.length:
            pieces = self.open_range(span.start, span.end)
            first = await anext(pieces)
            await send(start)
            await send({"type": "http.response.body", "body": first, "more_body": True})
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        else:
            await send(start)
        await send({"type": "http.response.body", "body": b""})


def source_of(store: Store, key: str, size: int) -> Source:
    """The object under `key`, which has `size` bytes."""
    path = store.local_path(key)
    if path is not None:
        return File(path, size)
    return Stream(size, lambda start, end: _threaded(store.stream(key, start, end)))


async def answer(
    scope: Scope,
    send: Send,
    source: Source,
    *,
    etag: str,
    content_type: str,
    headers: Headers = (),
) -> None:
    """Answer a GET or HEAD with what it asks of `source`; `etag` is quoted, and strong."""
    named = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if scope["method"] == "HEAD":
        named.pop("range", None)  # of HEAD, the RFC knows no ranges
    asked = ranges.asked(named, source.size, etag)
    common = [*headers, (b"etag", etag.encode()), (b"accept-ranges", b"bytes")]
    typed = (b"content-type", content_type.encode())
    if asked.status == 304:  # noqa: PLR2004 - HTTP's own numbers here
        await _empty(send, 304, common)
    elif asked.status == 416:  # noqa: PLR2004
        outside = (b"content-range", b"bytes */%d" % source.size)
        await _empty(send, 416, [*common, outside, (b"content-length", b"0")])
    elif len(asked.spans) > 1:
        frame = ranges.Multipart(asked.spans, source.size, content_type, secrets.token_hex(16))
        await _send_parts(scope, send, source, frame, common)
    else:
        span = asked.spans[0]
        if asked.status == 206:  # noqa: PLR2004
            common.append((b"content-range", span.content_range(source.size).encode()))
        await source.send(scope, send, span, asked.status, [*common, typed])


async def _empty(send: Send, status: int, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": b""})


async def _send_parts(
    scope: Scope, send: Send, source: Source, frame: ranges.Multipart, headers: Headers
) -> None:
    typed = (b"content-type", frame.media_type.encode())
    length = (b"content-length", b"%d" % frame.length)
    await send({"type": "http.response.start", "status": 206, "headers": [*headers, typed, length]})
    if scope["method"] != "HEAD":
        for span in frame.spans:
            head = frame.head(span)
            await send({"type": "http.response.body", "body": head, "more_body": True})
            async for piece in source.pieces(span.start, span.end):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": frame.end, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _threaded(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces of a blocking iterator, each waited for in a thread."""
    try:
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece
    finally:
        close: Any = getattr(pieces, "close", None)
        if close is not None:
            await asyncio.to_thread(close)
