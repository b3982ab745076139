"""Decisions about large bytes. Pure: no clock, no database, no network.

The law of this part is *provenance*: a repository reads an object only because its own writer sent
those bytes, or copied them from where they could read them. Nothing that merely names an object
(a pointer in a tree, a hash in a shard) grants anything.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from iriai.base.errors import Excessive, Invalid, Unavailable
from iriai.blobs.xet.chunks import ChunkTable
from iriai.blobs.xet.hashes import MerkleTree, last_word, term_hash, to_hex
from iriai.blobs.xet.shard import ClaimedFile, ClaimedXorb, Term

OBJECT_BYTES_MAX = 500 * 1000**3
SHARD_NEW_BYTES_MAX = OBJECT_BYTES_MAX
"""How much of new files one shard may bring: a megabyte can name the same chunks over and over, and
all that it names is hashed."""
GRACE = timedelta(days=30)
"""How long what nothing refers to is kept. Clients remember their uploads for three weeks and build
on them without asking; a xorb deleted sooner breaks their next upload for good."""

CONVERSION_DELAY = timedelta(minutes=2)
"""Conversions wait a little, so that the quick work after a commit comes first."""

BLOB_DELAY = timedelta(hours=24)
"""How long a whole copy stays after its conversion to Xet, for downloads that began with it."""

TOMBSTONE_LIFE = timedelta(days=1)
"""How long a condemned xorb still lies there, so that who sends it again finds nothing lost."""

PART_BYTES_MIN = 16 * 1024 * 1024
PARTS_MAX = 1_000
MULTIPART_ABOVE = 5 * 1024**3
MULTIPART_LIFE = timedelta(days=7)

BATCH_OBJECTS_MAX = 1_000
DEDUP_XORBS_MAX = 64
DEDUP_CHUNKS_MAX = 20_000
"""Chunks of one upload that others can ask for."""
DEDUP_ONE_IN = 1_024
DEDUP_LIFE = timedelta(days=7)
XORB_MISSING = "XorbMissing"

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class XorbState(StrEnum):
    """What a xorb's row says of its bytes."""

    ARRIVING = "arriving"
    LIVE = "live"
    TOMBSTONE = "tombstone"
    DROPPING = "dropping"
    DAMAGED = "damaged"


class BlobState(StrEnum):
    """What an object's row says of its whole copy."""

    NONE = "none"
    ARRIVING = "arriving"
    KEPT = "kept"
    DROPPING = "dropping"
    DAMAGED = "damaged"


class Origin(StrEnum):
    """Why a repository holds an object."""

    SENT = "sent"
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that a repository holds, and the forms in which it can be read."""

    sha256: str
    size: int
    has_blob: bool
    xet_hash: str | None

    @property
    def damaged(self) -> bool:
        """Whether no sound form of it is left."""
        return not self.has_blob and self.xet_hash is None


def clean_sha256(text: Any) -> str:
    """A SHA-256 as we write it, or `Invalid`."""
    if not isinstance(text, str) or not _SHA256.fullmatch(text):
        raise Invalid("An object is named by its SHA-256: 64 lower-case hexadecimal digits.")
    return text


def clean_size(size: Any) -> int:
    """An object's size in bytes, or `Invalid` or `Excessive`."""
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise Invalid("An object's size is a number of bytes.")
    if size > OBJECT_BYTES_MAX:
        raise Excessive(f"This hub keeps objects of at most {OBJECT_BYTES_MAX} bytes.")
    return size


# -- where bytes lie in the store ----------------------------------------------------------------


def xorb_key(xorb: str) -> str:
    """Where a xorb is kept."""
    return f"xorbs/{xorb[:2]}/{xorb}"


def blob_key(sha256: str) -> str:
    """Where an object is kept whole."""
    return f"lfs/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def shard_key(shard: str, now: datetime) -> str:
    """Where an upload's shard is kept."""
    return f"shards/{now:%Y}/{now:%m}/{shard}"


def part_key(multipart: str, number: int) -> str:
    """Where a part waits for the others."""
    return f"parts/{multipart}/{number:05}"


# -- multipart uploads ---------------------------------------------------------------------------


def part_bytes(size: int) -> int:
    """How long the parts of an upload are: few enough, and none too small to be worth a request."""
    return max(PART_BYTES_MIN, -(-size // PARTS_MAX))


def part_count(size: int) -> int:
    """How many parts an upload has."""
    return max(1, -(-size // part_bytes(size)))


def part_size(size: int, number: int) -> int:
    """How long part `number` (from 1) is."""
    if not 1 <= number <= part_count(size):
        raise Invalid(f"This upload has parts 1 to {part_count(size)}.")
    return min(part_bytes(size), size - part_bytes(size) * (number - 1))


# -- what a shard claims -------------------------------------------------------------------------


def require_xorb_as_claimed(claimed: ClaimedXorb, table: ChunkTable) -> None:
    """A shard must list a xorb's chunks as they are."""
    if claimed.chunk_hashes != table.hashes:
        raise Invalid(f"The shard does not list the chunks of xorb {to_hex(claimed.hash)}.")


def require_hashable(new_bytes: int) -> None:
    """What a shard claims and the hub does not know yet must be little enough to be hashed."""
    if new_bytes > SHARD_NEW_BYTES_MAX:
        raise Excessive(
            f"One shard brings at most {SHARD_NEW_BYTES_MAX} bytes of new files, not {new_bytes}."
        )


def require_term_as_claimed(term: Term, claimed: bytes, table: ChunkTable) -> None:
    """A term must lie within its xorb, say its length, and hash as its chunks do."""
    if not 0 <= term.start < term.end <= len(table):
        raise Invalid(f"A term lies outside of xorb {to_hex(term.xorb)}.")
    if table.raw_length(term.start, term.end) != term.length:
        raise Invalid(f"A term of xorb {to_hex(term.xorb)} is not as long as the shard says.")
    if term_hash(table.hashes_of(term.start, term.end)) != claimed:
        raise Invalid(f"A term of xorb {to_hex(term.xorb)} does not hash as the shard says.")


def require_file_as_claimed(file: ClaimedFile, tables: Mapping[bytes, ChunkTable]) -> None:
    """A file must be named by the hash of the chunks that its terms hold."""
    clean_size(file.size)
    if not file.terms:
        raise Invalid("A shard describes a file without content; send empty files with the commit.")
    if len(file.term_hashes) != len(file.terms):
        raise Invalid("A shard must carry a verification hash for each term.")
    tree = MerkleTree()
    for term, claimed in zip(file.terms, file.term_hashes, strict=True):
        table = tables[term.xorb]
        require_term_as_claimed(term, claimed, table)
        tree.add(table.hashes_of(term.start, term.end), table.lengths(term.start, term.end))
    if tree.file_hash() != file.hash:
        raise Invalid(f"The chunks of file {to_hex(file.hash)} do not hash to its name.")


def dedup_candidates(
    files: Sequence[ClaimedFile],
    xorbs: Sequence[ClaimedXorb],
    tables: Mapping[bytes, ChunkTable],
) -> list[bytes]:
    """The chunks of an upload by which others may find it.

    The first of each file, those a client marked, and of the rest about one in a thousand.
    """
    found: dict[bytes, None] = {}
    for file in files:
        first = file.terms[0]
        found[tables[first.xorb].hash(first.start)] = None
    for xorb in xorbs:
        table = tables[xorb.hash]
        for chunk in xorb.candidates:
            found[table.hash(chunk)] = None
        for chunk in range(len(table)):
            digest = table.hash(chunk)
            if last_word(digest) % DEDUP_ONE_IN == 0:
                found[digest] = None
    return list(found)[:DEDUP_CHUNKS_MAX]


# -- what is kept, and for how long --------------------------------------------------------------


def require_not_dropping(state: str) -> None:
    """Bytes that are being deleted cannot be kept at the same moment."""
    if state in (XorbState.DROPPING, BlobState.DROPPING):
        raise Unavailable("These bytes are being cleaned away; try again in a moment.")


def damaged(what: str) -> Unavailable:
    """What to raise instead of serving bytes that are not what they should be."""
    return Unavailable(
        f"{what} is damaged on this hub and not served. Uploading it again repairs it.",
        code="ObjectDamaged",
    )


def missing_xorb(xorb: str) -> Invalid:
    """What a shard that names a xorb out of its reach is told, whether the xorb exists or not."""
    return Invalid(f"referenced xorb missing: {xorb}", code=XORB_MISSING)
