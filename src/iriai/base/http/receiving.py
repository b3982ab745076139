"""Receiving the body of a request into a file, hashed while it is written.

A body of known length on a connection of ours is read by a thread from the lent socket. Any
other (chunked, small, or under another server) comes through the event loop. Either way the bytes
go to the disk as they come: an upload that stalls holds next to no memory.
"""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from iriai.base.errors import Excessive, Invalid
from iriai.base.http.arrival import Arrival, Hash
from iriai.base.http.lending import in_thread, lendable, lent
from iriai.base.http.protocol import Exchange

Receive = Callable[[], Awaitable[Any]]

THREADS_MAX = 8
LENT_BYTES_MIN = 2 << 20
"""Below this, lending the socket is not worth its trouble."""

_threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="receive")
_in_thread = partial(in_thread, _threads)


@dataclass(frozen=True, slots=True)
class Received:
    """What arrived."""

    size: int
    sha256: str  # empty where it was not asked for


async def receive_file(
    receive: Receive,
    path: Path,
    *,
    size_max: int,
    size: int | None = None,
    hashes: Sequence[Hash] = (),
    sha256: bool = True,
    scope: Mapping[str, Any] | None = None,
) -> Received:
    """Write the body to a new file at `path`, durable once this returns; on failure it is removed.

    `Excessive` past `size_max`; `Invalid` where the client breaks off or sends other than `size`
    bytes; `Unavailable` where the disk is full or fails. With the request's `scope`, a body on our
    own server takes the short way. Without `sha256`, only `hashes` are told of the bytes.
    """
    announced = require_acceptable(scope, size_max, size)
    exchange = lendable(scope)
    digest = hashlib.sha256() if sha256 else None
    arrival = Arrival(path, [*hashes, digest] if digest else hashes)
    try:
        await _in_thread(arrival.open)
        if exchange is not None and announced is not None and announced >= LENT_BYTES_MIN:
            await _borrow(exchange, arrival, announced)
        else:
            await _collect(receive, arrival, exchange, size_max if size is None else size)
        if size is not None and arrival.size != size:
            raise Invalid(f"The upload has {arrival.size} bytes, not {size}.", code="SizeMismatch")
        await _in_thread(arrival.finish)
    except BaseException:
        await _in_thread(arrival.discard)
        raise
    return Received(arrival.size, digest.hexdigest() if digest else "")


def require_acceptable(
    scope: Mapping[str, Any] | None, size_max: int, size: int | None = None
) -> int | None:
    """Refuse a wrong announced length before a client that asks first sends it; that length."""
    announced = dict(scope["headers"]).get(b"content-length") if scope else None
    if announced is None:
        return None
    length = int(announced)
    if length > size_max:
        raise too_large(size_max)
    if size is not None and length != size:
        raise Invalid(f"The upload would have {length} bytes, not {size}.", code="SizeMismatch")
    return length


def too_large(size_max: int) -> Excessive:
    """What to raise for a body over the limit."""
    return Excessive(f"The upload is larger than the {size_max} bytes allowed.", code="TooLarge")


def broken_off() -> Invalid:
    """What to raise when the client went away in the middle of a body."""
    return Invalid("The upload broke off before its end.", code="UploadIncomplete")


async def _borrow(exchange: Exchange, arrival: Arrival, announced: int) -> None:
    """Read the rest of the body from the socket itself, in threads."""
    exchange.collect()
    if exchange.is_gone:
        raise broken_off()
    with lent(exchange) as loan:
        pieces = exchange.take()
        arrival.remaining = announced - exchange.arrived
        try:
            if pieces:
                await _in_thread(arrival.take, pieces)
            if arrival.remaining:
                await loan.turns(_threads, arrival.turn, lambda: -arrival.remaining, writing=False)
        except OSError as error:  # the client hung up, or stalled
            exchange.abandon()
            raise broken_off() from error
        finally:
            exchange.connection.skip(arrival.remaining)


async def _collect(
    receive: Receive, arrival: Arrival, exchange: Exchange | None, size_max: int
) -> None:
    """Take the body as the event loop brings it."""
    batches = _received(receive) if exchange is None else _gathered(exchange)
    arriving = 0
    async with aclosing(batches):
        async for pieces in batches:
            arriving += sum(map(len, pieces))
            if arriving > size_max:
                raise too_large(size_max)
            await _in_thread(arrival.take, pieces)


async def _gathered(exchange: Exchange) -> AsyncGenerator[list[bytes], None]:
    exchange.collect()
    more = True
    while more:
        pieces, more = await exchange.batch()
        if more and exchange.is_gone:
            raise broken_off()
        if pieces:
            yield pieces


async def _received(receive: Receive) -> AsyncGenerator[list[bytes], None]:
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise broken_off()
        more = message.get("more_body", False)
        if message.get("body"):
            yield [message["body"]]
