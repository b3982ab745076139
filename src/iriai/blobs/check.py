"""Is everything there, and is it what it should be? `iriai check` asks, and so does the scrub.

Structure is checked from rows and listings: every object that a repository holds can be read in
some form, the xorbs that a file is read from are those that are kept for it, and each lies in the
store at its length. Bytes are read and hashed: every chunk of a xorb, every object kept whole.
`n/t` takes the n-th of t equal shares, by hash, so that thirty nightly runs read everything. What
is found damaged is marked, and not served again.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, exists, select, update

from iriai.base.errors import Unavailable, Unknown
from iriai.base.tx import Ground
from iriai.blobs import actions, content, queries, rules
from iriai.blobs.rules import BlobState, XorbState
from iriai.blobs.tables import FileXorb, RepoObject, StoredBytes, XetFile, Xorb
from iriai.blobs.xet.chunks import ChunkTable
from iriai.blobs.xet.hashes import from_hex, to_hex

BATCH = 200
SHARE_DIGITS = 8
SCRUB_SHARE = 30
SCRUB_EVERY = timedelta(days=1)

Share = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be."""

    subject: str
    message: str


def findings(ground: Ground, *, read_data: Share | None = None) -> Iterator[Finding]:
    """All that is wrong with large bytes; with `read_data`, a share of them is read through."""
    yield from _objects_out_of_reach(ground)
    yield from _files_kept_otherwise(ground)
    for row in _rows(ground, _live_xorbs):
        yield from _structure(ground, "xorb", row.hash, rules.xorb_key(row.hash), row.body_bytes)
        if read_data is not None and in_share(row.hash, read_data):
            yield from read_xorb(ground, row.hash)
    for row in _rows(ground, _kept_blobs):
        yield from _structure(ground, "object", row.hash, rules.blob_key(row.hash), row.size)
        if read_data is not None and in_share(row.hash, read_data):
            yield from read_blob(ground, row.hash)


def in_share(digest: str, share: Share) -> bool:
    """Whether a hash is in the n-th of t shares (n from 1)."""
    n, total = share
    return int(digest[-SHARE_DIGITS:], 16) % total == n - 1


def scrub(ground: Ground, day: int) -> list[Finding]:
    """Read today's share; all is read once in thirty days."""
    share = (day % SCRUB_SHARE + 1, SCRUB_SHARE)
    return list(findings(ground, read_data=share))


# -- structure -----------------------------------------------------------------------------------


def _structure(ground: Ground, kind: str, name: str, key: str, size: int) -> Iterator[Finding]:
    """Whether bytes of the right length lie where they should."""
    try:
        found = ground.store.size(key)
    except (Unknown, Unavailable) as error:
        if isinstance(error, Unavailable) and error.code != "ObjectDamaged":
            raise
        _mark(ground, kind, name)
        yield Finding(f"{kind}/{name}", "is missing from the store")
        return
    if found != size:
        _mark(ground, kind, name)
        yield Finding(f"{kind}/{name}", f"has {found} bytes instead of {size}")


def _mark(ground: Ground, kind: str, name: str) -> None:
    if kind == "xorb":
        content.mark_damaged(ground, from_hex(name))
        return
    with ground.write() as tx:
        actions.mark_blob_damaged(tx, name)


def _objects_out_of_reach(ground: Ground) -> Iterator[Finding]:
    """Objects that a repository holds and no form of which can be served."""
    for row in _rows(ground, _lost_objects):
        yield Finding(f"object/{row.hash}", "is held by a repository and cannot be read")


def _files_kept_otherwise(ground: Ground) -> Iterator[Finding]:
    """Files that are read from other xorbs than the sweep keeps for them."""
    after = ""
    while True:
        with ground.read() as tx:
            files = tx.connection.execute(_files(after)).all()
            edges = tx.connection.execute(_edges([file.hash for file in files])).all()
        if not files:
            return
        kept: dict[str, set[str]] = {}
        for edge in edges:
            kept.setdefault(edge.file_hash, set()).add(edge.xorb_hash)
        for file in files:
            read = {to_hex(term.xorb) for term in queries.unpacked_terms(file.terms)}
            if read != kept.get(file.hash, set()):
                yield Finding(f"file/{file.hash}", "is read from other xorbs than are kept for it")
        after = files[-1].hash


# -- bytes ---------------------------------------------------------------------------------------


def read_xorb(ground: Ground, xorb: str) -> Iterator[Finding]:
    """Read every chunk of a xorb."""
    with ground.read() as tx:
        packed = tx.connection.execute(
            select(Xorb.chunk_table).where(Xorb.hash == xorb, Xorb.state == XorbState.LIVE)
        ).scalar_one_or_none()
    if packed is None:
        return
    table = ChunkTable.unpack(packed)
    try:
        for start, end in content.runs(table, 0, len(table)):
            content.checked_run(ground, from_hex(xorb), table, start, end)
    except Unavailable as error:
        if error.code != "ObjectDamaged":
            raise
        yield Finding(f"xorb/{xorb}", "does not hold the chunks it should")
        return
    with ground.write() as tx:
        read = update(Xorb).where(Xorb.hash == xorb).values(checked_at=tx.now)
        tx.connection.execute(read)


def read_blob(ground: Ground, sha256: str) -> Iterator[Finding]:
    """Read an object that is kept whole."""
    digest = hashlib.sha256()
    try:
        for piece in ground.store.stream(rules.blob_key(sha256)):
            digest.update(piece)
    except Unknown:
        return  # found missing already
    with ground.write() as tx:
        if digest.hexdigest() == sha256:
            read = update(StoredBytes).where(StoredBytes.sha256 == sha256)
            tx.connection.execute(read.values(checked_at=tx.now))
            return
        actions.mark_blob_damaged(tx, sha256)
    yield Finding(f"object/{sha256}", "does not have its SHA-256")


# -- rows ----------------------------------------------------------------------------------------


def _live_xorbs(after: str) -> Select[str, int]:
    return (
        select(Xorb.hash, Xorb.body_bytes)
        .where(Xorb.hash > after, Xorb.state == XorbState.LIVE)
        .order_by(Xorb.hash)
        .limit(BATCH)
    )


def _kept_blobs(after: str) -> Select[str, int]:
    return (
        select(StoredBytes.sha256.label("hash"), StoredBytes.size)
        .where(StoredBytes.sha256 > after, StoredBytes.blob_state == BlobState.KEPT)
        .order_by(StoredBytes.sha256)
        .limit(BATCH)
    )


def _files(after: str) -> Select[str, bytes]:
    sound = select(XetFile.hash, XetFile.terms).where(XetFile.hash > after, ~XetFile.damaged)
    return sound.order_by(XetFile.hash).limit(BATCH)


def _edges(files: list[str]) -> Select[str, str]:
    return select(FileXorb.file_hash, FileXorb.xorb_hash).where(FileXorb.file_hash.in_(files))


def _lost_objects(after: str) -> Select[str]:
    sound = exists().where(
        XetFile.hash == StoredBytes.xet_hash,
        ~XetFile.damaged,
        ~exists().where(
            FileXorb.file_hash == XetFile.hash,
            FileXorb.xorb_hash == Xorb.hash,
            Xorb.state != XorbState.LIVE,
        ),
    )
    held = exists().where(RepoObject.sha256 == StoredBytes.sha256)
    return (
        select(StoredBytes.sha256.label("hash"))
        .where(StoredBytes.sha256 > after, StoredBytes.blob_state != BlobState.KEPT, ~sound, held)
        .order_by(StoredBytes.sha256)
        .limit(BATCH)
    )


def _rows(ground: Ground, page: Callable[[str], Select[*tuple[Any, ...]]]) -> Iterator[Any]:
    """All rows of a query, a page in each transaction."""
    after = ""
    while True:
        with ground.read() as tx:
            rows = tx.connection.execute(page(after)).all()
        if not rows:
            return
        yield from rows
        after = rows[-1].hash
