"""Receiving the body of a request into a file, hashed while it is written.

Pieces are gathered into batches of about a megabyte; while the next one arrives, one thread
writes a batch and another hashes it. The kernel is told to start writing early, so that the
`fdatasync` at the end, without which nothing is acknowledged, has little left to do. Memory is
bounded by three batches an upload.
"""

import asyncio
import ctypes
import hashlib
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from iriai.base.errors import Excessive, Invalid
from iriai.base.http.protocol import BATCH_BYTES, EXTENSION, Exchange
from iriai.base.stores import durable

Receive = Callable[[], Awaitable[Any]]

THREADS_MAX = 16
FLUSH_BYTES = 16 << 20
SYNC_FILE_RANGE_WRITE = 2
IOV_MAX = 512

_threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="receive")
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Hash(Protocol):
    """Anything that is told of all the bytes in order, such as hashlib's or blake3's objects."""

    def update(self, data: bytes, /) -> object:
        """The next bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """What arrived."""

    size: int
    sha256: str


async def receive_file(
    receive: Receive,
    path: Path,
    *,
    size_max: int,
    size: int | None = None,
    sha256: bool = True,
    hashes: Sequence[Hash] = (),
    scope: Mapping[str, Any] | None = None,
) -> Received:
    """Write the body to a new file at `path`, durable once this returns; on failure it is removed.

    `Excessive` past `size_max`; `Invalid` where the client breaks off or sends other than `size`
    bytes; `Unavailable` where the disk is full or fails. With the request's `scope`, a body on our
    own server takes a shorter way. Without `sha256`, what is received has none.
    """
    require_acceptable(scope, size_max, size)
    limit = size_max if size is None else min(size, size_max)
    arrival = _Arrival(path, limit, list(hashes), hashlib.sha256() if sha256 else None)
    try:
        await _in_thread(arrival.open)
        async with aclosing(_batches(receive, scope)) as batches:
            async for pieces in batches:
                await arrival.take(pieces)
        received = await arrival.finish()
        if size is not None and received.size != size:
            raise Invalid(
                f"The upload has {received.size} bytes, not {size} as announced.",
                code="SizeMismatch",
            )
    except BaseException:
        await arrival.discard()
        raise
    return received


def require_acceptable(
    scope: Mapping[str, Any] | None, size_max: int, size: int | None = None
) -> None:
    """Refuse a body that announces a wrong length, before a client that asks first sends it."""
    announced = dict(scope["headers"]).get(b"content-length") if scope else None
    if announced is None:
        return
    length = int(announced)
    if length > size_max:
        raise too_large(size_max)
    if size is not None and length != size:
        raise Invalid(f"The upload would have {length} bytes, not {size}.", code="SizeMismatch")


def too_large(size_max: int) -> Excessive:
    """What to raise for a body over the limit."""
    return Excessive(f"The upload is larger than the {size_max} bytes allowed.", code="TooLarge")


async def _batches(
    receive: Receive, scope: Mapping[str, Any] | None
) -> AsyncGenerator[list[bytes], None]:
    exchange = _exchange(scope)
    more = True
    if exchange is not None:
        exchange.collect()
        while more:
            pieces, more = await exchange.batch()
            if more and exchange.is_gone:
                raise broken_off()
            yield pieces
        return
    pieces, gathered = [], 0
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise broken_off()
        more = message.get("more_body", False)
        pieces.append(message.get("body", b""))
        gathered += len(pieces[-1])
        if gathered >= BATCH_BYTES or not more:
            yield pieces
            pieces, gathered = [], 0


def _exchange(scope: Mapping[str, Any] | None) -> Exchange | None:
    extensions = (scope or {}).get("extensions") or {}
    return extensions.get(EXTENSION)


def broken_off() -> Invalid:
    """What to raise when the client went away in the middle of a body."""
    return Invalid("The upload broke off before its end.", code="UploadIncomplete")


@dataclass(slots=True)
class _Arrival:
    """A file that is being received."""

    path: Path
    size_max: int
    hashes: list[Hash]
    sha256: Any
    size: int = 0
    descriptor: int = -1
    flushed: int = 0
    work: "asyncio.Future[Any] | None" = None

    def open(self) -> None:
        """Make the file, where there is room."""
        with durable.disk_errors("The upload could not be kept"):
            durable.require_room(self.path.parent)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self.descriptor = os.open(self.path, flags, 0o644)

    async def take(self, pieces: list[bytes]) -> None:
        """Write and hash `pieces` once those before them are done."""
        length = sum(map(len, pieces))
        if self.size + length > self.size_max:
            raise too_large(self.size_max)
        await self._settle()
        self.work = asyncio.gather(
            _in_thread(self._write, pieces, self.size), _in_thread(self._hash, pieces)
        )
        self.size += length

    async def finish(self) -> Received:
        """Make the bytes durable and say what they are."""
        await self._settle()
        await _in_thread(self._sync)
        return Received(self.size, self.sha256.hexdigest() if self.sha256 else "")

    async def discard(self) -> None:
        """Leave nothing behind."""
        with suppress(Exception):
            await self._settle()
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
            self.path.unlink(missing_ok=True)

    async def _settle(self) -> None:
        if self.work is not None:
            work, self.work = self.work, None
            await work

    def _hash(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            if self.sha256 is not None:
                self.sha256.update(piece)
            for each in self.hashes:
                each.update(piece)

    def _write(self, pieces: list[bytes], position: int) -> None:
        with durable.disk_errors("The upload could not be kept"):
            for first in range(0, len(pieces), IOV_MAX):
                few = pieces[first : first + IOV_MAX]
                length = sum(map(len, few))
                written = os.pwritev(self.descriptor, few, position)
                if written < length:  # a full disk, most often: the next call says so
                    rest = memoryview(b"".join(few))
                    while written < length:
                        written += os.pwrite(self.descriptor, rest[written:], position + written)
                position += length
            if position - self.flushed >= FLUSH_BYTES:
                self._write_back(position)

    def _write_back(self, position: int) -> None:
        """Have the kernel start writing to the platter, and see that room is left."""
        durable.require_room(self.path.parent)
        if _libc is not None and hasattr(_libc, "sync_file_range"):
            _libc.sync_file_range(
                self.descriptor,
                ctypes.c_int64(self.flushed),
                ctypes.c_int64(position - self.flushed),
                SYNC_FILE_RANGE_WRITE,
            )
        self.flushed = position

    def _sync(self) -> None:
        with durable.disk_errors("The upload could not be kept"):
            os.fdatasync(self.descriptor)
            os.close(self.descriptor)
            self.descriptor = -1


async def _in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run `function` in a thread and see it end, even when we are cancelled meanwhile."""
    future = asyncio.get_running_loop().run_in_executor(_threads, function, *arguments)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise
