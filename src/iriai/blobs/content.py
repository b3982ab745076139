"""The bytes of a Xet file, made up from its xorbs: a megabyte at a time, each chunk checked.

Clients that speak Xet do this themselves. It is done here for everybody else (the bridge), and to
learn what a file's SHA-256 really is.
"""

import hashlib
import logging
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence

from iriai.base.errors import Invalid, Unavailable, Unknown
from iriai.base.tx import Ground
from iriai.blobs import actions, rules
from iriai.blobs.queries import ChunkTables
from iriai.blobs.xet import plan as plans
from iriai.blobs.xet import xorb
from iriai.blobs.xet.chunks import ChunkTable
from iriai.blobs.xet.hashes import chunk_hash, to_hex
from iriai.blobs.xet.shard import Term

PIECE_BYTES = 1024 * 1024
"""How much is read, and how much is unpacked, at once."""

Progress = Callable[[int], None]

log = logging.getLogger(__name__)


def stream(ground: Ground, terms: Sequence[Term], first: int, last: int) -> Iterator[memoryview]:
    """Bytes `first` to `last`, inclusive, of the file made of `terms`, every chunk verified.

    Where a chunk is not what it should be the stream ends with `Unavailable`, before that chunk,
    and its xorb is marked and not served again.
    """
    tables = ChunkTables.on(ground)
    left = last - first + 1
    begins_at = 0
    for term in terms:
        ends_at = begins_at + term.length
        if left > 0 and ends_at > first:
            for raw in _trimmed(ground, term, tables, max(0, first - begins_at), left):
                left -= len(raw)
                yield raw
        begins_at = ends_at


def _trimmed(
    ground: Ground, term: Term, tables: Mapping[bytes, ChunkTable], skip: int, left: int
) -> Iterator[memoryview]:
    """At most `left` bytes of a term, from its byte `skip` on."""
    table = tables[term.xorb]
    last = min(skip + left, term.length) - 1
    needed = plans.plan([term], tables, skip, last)
    drop, left = needed.skip, last - skip + 1
    for start, end in runs(table, needed.terms[0].start, needed.terms[0].end):
        raw = memoryview(b"".join(checked_run(ground, term.xorb, table, start, end)))
        raw = raw[drop : drop + left]
        drop, left = 0, left - len(raw)
        yield raw


def sha256(
    ground: Ground, terms: Sequence[Term], *, verify: bool = False, progress: Progress | None = None
) -> str:
    """The SHA-256 of the file made of `terms`."""
    tables = ChunkTables.on(ground)
    digest = hashlib.sha256()
    for term in terms:
        table = tables[term.xorb]
        for start, end in runs(table, term.start, term.end):
            if verify:
                checked_run(ground, term.xorb, table, start, end)
            body = memoryview(_body(ground, term.xorb, table, start, end))
            for raw in xorb.known_contents(body, table, start, end):
                digest.update(raw)
            if progress is not None:
                progress(table.raw_length(start, end))
    return digest.hexdigest()


def runs(table: ChunkTable, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Chunks `start` to `end` in runs that are small enough, stored and raw."""
    while start < end:
        stop = min(
            bisect_right(table.ends, table.start(start) + PIECE_BYTES),
            bisect_right(table.raw_ends, table.raw_start(start) + PIECE_BYTES),
            end,
        )
        yield start, max(stop, start + 1)
        start = max(stop, start + 1)


def checked_run(
    ground: Ground, digest: bytes, table: ChunkTable, start: int, end: int
) -> list[bytes | memoryview]:
    """Chunks `start` to `end` of a xorb, each as it should be; else the xorb is marked."""
    try:
        chunks = list(xorb.contents(memoryview(_body(ground, digest, table, start, end))))
        sound = len(chunks) == end - start and all(
            chunk_hash(raw) == table.hash(start + place) for place, raw in enumerate(chunks)
        )
    except (Invalid, Unknown):
        sound = False
    except Unavailable as error:
        if error.code != "ObjectDamaged":
            raise  # the store does not answer; that says nothing about the xorb
        sound = False
    if not sound:
        mark_damaged(ground, digest, table)
        raise rules.damaged("A part of this file")
    return chunks


def mark_damaged(ground: Ground, digest: bytes, table: ChunkTable | None = None) -> None:
    """Serve a xorb no more, until somebody sends it again; with `table`, one that was read so."""
    with ground.write() as tx:
        marked = actions.mark_xorb_damaged(tx, to_hex(digest), table)
    if marked:
        log.error("Xorb %s is damaged; not served until it is uploaded again.", to_hex(digest))


def _body(ground: Ground, digest: bytes, table: ChunkTable, start: int, end: int) -> bytes:
    """The stored bytes of chunks `start` to `end`."""
    key = rules.xorb_key(to_hex(digest))
    return ground.store.read(key, table.start(start), table.start(end))
