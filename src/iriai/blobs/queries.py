"""What can be seen of large bytes, and through which repository.

`Readable` is a SELECT of the ids of all repositories that the asker may read. It comes from above
(`repos.queries.readable_ids`), because who may read what is not known down here.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from struct import Struct
from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, false, func, or_, select

from iriai.base.batches import batches
from iriai.base.errors import Unknown
from iriai.base.tx import Ground, Tx
from iriai.blobs import rules
from iriai.blobs.rules import BlobState, StoredObject, XorbState
from iriai.blobs.tables import (
    DedupChunk,
    FileXorb,
    RepoObject,
    RepoXorb,
    Shard,
    ShardXorb,
    StoredBytes,
    XetFile,
    Xorb,
)
from iriai.blobs.xet.chunks import ChunkTable
from iriai.blobs.xet.hashes import from_hex, to_hex
from iriai.blobs.xet.shard import Term

Readable = Select[Any]

LOOKUP_BATCH = 500
TABLES_KEPT = 64
DEDUP_SHARDS_MAX = 16

_TERM = Struct("<32s3I")


@dataclass(frozen=True, slots=True)
class FileTerms:
    """A Xet file, and how to make it up."""

    hash: str
    sha256: str
    size: int
    terms: Sequence[Term]


# -- objects -------------------------------------------------------------------------------------


def object(tx: Tx, repo_id: int, sha256: str) -> StoredObject | None:  # noqa: A001 - its name
    """The object, if this repository holds it."""
    asked = {"repo_id": repo_id, "sha256": sha256}
    row = tx.connection.execute(_STORED_ONE, asked).first()
    return None if row is None else _stored(row)


def objects(tx: Tx, repo_id: int, sha256s: Collection[str]) -> dict[str, StoredObject]:
    """Those of these objects that the repository holds."""
    found: dict[str, StoredObject] = {}
    for batch in batches(sha256s, LOOKUP_BATCH):
        held = _STORED.where(RepoObject.repo_id == repo_id, RepoObject.sha256.in_(batch))
        for row in tx.connection.execute(held):
            found[row.sha256] = _stored(row)
    return found


_STORED = (
    select(
        StoredBytes.sha256,
        StoredBytes.size,
        StoredBytes.blob_state,
        XetFile.hash.label("xet_hash"),
    )
    .join(RepoObject, RepoObject.sha256 == StoredBytes.sha256)
    .outerjoin(XetFile, and_(XetFile.hash == StoredBytes.xet_hash, ~XetFile.damaged))
)

_STORED_ONE = _STORED.where(
    RepoObject.repo_id == bindparam("repo_id"), RepoObject.sha256 == bindparam("sha256")
)
"""Made once: building a statement costs more than this one takes, and it is on the hot path."""


def _stored(row: Any) -> StoredObject:
    return StoredObject(row.sha256, row.size, row.blob_state == BlobState.KEPT, row.xet_hash)


def holders(tx: Tx, sha256: str) -> set[int]:
    """The repositories that hold this object."""
    holding = select(RepoObject.repo_id).where(RepoObject.sha256 == sha256)
    return set(tx.connection.execute(holding).scalars())


def elsewhere(tx: Tx, sha256s: Collection[str], readable: Readable) -> set[str]:
    """Those of these objects that a repository the asker may read holds, in a sound form."""
    found: set[str] = set()
    for batch in batches(sha256s, LOOKUP_BATCH):
        sound = _STORED.where(
            RepoObject.sha256.in_(batch),
            RepoObject.repo_id.in_(readable),
            or_(StoredBytes.blob_state == BlobState.KEPT, XetFile.hash.is_not(None)),
        )
        found.update(row.sha256 for row in tx.connection.execute(sound))
    return found


@dataclass(frozen=True, slots=True)
class Held:
    """An object of a repository, and since when it has it."""

    sha256: str
    size: int
    since: datetime


def held(tx: Tx, repo_id: int, *, after: str = "", limit: int = LOOKUP_BATCH) -> list[Held]:
    """A page of what a repository holds, ordered by SHA-256, from the one after `after`."""
    page = (
        select(StoredBytes.sha256, StoredBytes.size, RepoObject.linked_at)
        .join(RepoObject, RepoObject.sha256 == StoredBytes.sha256)
        .where(RepoObject.repo_id == repo_id, StoredBytes.sha256 > after)
        .order_by(StoredBytes.sha256)
        .limit(limit)
    )
    return [Held(row.sha256, row.size, row.linked_at) for row in tx.connection.execute(page)]


def held_since(tx: Tx, repo_id: int, *, before: datetime | None = None) -> Sequence[str]:
    """What a repository holds; with `before`, only what it was given before that moment."""
    held = select(RepoObject.sha256).where(RepoObject.repo_id == repo_id)
    if before is not None:
        held = held.where(RepoObject.linked_at < before)
    return tx.connection.execute(held).scalars().all()


def nowhere() -> Readable:
    """No repository at all."""
    return select(RepoObject.repo_id).where(false())


def bytes_held(tx: Tx, repo_id: int) -> int:
    """How many bytes the objects of a repository have together."""
    total = (
        select(func.coalesce(func.sum(StoredBytes.size), 0))
        .join(RepoObject, RepoObject.sha256 == StoredBytes.sha256)
        .where(RepoObject.repo_id == repo_id)
    )
    return int(tx.connection.execute(total).scalar_one())


# -- Xet files and xorbs -------------------------------------------------------------------------


def file_in(tx: Tx, repo_id: int, file_hash: str) -> FileTerms:
    """A Xet file, if the repository holds its content; `Unknown` otherwise."""
    row = tx.connection.execute(
        select(XetFile.hash, XetFile.sha256, XetFile.size, XetFile.damaged, XetFile.terms)
        .join(RepoObject, RepoObject.sha256 == XetFile.sha256)
        .where(XetFile.hash == file_hash, RepoObject.repo_id == repo_id)
    ).one_or_none()
    if row is None:
        raise Unknown("There is no such file.", code="EntryNotFound")
    if row.damaged:
        raise rules.damaged("This file")
    return _file_terms(row)


@dataclass(frozen=True, slots=True)
class Named:
    """A Xet file by its hash: its content's SHA-256, and how long it is."""

    sha256: str
    size: int


def files_named(tx: Tx, repo_id: int, file_hashes: Collection[str]) -> dict[str, Named]:
    """Those of these Xet files that are sound and whose content the repository holds."""
    found: dict[str, Named] = {}
    for batch in batches(file_hashes, LOOKUP_BATCH):
        asked = (
            select(XetFile.hash, XetFile.sha256, XetFile.size)
            .join(RepoObject, RepoObject.sha256 == XetFile.sha256)
            .where(RepoObject.repo_id == repo_id, XetFile.hash.in_(batch), ~XetFile.damaged)
        )
        for row in tx.connection.execute(asked):
            found[row.hash] = Named(row.sha256, row.size)
    return found


def file(tx: Tx, file_hash: str) -> FileTerms | None:
    """A Xet file, for who has already been judged, or judges nobody (checks and jobs)."""
    row = tx.connection.execute(_FILE, {"hash": file_hash}).one_or_none()
    return None if row is None else _file_terms(row)


_FILE = select(XetFile.hash, XetFile.sha256, XetFile.size, XetFile.terms).where(
    XetFile.hash == bindparam("hash")
)


def _file_terms(row: Any) -> FileTerms:
    return FileTerms(row.hash, row.sha256, row.size, unpacked_terms(row.terms))


def packed_terms(terms: Sequence[Term]) -> bytes:
    """Terms as kept."""
    return b"".join(_TERM.pack(term.xorb, term.start, term.end, term.length) for term in terms)


def unpacked_terms(packed: bytes) -> list[Term]:
    """Terms that were kept so."""
    return [Term(*row) for row in _TERM.iter_unpack(packed)]


def xorbs_in_reach(
    tx: Tx, repo_id: int, xorbs: Collection[bytes], readable: Readable, own: Readable | None = None
) -> dict[bytes, str]:
    """Those of these xorbs that a shard of this repository may name, each with its state.

    They were sent in its name or that of another of one's `own`, or hold chunks of a file in a
    repository that the asker may read.
    """
    ours = RepoXorb.repo_id == repo_id
    if own is not None:
        ours = or_(ours, RepoXorb.repo_id.in_(own))
    sent = exists().where(RepoXorb.xorb_hash == Xorb.hash, ours)
    reached = (
        exists()
        .where(FileXorb.xorb_hash == Xorb.hash)
        .where(XetFile.hash == FileXorb.file_hash)
        .where(RepoObject.sha256 == XetFile.sha256)
        .where(or_(RepoObject.repo_id == repo_id, RepoObject.repo_id.in_(readable)))
    )
    found: dict[bytes, str] = {}
    for batch in batches([to_hex(xorb) for xorb in xorbs], LOOKUP_BATCH):
        named = select(Xorb.hash, Xorb.state).where(Xorb.hash.in_(batch), or_(sent, reached))
        for row in tx.connection.execute(named):
            found[from_hex(row.hash)] = row.state
    return found


def is_xorb_in_reach(tx: Tx, repo_id: int, xorb: str) -> bool:
    """Whether a sound xorb was sent to this repository or holds chunks of its files."""
    states = xorbs_in_reach(tx, repo_id, [from_hex(xorb)], nowhere())
    return XorbState.LIVE in states.values()


def chunk_table(tx: Tx, xorb: bytes) -> ChunkTable:
    """The chunks of a xorb that can be served."""
    row = tx.connection.execute(_CHUNK_TABLE, {"hash": to_hex(xorb)}).one_or_none()
    if row is None or row.state == XorbState.DAMAGED:
        raise rules.damaged("A part of this file")
    return ChunkTable.unpack(row.chunk_table)


_CHUNK_TABLE = select(Xorb.chunk_table, Xorb.state).where(Xorb.hash == bindparam("hash"))


class ChunkTables(Mapping[bytes, ChunkTable]):
    """Chunk tables by xorb, fetched when asked for; only the latest few stay in memory."""

    def __init__(self, load: Callable[[bytes], ChunkTable]) -> None:
        self._load = load
        self._kept: OrderedDict[bytes, ChunkTable] = OrderedDict()

    @classmethod
    def of(cls, tx: Tx) -> "ChunkTables":
        """Read in this transaction."""
        return cls(lambda xorb: chunk_table(tx, xorb))

    @classmethod
    def on(cls, ground: Ground) -> "ChunkTables":
        """Each read in a transaction of its own, for work that takes long."""

        def load(xorb: bytes) -> ChunkTable:
            with ground.read() as tx:
                return chunk_table(tx, xorb)

        return cls(load)

    def __getitem__(self, xorb: bytes) -> ChunkTable:
        if xorb in self._kept:
            self._kept.move_to_end(xorb)
            return self._kept[xorb]
        table = self._kept[xorb] = self._load(xorb)
        if len(self._kept) > TABLES_KEPT:
            self._kept.popitem(last=False)
        return table

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


# -- deduplication -------------------------------------------------------------------------------


def upload_with_chunk(tx: Tx, chunk_hash: str, readable: Readable) -> list[bytes]:
    """The xorbs of an upload that holds this chunk, nearest first; empty when there is none.

    Only uploads to repositories that the asker may read, and of those only xorbs that still hold
    chunks of a file there. The whole upload is told, because who has one of its chunks most often
    has the next ones too.
    """
    shards = (
        select(DedupChunk.shard_id)
        .join(Shard, Shard.id == DedupChunk.shard_id)
        .where(DedupChunk.chunk_hash == chunk_hash, Shard.repo_id.in_(readable))
        .order_by(Shard.created_at.desc())
        .limit(DEDUP_SHARDS_MAX)
    )
    for shard_id in tx.connection.execute(shards).scalars().all():
        xorbs = tx.connection.execute(_advertised(shard_id)).scalars().all()
        if xorbs:
            return [from_hex(xorb) for xorb in xorbs]
    return []


def _advertised(shard_id: str) -> Select[str]:
    """The xorbs of a shard that a file of the shard's own repository still needs."""
    needed = (
        exists()
        .where(FileXorb.xorb_hash == ShardXorb.xorb_hash)
        .where(XetFile.hash == FileXorb.file_hash)
        .where(RepoObject.sha256 == XetFile.sha256)
        .where(RepoObject.repo_id == Shard.repo_id)
    )
    return (
        select(ShardXorb.xorb_hash)
        .join(Shard, Shard.id == ShardXorb.shard_id)
        .join(Xorb, Xorb.hash == ShardXorb.xorb_hash)
        .where(ShardXorb.shard_id == shard_id, Xorb.state == XorbState.LIVE, needed)
        .order_by(ShardXorb.place)
        .limit(rules.DEDUP_XORBS_MAX)
    )
