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


def file_hash(hashes: bytes, lengths: Sequence[int]) -> bytes:
    """The name of the file made of these chunks; all zeros for an empty one."""
    if not lengths:
        return bytes(HASH_BYTES)
    return blake3(merkle_root(hashes, lengths), key=FILE_KEY).digest()


def merkle_root(hashes: bytes, lengths: Sequence[int]) -> bytes:
    """The root over chunks given by their hashes, laid end to end, and raw lengths.

    A single chunk is its own root, nothing at all is zeros.
    """
    if not lengths:
        return bytes(HASH_BYTES)
    while len(lengths) > 1:
        hashes, lengths = _level_above(hashes, lengths)
    return hashes


def _level_above(hashes: bytes, lengths: Sequence[int]) -> tuple[bytes, list[int]]:
    """One level of the tree from the one below."""
    count = len(lengths)
    words = struct.unpack(f"<{4 * count}Q", hashes)
    text = struct.pack(f">{4 * count}Q", *words).hex()
    low_bytes = hashes[LAST_WORD::HASH_BYTES]
    parents: list[bytes] = []
    sums: list[int] = []
    start = 0
    while start < count:
        end = _branch_end(low_bytes, start, count)
        lines = [
            f"{text[HASH_DIGITS * child : HASH_DIGITS * (child + 1)]} : {lengths[child]}\n"
            for child in range(start, end)
        ]
        parents.append(blake3("".join(lines).encode(), key=NODE_KEY).digest())
        sums.append(sum(lengths[start:end]))
        start = end
    return b"".join(parents), sums


def _branch_end(low_bytes: bytes, start: int, count: int) -> int:
    """Where the branch that begins at `start` ends."""
    left = count - start
    if left <= BRANCH_MIN:
        return count
    end = min(BRANCH_MAX, left)
    for child in range(BRANCH_MIN, end):
        if low_bytes[start + child] % BRANCH_ENDS == 0:
            return start + child + 1
    return start + end
