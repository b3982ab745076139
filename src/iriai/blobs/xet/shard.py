"""Shards: what an upload says it consists of, files first, then the xorbs it sent.

All is made of 48-byte records; a section ends with a record of 0xFF. A file is its terms (a xorb
and a run of its chunks), for each term a hash over its chunks' hashes, and the SHA-256 of the
whole. A xorb is its chunks. What follows the second section (lookup tables, a footer, of older
clients) adds nothing and is not read. Every claim is checked against what the hub itself knows.

The answer to a dedup query is a shard too, with chunk hashes under a key that is in its footer: who
has a chunk can find it there, and who has not learns nothing they could use.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from iriai.base.errors import Excessive, Invalid
from iriai.blobs.xet.chunks import ChunkTable
from iriai.blobs.xet.hashes import HASH_BYTES, keyed_hash, to_hex
from iriai.blobs.xet.xorb import XORB_CHUNKS_MAX

SHARD_BYTES_MAX = 80 * 1024 * 1024
SHARD_FILES_MAX = 200_000
SHARD_TERMS_MAX = 1_000_000
SHARD_CHUNKS_MAX = 16 * 1024**2
"""Chunks that the files of one shard are made of, each as often as it is named: about a terabyte.
Each is a leaf in a file's tree, and one term of 96 bytes can name 8192."""

MAGIC = b"HFRepoMetaData\0" + bytes.fromhex("556967456a7b815783a5bdd95ccdd14aa9")
VERSION = 2
HEADER = struct.Struct("<32sQQ")
RECORD = struct.Struct("<32s4I")
SECTION_END = b"\xff" * HASH_BYTES
HAS_TERM_HASHES = 1 << 31
HAS_SHA256 = 1 << 30
IS_CANDIDATE = 1 << 31
"""On a chunk: the client would like others to find it."""

FOOTER = struct.Struct("<9Q32s2Q6Q4Q")
FOOTER_VERSION = 1


@dataclass(frozen=True, slots=True)
class Term:
    """A run of chunks, `start` to `end` exclusive, of one xorb; `length` is their raw length."""

    xorb: bytes
    start: int
    end: int
    length: int


@dataclass(frozen=True, slots=True)
class ClaimedFile:
    """A file as a shard describes it. None of it is believed yet."""

    hash: bytes
    terms: Sequence[Term]
    term_hashes: Sequence[bytes]
    sha256: str | None

    @property
    def size(self) -> int:
        """How long it would be."""
        return sum(term.length for term in self.terms)


@dataclass(frozen=True, slots=True)
class ClaimedXorb:
    """A xorb as a shard describes it."""

    hash: bytes
    chunk_hashes: bytes
    candidates: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.chunk_hashes) // HASH_BYTES


@dataclass(frozen=True, slots=True)
class Shard:
    """Files and xorbs, in the order they came."""

    files: Sequence[ClaimedFile]
    xorbs: Sequence[ClaimedXorb]

    def xorb_hashes(self) -> set[bytes]:
        """Every xorb it names."""
        named = {xorb.hash for xorb in self.xorbs}
        return named.union(term.xorb for file in self.files for term in file.terms)


@dataclass(slots=True)
class _Records:
    """The records of a shard, one after another."""

    data: memoryview
    place: int = HEADER.size
    terms_left: int = field(default=SHARD_TERMS_MAX)
    chunks_left: int = field(default=SHARD_CHUNKS_MAX)

    def next(self) -> tuple[bytes, int, int, int, int]:
        """The next record, whatever it is."""
        if self.place + RECORD.size > len(self.data):
            raise Invalid("This shard ends in the middle.")
        self.place += RECORD.size
        return RECORD.unpack_from(self.data, self.place - RECORD.size)

    def run(self, count: int) -> memoryview:
        """The next `count` records, as they are."""
        size = count * RECORD.size
        if self.place + size > len(self.data):
            raise Invalid("This shard ends in the middle.")
        self.place += size
        return self.data[self.place - size : self.place]


def parse(data: bytes | memoryview) -> Shard:
    """A shard taken apart; `Invalid` where it is not one, `Excessive` past its limits."""
    if len(data) < HEADER.size:
        raise Invalid("This is not a shard.")
    magic, version, _footer = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise Invalid("This is not a shard.")
    if version != VERSION:
        raise Invalid(f"This shard is of version {version}; this hub reads version {VERSION}.")
    records = _Records(memoryview(data))
    files = _files(records)
    return Shard(files, _xorbs(records))


def claimed(data: bytes) -> tuple[int, int]:
    """How many bytes and chunks the files of a shard would have; of a broken one, what it says."""
    records = _Records(memoryview(data))
    length = chunks = 0
    try:
        while True:
            digest, flags, count, _, _ = records.next()
            if digest == SECTION_END:
                return length, chunks
            for _, _, raw, start, end in RECORD.iter_unpack(records.run(count)):
                length += raw
                chunks += max(0, end - start)
            records.run(count * bool(flags & HAS_TERM_HASHES) + bool(flags & HAS_SHA256))
    except Invalid:
        return length, chunks


def _files(records: _Records) -> list[ClaimedFile]:
    files: list[ClaimedFile] = []
    while True:
        digest, flags, count, _, _ = records.next()
        if digest == SECTION_END:
            return files
        if len(files) == SHARD_FILES_MAX:
            raise Excessive(f"A shard describes at most {SHARD_FILES_MAX} files.")
        records.terms_left -= count
        if records.terms_left < 0:
            raise Excessive(f"A shard has at most {SHARD_TERMS_MAX} terms.")
        terms = [
            Term(xorb, start, end, length)
            for xorb, _, length, start, end in RECORD.iter_unpack(records.run(count))
        ]
        records.chunks_left -= sum(max(0, term.end - term.start) for term in terms)
        if records.chunks_left < 0:
            raise Excessive(f"The files of a shard have at most {SHARD_CHUNKS_MAX} chunks.")
        term_hashes: list[bytes] = []
        if flags & HAS_TERM_HASHES:
            term_hashes = [row[0] for row in RECORD.iter_unpack(records.run(count))]
        sha256 = to_hex(records.next()[0]) if flags & HAS_SHA256 else None
        files.append(ClaimedFile(digest, terms, term_hashes, sha256))


def _xorbs(records: _Records) -> list[ClaimedXorb]:
    xorbs: list[ClaimedXorb] = []
    while True:
        digest, _, count, _, _ = records.next()
        if digest == SECTION_END:
            return xorbs
        if count > XORB_CHUNKS_MAX:
            raise Excessive(f"A xorb holds at most {XORB_CHUNKS_MAX} chunks.")
        rows = list(RECORD.iter_unpack(records.run(count)))
        candidates = [place for place, row in enumerate(rows) if row[3] & IS_CANDIDATE]
        xorbs.append(ClaimedXorb(digest, b"".join(row[0] for row in rows), candidates))


def dedup_answer(
    xorbs: Iterable[tuple[bytes, ChunkTable]], *, key: bytes, made_at: int, expires_at: int
) -> bytes:
    """A shard that tells who has a chunk where it is kept. Times are Unix seconds."""
    out = bytearray(HEADER.pack(MAGIC, VERSION, FOOTER.size))
    files_at = len(out)
    out += RECORD.pack(SECTION_END, 0, 0, 0, 0)
    xorbs_at = len(out)
    raw_bytes = body_bytes = 0
    for digest, table in xorbs:
        raw_bytes += table.raw_bytes
        body_bytes += table.body_bytes
        out += RECORD.pack(digest, 0, len(table), table.raw_bytes, table.body_bytes)
        start = 0
        for chunk, end in enumerate(table.raw_ends):
            hidden = keyed_hash(table.hash(chunk), key)
            out += RECORD.pack(hidden, start, end - start, 0, 0)
            start = end
    out += RECORD.pack(SECTION_END, 0, 0, 0, 0)
    end = len(out)
    places = (FOOTER_VERSION, files_at, xorbs_at, end, 0, end, 0, end, 0)
    out += FOOTER.pack(
        *places, key, made_at, expires_at, 0, 0, 0, 0, 0, 0, body_bytes, 0, raw_bytes, end
    )
    return bytes(out)
