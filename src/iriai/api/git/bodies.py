"""What a git client sends: perhaps gzipped, perhaps chunked, read piece by piece and bounded."""

import zlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.requests import Request

from iriai.api.door import in_thread
from iriai.api.git import packets
from iriai.base.errors import Excessive, Invalid

PIECE_BYTES = 1 << 20
LINES_MAX = 10_000


class Body:
    """A request's body as bytes to be read in order."""

    def __init__(self, request: Request, *, bytes_max: int) -> None:
        self._pieces = _inflated(request, bytes_max)
        self._buffer = bytearray()
        self._ended = False

    async def _more(self) -> bool:
        if self._ended:
            return False
        piece = await anext(self._pieces, None)
        if piece is None:
            self._ended = True
            return False
        self._buffer += piece
        return True

    async def _exactly(self, length: int) -> bytes:
        while len(self._buffer) < length:
            if not await self._more():
                raise Invalid("This request of git's ends too early.")
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    async def lines(self) -> list[bytes]:
        """The packets up to the first flush."""
        found: list[bytes] = []
        while length := packets.length_of(await self._exactly(4)):
            found.append(await self._exactly(length - 4))
            if len(found) > LINES_MAX:
                raise Excessive("This request of git's is too long.")
        return found

    async def whole(self, length_max: int) -> bytes | None:
        """All of it, if it is no longer than that; it stays to be read."""
        while len(self._buffer) <= length_max:
            if not await self._more():
                return bytes(self._buffer)
        return None

    async def rest(self) -> AsyncIterator[bytes]:
        """All that is left."""
        while self._buffer or await self._more():
            piece = bytes(self._buffer)
            self._buffer.clear()
            yield piece

    async def save(self, path: Path) -> int:
        """Write all that is left to a file. Returns how many bytes."""
        size = 0
        with path.open("wb", buffering=0) as file:
            pending = bytearray()
            async for piece in self.rest():
                pending += piece
                if len(pending) >= PIECE_BYTES:
                    size += await in_thread(file.write, bytes(pending))
                    pending.clear()
            if pending:
                size += await in_thread(file.write, bytes(pending))
        return size


async def _inflated(request: Request, bytes_max: int) -> AsyncIterator[bytes]:
    """The body's pieces, unzipped where the client zipped them, up to a bound."""
    coding = request.headers.get("content-encoding", "identity").lower()
    if coding not in {"identity", "gzip", "x-gzip", ""}:
        raise Invalid("A body may be gzipped, not otherwise encoded.")
    zipped = zlib.decompressobj(31) if "gzip" in coding else None
    size = 0
    async for piece in request.stream():
        rest = piece
        while rest:
            try:
                plain = zipped.decompress(rest, PIECE_BYTES) if zipped else rest
            except zlib.error:
                raise Invalid("The body says that it is gzipped, but is not.") from None
            rest = zipped.unconsumed_tail if zipped else b""
            size += len(plain)
            if size > bytes_max:
                raise Excessive(f"Git may send at most {bytes_max:,} bytes at once.")
            if plain:
                yield plain
