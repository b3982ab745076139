"""What changes about large bytes. Each action is one transaction's worth; bytes move before it.

Bytes and rows must agree through any crash, and through the sweep that deletes what nobody needs.
So whoever brings bytes first *claims* their row, then stores them, then says they are kept. The
sweep marks a row `dropping` before it deletes, and only one that nobody has asserted for the whole
grace; a claim on such a row is refused until it is gone.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, select, update

from iriai.base import instance
from iriai.base.batches import batches
from iriai.base.db import Table
from iriai.base.errors import Invalid
from iriai.base.tx import Tx
from iriai.blobs import queries, rules
from iriai.blobs.queries import Readable
from iriai.blobs.rules import BlobState, Origin, XorbState
from iriai.blobs.tables import (
    FileXorb,
    RepoObject,
    RepoXorb,
    StoredBytes,
    XetFile,
    Xorb,
)
from iriai.blobs.xet.chunks import ChunkTable

BATCH = 500


def insert_new(tx: Tx, table: type[Table], rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert those of these rows whose keys are new; how many were."""
    count = 0
    for some in batches(rows, BATCH):
        statement = tx.insert(table).values(some)
        count += tx.connection.execute(
            statement.on_conflict_do_nothing(), execution_options={"preserve_rowcount": True}
        ).rowcount
    return count


# -- xorbs ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class XorbClaim:
    """What is known of a xorb whose bytes are coming: its state, and the length of what it has."""

    state: XorbState
    body_bytes: int


def claim_xorb(tx: Tx, repo_id: int, xorb: str, table: ChunkTable) -> XorbClaim:
    """Say that a xorb's bytes are coming; what was known of it."""
    row = {
        "hash": xorb,
        "state": XorbState.ARRIVING,
        "chunk_count": len(table),
        "raw_bytes": table.raw_bytes,
        "body_bytes": table.body_bytes,
        "first_repo_id": repo_id,
        "created_at": tx.now,
        "asserted_at": tx.now,
        "chunk_table": table.pack(),
    }
    claimed = update(Xorb).where(Xorb.hash == xorb).values(asserted_at=tx.now)
    if not tx.connection.execute(claimed).rowcount and insert_new(tx, Xorb, [row]):
        return XorbClaim(XorbState.ARRIVING, table.body_bytes)
    state, body_bytes = tx.connection.execute(
        select(Xorb.state, Xorb.body_bytes).where(Xorb.hash == xorb)
    ).one()
    rules.require_not_dropping(state)
    return XorbClaim(XorbState(state), body_bytes)


def keep_xorb(tx: Tx, repo_id: int, xorb: str, table: ChunkTable | None) -> bool:
    """A xorb's bytes are stored, and a writer of this repository sent them.

    Returns whether that is new to this repository. `table` is what was stored of it now; None where
    it had sound bytes before, packed as they were.
    """
    alive = {"state": XorbState.LIVE, "condemned_at": None, "asserted_at": tx.now}
    kept = update(Xorb).where(Xorb.hash == xorb)
    if table is None:
        kept = kept.where(Xorb.state == XorbState.TOMBSTONE).values(**alive)
    else:
        kept = kept.where(Xorb.state != XorbState.LIVE).values(
            **alive, chunk_table=table.pack(), body_bytes=table.body_bytes
        )
    if tx.connection.execute(kept).rowcount:
        _heal_files(tx, xorb)
    sent = {"repo_id": repo_id, "xorb_hash": xorb, "sent_at": tx.now}
    return insert_new(tx, RepoXorb, [sent]) > 0


def mark_xorb_damaged(tx: Tx, xorb: str, table: ChunkTable | None = None) -> bool:
    """Serve neither a xorb nor the files that need it, until it is sent again. Whether it was.

    `table` is how it was read: packed otherwise by now, it was sent again already.
    Clients remember what they uploaded, and would go on naming the xorb without sending it; a new
    generation makes them forget.
    """
    marked = (
        update(Xorb)
        .where(Xorb.hash == xorb, Xorb.state.in_([XorbState.LIVE, XorbState.TOMBSTONE]))
        .values(state=XorbState.DAMAGED, checked_at=tx.now)
    )
    if table is not None:
        marked = marked.where(Xorb.chunk_table == table.pack())
    if not tx.connection.execute(marked).rowcount:
        return False
    needing = select(FileXorb.file_hash).where(FileXorb.xorb_hash == xorb)
    tx.connection.execute(update(XetFile).where(XetFile.hash.in_(needing)).values(damaged=True))
    renew_generation(tx)
    return True


def _heal_files(tx: Tx, xorb: str) -> None:
    """Serve the files again that need this xorb, and no damaged one.

    They are locked first: of two xorbs that are healed at once, the later sees the earlier healed.
    """
    needing = select(FileXorb.file_hash).where(FileXorb.xorb_hash == xorb)
    files = select(XetFile.hash).where(XetFile.damaged, XetFile.hash.in_(needing))
    tx.connection.execute(files.order_by(XetFile.hash).with_for_update()).all()
    still_broken = (
        exists()
        .where(FileXorb.file_hash == XetFile.hash)
        .where(Xorb.hash == FileXorb.xorb_hash)
        .where(Xorb.state == XorbState.DAMAGED)
    )
    tx.connection.execute(
        update(XetFile)
        .where(XetFile.damaged, XetFile.hash.in_(needing), ~still_broken)
        .values(damaged=False)
    )


def renew_generation(tx: Tx) -> None:
    """Give the CAS a new address, by which every client begins with an empty cache."""
    generation = int(instance.fact(tx, instance.GENERATION) or "1")
    instance.change(tx, instance.GENERATION, str(generation + 1))


# -- objects -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """How an object stood when its bytes were announced."""

    is_sound: bool
    is_damaged: bool


def claim_object(tx: Tx, sha256: str, size: int) -> Claim:
    """Say that an object's bytes are coming."""
    row = {
        "sha256": sha256,
        "size": size,
        "blob_state": BlobState.ARRIVING,
        "created_at": tx.now,
        "asserted_at": tx.now,
    }
    claimed = update(StoredBytes).where(StoredBytes.sha256 == sha256).values(asserted_at=tx.now)
    if not tx.connection.execute(claimed).rowcount and insert_new(tx, StoredBytes, [row]):
        return Claim(is_sound=False, is_damaged=False)
    found = tx.connection.execute(
        select(StoredBytes.size, StoredBytes.blob_state, XetFile.damaged)
        .outerjoin(XetFile, XetFile.hash == StoredBytes.xet_hash)
        .where(StoredBytes.sha256 == sha256)
    ).one()
    if found.size != size:
        raise Invalid("This object is not as long as was said.")
    if found.blob_state == BlobState.KEPT or found.damaged is False:
        return Claim(is_sound=True, is_damaged=False)
    rules.require_not_dropping(found.blob_state)
    return Claim(is_sound=False, is_damaged=found.blob_state == BlobState.DAMAGED)


def keep_object(tx: Tx, repo_id: int, sha256: str) -> None:
    """An object's bytes are stored whole, and a writer of this repository sent them."""
    tx.connection.execute(
        update(StoredBytes)
        .where(StoredBytes.sha256 == sha256)
        .values(blob_state=BlobState.KEPT, asserted_at=tx.now)
    )
    hold(tx, repo_id, [sha256], Origin.SENT)
    tx.enqueue(
        "blobs.convert",
        {"sha256": sha256},
        key=f"blobs.convert:{sha256}",
        delay=rules.CONVERSION_DELAY,
    )


def mark_blob_damaged(tx: Tx, sha256: str) -> None:
    """Serve an object's whole copy no more, until it is sent again."""
    tx.connection.execute(
        update(StoredBytes)
        .where(StoredBytes.sha256 == sha256, StoredBytes.blob_state == BlobState.KEPT)
        .values(blob_state=BlobState.DAMAGED, checked_at=tx.now)
    )


# -- provenance ----------------------------------------------------------------------------------


def hold(tx: Tx, repo_id: int, sha256s: Collection[str], origin: Origin) -> None:
    """Let a repository read these objects. For one that it holds already, its time begins anew.

    So what was sent long ago and is sent again waits its whole grace for the commit that names it.
    """
    ordered = sorted(sha256s)
    rows = [
        {"repo_id": repo_id, "sha256": sha256, "origin": origin, "linked_at": tx.now}
        for sha256 in ordered
    ]
    if insert_new(tx, RepoObject, rows) == len(rows):
        return
    for some in batches(ordered, BATCH):
        tx.connection.execute(
            update(RepoObject)
            .where(
                RepoObject.repo_id == repo_id,
                RepoObject.sha256.in_(some),
            )
            .values(linked_at=tx.now)
        )


def link(tx: Tx, repo_id: int, sha256s: Collection[str], *, readable: Readable) -> set[str]:
    """Copy into a repository those of these objects that the asker can read somewhere.

    Returns all that the repository holds afterwards; what is not among them, it may not refer to.
    """
    held = set(queries.objects(tx, repo_id, sha256s))
    copied = queries.elsewhere(tx, [each for each in sha256s if each not in held], readable)
    hold(tx, repo_id, copied, Origin.COPIED)
    assert_objects(tx, held | copied)
    return held | copied


def assert_objects(tx: Tx, sha256s: Collection[str]) -> None:
    """Note that somebody counts on these objects: their grace begins anew."""
    for some in batches(sorted(sha256s), BATCH):
        tx.connection.execute(
            update(StoredBytes).where(StoredBytes.sha256.in_(some)).values(asserted_at=tx.now)
        )


def forget(tx: Tx, repo_id: int, sha256s: Collection[str]) -> int:
    """A repository holds these objects no more. How many of them it held."""
    held = set(queries.objects(tx, repo_id, sha256s))
    assert_objects(tx, held)
    _let_go(tx, repo_id, held)
    return len(held)


def release(tx: Tx, repo_id: int) -> int:
    """A repository is gone for good: it holds nothing any more. How many objects it let go.

    Their bytes stay for the grace, and for as long as another repository holds them.
    """
    held = set(queries.held_since(tx, repo_id))
    assert_objects(tx, held)
    tx.connection.execute(delete(RepoObject).where(RepoObject.repo_id == repo_id))
    tx.connection.execute(delete(RepoXorb).where(RepoXorb.repo_id == repo_id))
    return len(held)


def release_unreferenced(
    tx: Tx, repo_id: int, referenced: Collection[str], *, before: datetime
) -> int:
    """Let go of what a repository was given before a moment and no commit of it refers to.

    Who calls this has walked the commits; `referenced` must be all that they name.
    """
    keep = set(referenced)
    gone = sorted(set(queries.held_since(tx, repo_id, before=before)) - keep)
    assert_objects(tx, gone)
    _let_go(tx, repo_id, gone)
    return len(gone)


def _let_go(tx: Tx, repo_id: int, sha256s: Collection[str]) -> None:
    for some in batches(sorted(sha256s), BATCH):
        held = RepoObject.sha256.in_(some)
        tx.connection.execute(delete(RepoObject).where(RepoObject.repo_id == repo_id, held))
