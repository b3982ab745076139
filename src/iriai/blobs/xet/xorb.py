"""Xorbs: up to 64 MiB of chunks, each with its header, packed one after another.

A chunk is eight bytes of header and its payload, stored as it is, as an LZ4 frame, or as an LZ4
frame over its bytes regrouped by their place in a 4-byte word (which suits floating point). Clients
before 1.1.4 add a footer; it repeats what we compute, and holds hashes that must not leave the hub,
so reading stops before it and what is kept never has one.

All of it comes from outside: every length is checked before it is believed, and decompression stops
one byte past what the header promised.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from lz4.frame import LZ4FrameDecompressor

from iriai.base.errors import Excessive, Invalid
from iriai.blobs.xet.chunks import ChunkTable
from iriai.blobs.xet.hashes import chunk_hash

CHUNK_RAW_MAX = 128 * 1024
CHUNK_PACKED_MAX = 256 * 1024
XORB_CHUNKS_MAX = 8192
XORB_RAW_MAX = 64 * 1024 * 1024

HEADER_BYTES = 8
SCHEME_AT = 4
READ_BYTES = 1024 * 1024
XORB_BODY_MAX = XORB_RAW_MAX + XORB_CHUNKS_MAX * HEADER_BYTES
"""What incompressible chunks come to: their headers may take a xorb past 64 MiB."""

FOOTER_BYTES_MAX = 1024 * 1024
FOOTER_MARK = b"XETBLOB"
CHUNK_VERSION = 0

STORED, LZ4, REGROUPED_LZ4 = 0, 1, 2
GROUPS = 4


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before a chunk's payload."""

    packed: int
    scheme: int
    raw: int


def header(data: bytes | bytearray | memoryview) -> Header:
    """A chunk's header, believed only within its limits."""
    if data[0] != CHUNK_VERSION:
        raise Invalid(f"This xorb has a chunk of version {data[0]}; this hub reads version 0.")
    found = Header(
        packed=int.from_bytes(data[1:4], "little"),
        scheme=data[4],
        raw=int.from_bytes(data[5:8], "little"),
    )
    if not 0 < found.raw <= CHUNK_RAW_MAX:
        raise Invalid(f"A chunk holds 1 to {CHUNK_RAW_MAX} bytes; this one says {found.raw}.")
    if not 0 < found.packed <= CHUNK_PACKED_MAX:
        raise Invalid(f"A chunk is stored in at most {CHUNK_PACKED_MAX} bytes, not {found.packed}.")
    return found


def unpack(head: Header, payload: bytes | memoryview) -> bytes | memoryview:
    """A chunk's raw bytes, exactly as many as its header promised."""
    if head.scheme == STORED:
        raw = payload
    elif head.scheme == LZ4:
        raw = _decompress(payload, head.raw)
    elif head.scheme == REGROUPED_LZ4:
        raw = _ungroup(_decompress(payload, head.raw))
    else:
        raise Invalid(f"This hub knows no compression scheme {head.scheme}.")
    if len(raw) != head.raw:
        raise Invalid("A chunk is not as long as its header says.")
    return raw


def _decompress(payload: bytes | memoryview, raw_bytes: int) -> bytes:
    """An LZ4 frame's content; one that holds more than promised is never unpacked further."""
    frame: Any = LZ4FrameDecompressor()
    try:
        raw: bytes = frame.decompress(payload, max_length=raw_bytes + 1)
    except (RuntimeError, ValueError, EOFError) as error:
        raise Invalid("A chunk is not a sound LZ4 frame.") from error
    if not frame.eof or frame.unused_data:
        raise Invalid("A chunk's LZ4 frame does not end where its header says.")
    return raw


def _ungroup(grouped: bytes) -> bytes:
    """Bytes back from their four groups to the order they had."""
    raw = bytearray(len(grouped))
    start = 0
    for place in range(GROUPS):
        size = (len(grouped) + GROUPS - 1 - place) // GROUPS
        raw[place::GROUPS] = grouped[start : start + size]
        start += size
    return bytes(raw)


class XorbReader:
    """Reads a xorb piece by piece as it arrives, unpacks and hashes each chunk, believes nothing.

    `update` raises `Invalid` or `Excessive` at the first thing that is not as it must be; `table`
    says, at the end, what the xorb holds. Never keeps more than one chunk.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._footer = False
        self._hashes = bytearray()
        self._ends: list[int] = []
        self._raw_ends: list[int] = []
        self._body = self._raw = 0

    def update(self, data: bytes | memoryview) -> None:
        """The next bytes."""
        view = memoryview(data)
        while self._rest and view and not self._footer:
            view = self._complete(view)
        while len(view) >= HEADER_BYTES and not self._footer:
            length = self._length(view)
            if length > len(view):
                break
            if length:
                self._take(view[:length])
                view = view[length:]
        if not self._footer:
            self._rest += view

    def table(self) -> ChunkTable:
        """What it holds, once all of it has come."""
        if self._rest:
            raise Invalid("This xorb ends within a chunk.")
        if not self._ends:
            raise Invalid("This xorb holds no chunk.")
        return ChunkTable(bytes(self._hashes), self._ends, self._raw_ends)

    def _complete(self, view: memoryview) -> memoryview:
        """Fill up a header, or a chunk, that came in two pieces; what is left of `view`."""
        wanted = HEADER_BYTES
        if len(self._rest) >= HEADER_BYTES:
            wanted = self._length(self._rest)
        missing = wanted - len(self._rest)
        self._rest += view[:missing]
        if len(self._rest) >= HEADER_BYTES and len(self._rest) == self._length(self._rest):
            self._take(memoryview(bytes(self._rest)))
            self._rest.clear()
        return view[missing:]

    def _length(self, start: bytearray | memoryview) -> int:
        """How long the chunk is that starts so, header and all; 0 where the footer begins."""
        if bytes(start[: len(FOOTER_MARK)]) == FOOTER_MARK:
            self._footer = True
            self._rest.clear()
            return 0
        return HEADER_BYTES + header(start).packed

    def _take(self, chunk: memoryview) -> None:
        """A whole chunk."""
        head = header(chunk)
        if len(self._ends) == XORB_CHUNKS_MAX:
            raise Excessive(f"A xorb holds at most {XORB_CHUNKS_MAX} chunks.")
        if self._raw + head.raw > XORB_RAW_MAX:
            raise Excessive(f"A xorb holds at most {XORB_RAW_MAX} bytes of content.")
        self._hashes += chunk_hash(unpack(head, chunk[HEADER_BYTES:]))
        self._body += len(chunk)
        self._raw += head.raw
        self._ends.append(self._body)
        self._raw_ends.append(self._raw)


def read(source: BinaryIO) -> ChunkTable:
    """Read a xorb through and say what it holds."""
    reader = XorbReader()
    while piece := source.read(READ_BYTES):
        reader.update(piece)
    return reader.table()


def known_contents(
    piece: memoryview, table: ChunkTable, start: int, end: int
) -> Iterator[bytes | memoryview]:
    """The raw bytes of chunks `start` to `end`, whose borders are known and need no checking."""
    base = table.start(start)
    place = 0
    for chunk in range(start, end):
        stop = table.ends[chunk] - base
        scheme = piece[place + SCHEME_AT]
        payload = piece[place + HEADER_BYTES : stop]
        if scheme == STORED:
            yield payload
        else:
            yield unpack(Header(len(payload), scheme, table.raw_length(chunk, chunk + 1)), payload)
        place = stop


def contents(piece: memoryview) -> Iterator[bytes | memoryview]:
    """The raw bytes of each chunk of a piece of xorb that begins and ends at chunk borders."""
    place = 0
    while place < len(piece):
        if len(piece) - place < HEADER_BYTES:
            raise Invalid("This piece of xorb ends within a chunk's header.")
        head = header(piece[place : place + HEADER_BYTES])
        place += HEADER_BYTES
        if len(piece) - place < head.packed:
            raise Invalid("This piece of xorb ends within a chunk.")
        yield unpack(head, piece[place : place + head.packed])
        place += head.packed
