"""The chunk table of a xorb: what each chunk hashes to, and where it ends, stored and raw.

Kept with each xorb in the database (40 bytes per chunk), it answers everything that is asked of a
xorb without opening it: which bytes hold chunks 7 to 12, how long they are raw, what they hash to.
"""

import sys
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from iriai.base.errors import Invalid
from iriai.blobs.xet.hashes import HASH_BYTES, merkle_root

BORDER_BYTES = 4
ROW_BYTES = HASH_BYTES + 2 * BORDER_BYTES


@dataclass(frozen=True, slots=True)
class ChunkTable:
    """The chunks of one xorb, in order: `ends` count in its body, `raw_ends` in its content."""

    hashes: bytes
    ends: Sequence[int]
    raw_ends: Sequence[int]

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def body_bytes(self) -> int:
        """How long the xorb is, stored."""
        return self.ends[-1]

    @property
    def raw_bytes(self) -> int:
        """How much content it holds."""
        return self.raw_ends[-1]

    def root(self) -> bytes:
        """The hash that names the xorb."""
        return merkle_root(self.hashes, self.lengths(0, len(self)))

    def hash(self, chunk: int) -> bytes:
        """The hash of one chunk."""
        return self.hashes[HASH_BYTES * chunk : HASH_BYTES * (chunk + 1)]

    def hashes_of(self, start: int, end: int) -> bytes:
        """The hashes of chunks `start` to `end`, exclusive, laid end to end."""
        return self.hashes[HASH_BYTES * start : HASH_BYTES * end]

    def start(self, chunk: int) -> int:
        """Where a chunk begins in the body, header included."""
        return self.ends[chunk - 1] if chunk else 0

    def raw_start(self, chunk: int) -> int:
        """Where a chunk begins in the content."""
        return self.raw_ends[chunk - 1] if chunk else 0

    def raw_length(self, start: int, end: int) -> int:
        """How much content chunks `start` to `end`, exclusive, hold."""
        return self.raw_start(end) - self.raw_start(start)

    def lengths(self, start: int, end: int) -> list[int]:
        """The raw lengths of chunks `start` to `end`, exclusive."""
        borders = [self.raw_start(start), *self.raw_ends[start:end]]
        return [after - before for before, after in pairwise(borders)]

    def chunk_at(self, raw_offset: int) -> int:
        """The chunk that holds this byte of the content."""
        return bisect_right(self.raw_ends, raw_offset)

    def pack(self) -> bytes:
        """The table as kept: all hashes, then all ends, then all raw ends."""
        return self.hashes + _packed(self.ends) + _packed(self.raw_ends)

    @classmethod
    def unpack(cls, packed: bytes) -> "ChunkTable":
        """The table that was kept so."""
        count, rest = divmod(len(packed), ROW_BYTES)
        if rest or not count:
            raise Invalid("This is not a chunk table.")
        ends = HASH_BYTES * count
        raw_ends = ends + BORDER_BYTES * count
        return cls(packed[:ends], _unpacked(packed[ends:raw_ends]), _unpacked(packed[raw_ends:]))


def _packed(borders: Sequence[int]) -> bytes:
    """Numbers as little-endian 32-bit words."""
    words = array("I", borders)
    if sys.byteorder == "big":
        words.byteswap()
    return words.tobytes()


def _unpacked(packed: bytes) -> Sequence[int]:
    """The numbers back, four bytes each in memory too."""
    words = array("I")
    words.frombytes(packed)
    if sys.byteorder == "big":
        words.byteswap()
    return words
