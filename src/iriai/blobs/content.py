"""The bytes of a Xet file, made up from its xorbs: a megabyte at a time, each chunk checked.

Clients that speak Xet do this themselves. It is done here for everybody else (the bridge), and to
learn what a file's SHA-256 really is. What was found sound lately is not hashed again for a client:
see `sound`. Chunks are never joined: each is sent from where it was read, or unpacked.
"""

import hashlib
import logging
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from iriai.base.errors import Invalid, Unavailable, Unknown
from iriai.base.tx import Ground
from iriai.blobs import actions, rules
from iriai.blobs import sound as soundness
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
    return chain.from_iterable(_runs_of(ground, terms, first, last, lately=False))


def sendable(
    ground: Ground, terms: Sequence[Term], first: int, last: int
) -> Iterator[list[memoryview]]:
    """The same for a client, about a megabyte at a time; what was verified lately is not again."""
    return _runs_of(ground, terms, first, last, lately=True)


def _runs_of(
    ground: Ground, terms: Sequence[Term], first: int, last: int, *, lately: bool
) -> Iterator[list[memoryview]]:
    for part in _parts(ground, terms, first, last):
        file = part.xorb.opened() if lately else None
        for start, end in runs(part.xorb.table, part.start, part.end):
            yield part.cut(part.xorb.read(file, start, end))


def require_sound(ground: Ground, digest: bytes, table: ChunkTable, start: int, end: int) -> None:
    """Read and hash chunks `start` to `end` of a xorb, but for those that were lately."""
    wanted = _Xorb(ground, digest, table)
    file = wanted.opened()
    for run_start, run_end in runs(table, start, end):
        if file is None or not file.is_sound(run_start, run_end):
            wanted.read(file, run_start, run_end)


@dataclass(frozen=True, slots=True)
class _Xorb:
    """One that is read for a client."""

    ground: Ground
    digest: bytes
    table: ChunkTable

    def opened(self) -> soundness.XorbFile | None:
        """Its file, where there is one here."""
        return soundness.opened(self.ground, self.digest, self.table)

    def read(
        self, file: soundness.XorbFile | None, start: int, end: int
    ) -> Sequence[bytes | memoryview]:
        """The raw bytes of some chunks, hashed unless they were lately."""
        return checked_run(self.ground, self.digest, self.table, start, end, file)


@dataclass(slots=True)
class _Part:
    """What is wanted of one term: of its chunks `start` to `end`, `left` bytes after `drop`."""

    xorb: _Xorb
    start: int
    end: int
    drop: int
    left: int

    def cut(self, chunks: Sequence[bytes | memoryview]) -> list[memoryview]:
        """Of the next of its chunks what is wanted."""
        wanted = []
        for chunk in chunks:
            some = memoryview(chunk)[self.drop : self.drop + self.left]
            self.drop = max(0, self.drop - len(chunk))
            self.left -= len(some)
            wanted.append(some)
        return wanted


def _parts(ground: Ground, terms: Sequence[Term], first: int, last: int) -> Iterator[_Part]:
    tables = ChunkTables.on(ground)
    left = last - first + 1
    begins_at = 0
    for term in terms:
        ends_at = begins_at + term.length
        if left > 0 and ends_at > first:
            skip, table = max(0, first - begins_at), tables[term.xorb]
            count = min(left, term.length - skip)
            needed = plans.plan([term], tables, skip, skip + count - 1)
            chunks = needed.terms[0]
            wanted = _Xorb(ground, term.xorb, table)
            yield _Part(wanted, chunks.start, chunks.end, needed.skip, count)
            left -= count
        begins_at = ends_at


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


def checked_run(  # noqa: PLR0917 - a run, of which xorb, and what is known of it
    ground: Ground,
    digest: bytes,
    table: ChunkTable,
    start: int,
    end: int,
    file: soundness.XorbFile | None = None,
) -> list[bytes | memoryview]:
    """Chunks `start` to `end` of a xorb, each as it should be; else the xorb is marked.

    With `file`, those are not hashed that were found sound in it lately. It is looked at once they
    are read: whatever happened to it before then is seen.
    """
    mark = None if file is None else file.mark()
    try:
        body = memoryview(_body(ground, digest, table, start, end))
        is_known = file is not None and file.is_sound(start, end)
        if is_known:
            chunks = list(xorb.known_contents(body, table, start, end))
            sound = list(map(len, chunks)) == table.lengths(start, end)
        else:
            chunks = list(xorb.contents(body))
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
    if file is not None and not is_known:
        file.found_sound(mark, start, end)
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
