"""The hashes of Xet, all BLAKE3 with a key that says what was hashed.

A chunk is hashed on its raw bytes. Chunks are gathered into a Merkle tree whose branches end where
a child's hash says so, and a xorb is named by the root over its chunks; a file by the keyed root
over its own. So a file's name depends on its chunks only, never on the xorbs they lie in.

A hash is 32 bytes; written out (in URLs, JSON and our tables) it is four little-endian words, each
printed as a number. SHA-256 digests inside shards are turned about in the same way.
"""

import struct
from collections.abc import Sequence

from blake3 import blake3

from iriai.base.errors import Invalid

HASH_BYTES = 32
HASH_DIGITS = 64

CHUNK_KEY = bytes.fromhex("6697f5775b9550de3135cbaca597181c9de421109beb2b58b4d0b04b93adf229")
NODE_KEY = bytes.fromhex("017ec5c7a5472996fd946666b48a02e65ddd536f37c76dd2f86352e64a53713f")
TERM_KEY = bytes.fromhex("7f1857d6ce56ed66127ff913e7a5c3f3a4cd26d5b5db49e64124987f28fb94c3")
FILE_KEY = bytes(HASH_BYTES)

BRANCH_MIN = 2
BRANCH_MAX = 9
BRANCH_ENDS = 4
"""A branch ends after a child whose hash's last word this divides."""

SETTLE_AT = 4096
"""How many nodes of a level may wait before those are gathered whose branch is certain."""

LAST_WORD = 24
"""Where a hash's last word begins; little-endian, so its low byte is there too."""

_LITTLE = struct.Struct("<4Q")
_BIG = struct.Struct(">4Q")


def to_hex(digest: bytes) -> str:
    """A hash as Xet writes it."""
    return _BIG.pack(*_LITTLE.unpack(digest)).hex()


def from_hex(text: str) -> bytes:
    """The hash that was written so; `Invalid` for anything but 64 lower-case hex digits."""
    if len(text) != HASH_DIGITS or not all(digit in "0123456789abcdef" for digit in text):
        raise Invalid("A hash is written with 64 lower-case hexadecimal digits.", code="BadHash")
    return _LITTLE.pack(*_BIG.unpack(bytes.fromhex(text)))


def chunk_hash(raw: bytes | memoryview) -> bytes:
    """The hash of a chunk's raw bytes."""
    return blake3(raw, key=CHUNK_KEY).digest()


def term_hash(chunk_hashes: bytes) -> bytes:
    """What a shard must say of a term: the hash over the hashes of its chunks, laid end to end."""
    return blake3(chunk_hashes, key=TERM_KEY).digest()


def keyed_hash(digest: bytes, key: bytes) -> bytes:
    """A chunk's hash under another key: comparable by who has the chunk, useless to who has not."""
    return blake3(digest, key=key).digest()


def last_word(digest: bytes) -> int:
    """The last of a hash's four words."""
    return int.from_bytes(digest[LAST_WORD:], "little")


def merkle_root(hashes: bytes, lengths: Sequence[int]) -> bytes:
    """The root over chunks given by their hashes, laid end to end, and raw lengths."""
    tree = MerkleTree()
    tree.add(hashes, lengths)
    return tree.root()


def file_hash(hashes: bytes, lengths: Sequence[int]) -> bytes:
    """The name of the file made of these chunks; all zeros for an empty one."""
    tree = MerkleTree()
    tree.add(hashes, lengths)
    return tree.file_hash()


class MerkleTree:
    """A tree that grows chunk by chunk and keeps only what is not yet under a finished branch."""

    def __init__(self) -> None:
        self._levels: list[tuple[bytearray, list[int]]] = [(bytearray(), [])]

    def add(self, hashes: bytes, lengths: Sequence[int], level: int = 0) -> None:
        """Add chunks (or, on a higher level, branches), hashes laid end to end."""
        if level == len(self._levels):
            self._levels.append((bytearray(), []))
        waiting, sizes = self._levels[level]
        waiting += hashes
        sizes += lengths
        if len(sizes) >= SETTLE_AT:
            self._settle(level, keep=BRANCH_MAX - 1)

    def file_hash(self) -> bytes:
        """The name of the file made of these chunks; all zeros for an empty one."""
        root = self.root()
        return blake3(root, key=FILE_KEY).digest() if any(root) else root

    def root(self) -> bytes:
        """The root over all chunks. A single one is its own root; over nothing it is zeros."""
        level = 0
        while level + 1 < len(self._levels) or len(self._levels[level][1]) > 1:
            self._settle(level, keep=0)
            level += 1
        return bytes(self._levels[level][0]) or bytes(HASH_BYTES)

    def _settle(self, level: int, *, keep: int) -> None:
        """Gather what waits on a level into branches, while more than `keep` are left."""
        waiting, sizes = self._levels[level]
        count = len(sizes)
        words = struct.unpack(f"<{4 * count}Q", waiting)
        text = struct.pack(f">{4 * count}Q", *words).hex()
        low_bytes = waiting[LAST_WORD::HASH_BYTES]
        parents: list[bytes] = []
        sums: list[int] = []
        start = 0
        while count - start > keep:
            end = _branch_end(low_bytes, start, count)
            lines = [
                f"{text[HASH_DIGITS * child : HASH_DIGITS * (child + 1)]} : {sizes[child]}\n"
                for child in range(start, end)
            ]
            parents.append(blake3("".join(lines).encode(), key=NODE_KEY).digest())
            sums.append(sum(sizes[start:end]))
            start = end
        del waiting[: HASH_BYTES * start], sizes[:start]
        self.add(b"".join(parents), sums, level + 1)


def _branch_end(low_bytes: bytes | bytearray, start: int, count: int) -> int:
    """Where the branch that begins at `start` ends."""
    left = count - start
    if left <= BRANCH_MIN:
        return count
    end = min(BRANCH_MAX, left)
    for child in range(BRANCH_MIN, end):
        if low_bytes[start + child] % BRANCH_ENDS == 0:
            return start + child + 1
    return start + end
