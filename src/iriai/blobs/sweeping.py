"""What nobody needs goes, late and in an order that no upload can fall into.

An object that no repository holds, and a xorb that no file needs, has thirty days from the last
time anybody sent or named it. Then its row is marked, its bytes are deleted, and the row goes. Each
mark is made in a transaction that looks again; an upload that claims the row first wins, and one
that comes later is asked to try again. A sweep that dies is finished by the next. While a backup is
taken nothing is marked, and the sweep is put off.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from itertools import islice

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from iriai.base import stay, turns
from iriai.base.tx import Ground, Tx
from iriai.blobs import receiving, rules
from iriai.blobs.rules import BlobState, XorbState
from iriai.blobs.tables import (
    FileXorb,
    Multipart,
    RepoObject,
    Shard,
    ShardXorb,
    StoredBytes,
    XetFile,
    Xorb,
)

BATCH = 200
STAGING_LIFE = timedelta(days=1)

_held = exists().where(RepoObject.sha256 == StoredBytes.sha256)
_needed = exists().where(FileXorb.xorb_hash == Xorb.hash)


def sweep(ground: Ground) -> None:
    """Once through everything."""
    sweep_uploads(ground)
    sweep_objects(ground)
    sweep_blobs(ground)
    condemn_xorbs(ground)
    sweep_xorbs(ground)
    sweep_shards(ground)
    sweep_orphans(ground)


def sweep_uploads(ground: Ground) -> None:
    """Uploads that were begun and given up."""
    with ground.write() as tx:
        stay.require_none(tx)
        old = Multipart.created_at < tx.now - rules.MULTIPART_LIFE
        given_up = tx.connection.execute(select(Multipart.id, Multipart.size).where(old)).all()
        before = tx.now - STAGING_LIFE
    for upload in given_up:
        receiving.forget_parts(ground, upload.id, rules.part_count(upload.size))
    ground.store.sweep(before)


def sweep_objects(ground: Ground) -> None:
    """Objects that no repository holds: their Xet files at once, their whole copies, their rows."""
    for batch in _batches(ground, _unheld_objects):
        with ground.write() as tx:
            stay.require_none(tx)
            late = [sha256 for sha256 in batch if _mark_object(tx, sha256)]
        for sha256 in late:
            ground.store.delete(rules.blob_key(sha256))
        with ground.write() as tx:
            for sha256 in late:
                _forget_object(tx, sha256)


def _unheld_objects(tx: Tx, after: str) -> list[str]:
    late = (
        select(StoredBytes.sha256)
        .where(~_held, StoredBytes.asserted_at < tx.now - rules.GRACE, StoredBytes.sha256 > after)
        .order_by(StoredBytes.sha256)
        .limit(BATCH)
    )
    return list(tx.connection.execute(late).scalars())


def _mark_object(tx: Tx, sha256: str) -> bool:
    marked = (
        update(StoredBytes)
        .where(StoredBytes.sha256 == sha256, ~_held, StoredBytes.asserted_at < tx.now - rules.GRACE)
        .values(blob_state=BlobState.DROPPING)
    )
    return bool(tx.connection.execute(marked).rowcount)


def _forget_object(tx: Tx, sha256: str) -> None:
    """Unless it was sent again meanwhile: then it is read as a Xet file, without a whole copy.

    Its row is locked before anybody looks: what a statement waited for, it does not see.
    """
    mine = (StoredBytes.sha256 == sha256, StoredBytes.blob_state == BlobState.DROPPING)
    tx.connection.execute(select(StoredBytes.sha256).where(*mine).with_for_update())
    if not tx.connection.execute(delete(StoredBytes).where(*mine, ~_held)).rowcount:
        tx.connection.execute(update(StoredBytes).where(*mine).values(blob_state=BlobState.NONE))
        return
    unknown = ~exists().where(StoredBytes.sha256 == XetFile.sha256)
    tx.connection.execute(delete(XetFile).where(XetFile.sha256 == sha256, unknown))


def sweep_blobs(ground: Ground) -> None:
    """Whole copies whose dropping was begun and not finished."""
    with ground.read() as tx:
        dropping = select(StoredBytes.sha256).where(
            StoredBytes.blob_state == BlobState.DROPPING, _held
        )
        unfinished = tx.connection.execute(dropping).scalars().all()
    for sha256 in unfinished:
        finish_dropping(ground, sha256)


def drop_blob(ground: Ground, sha256: str) -> None:
    """Drop an object's whole copy, if it can be read as a Xet file."""
    sound = exists().where(XetFile.hash == StoredBytes.xet_hash, ~XetFile.damaged)
    with ground.write() as tx:
        stay.require_none(tx)
        marked = (
            update(StoredBytes)
            .where(
                StoredBytes.sha256 == sha256,
                sound,
                StoredBytes.blob_state.in_([BlobState.KEPT, BlobState.DAMAGED]),
            )
            .values(blob_state=BlobState.DROPPING)
        )
        if not tx.connection.execute(marked).rowcount:
            return
    finish_dropping(ground, sha256)


def finish_dropping(ground: Ground, sha256: str) -> None:
    """Delete a whole copy that is marked, and say that it is gone."""
    ground.store.delete(rules.blob_key(sha256))
    with ground.write() as tx:
        tx.connection.execute(
            update(StoredBytes)
            .where(StoredBytes.sha256 == sha256, StoredBytes.blob_state == BlobState.DROPPING)
            .values(blob_state=BlobState.NONE)
        )


def condemn_xorbs(ground: Ground) -> None:
    """Tell uploads no more of xorbs that no file needs."""
    with ground.write() as tx:
        tx.connection.execute(
            update(Xorb)
            .where(
                Xorb.state.in_([XorbState.LIVE, XorbState.ARRIVING, XorbState.DAMAGED]),
                Xorb.asserted_at < tx.now - rules.GRACE,
                ~_needed,
            )
            .values(state=XorbState.TOMBSTONE, condemned_at=tx.now)
        )


def sweep_xorbs(ground: Ground) -> None:
    """Delete condemned xorbs, and those whose deletion was begun."""
    for batch in _batches(ground, _condemned_xorbs):
        with ground.write() as tx:
            stay.require_none(tx)
            late = [xorb for xorb in batch if _mark_xorb(tx, xorb)]
        for xorb in late:
            ground.store.delete(rules.xorb_key(xorb))
        with ground.write() as tx:
            for xorb in late:
                gone = Xorb.state == XorbState.DROPPING
                tx.connection.execute(delete(Xorb).where(Xorb.hash == xorb, gone))


def _condemned_xorbs(tx: Tx, after: str) -> list[str]:
    late = (
        select(Xorb.hash)
        .where(
            Xorb.state.in_([XorbState.TOMBSTONE, XorbState.DROPPING]),
            Xorb.condemned_at < tx.now - rules.TOMBSTONE_LIFE,
            Xorb.hash > after,
        )
        .order_by(Xorb.hash)
        .limit(BATCH)
    )
    return list(tx.connection.execute(late).scalars())


def _mark_xorb(tx: Tx, xorb: str) -> bool:
    marked = (
        update(Xorb)
        .where(
            Xorb.hash == xorb,
            ~_needed,
            or_(
                Xorb.state == XorbState.DROPPING,
                (Xorb.state == XorbState.TOMBSTONE) & (Xorb.asserted_at < tx.now - rules.GRACE),
            ),
        )
        .values(state=XorbState.DROPPING)
    )
    return bool(tx.connection.execute(marked).rowcount)


def sweep_shards(ground: Ground) -> None:
    """Uploads of which no xorb is left."""
    empty = ~exists().where(ShardXorb.shard_id == Shard.id)
    with ground.write() as tx:
        stay.require_none(tx)
        late = select(Shard.id, Shard.key).where(empty, Shard.created_at < tx.now - rules.GRACE)
        gone = tx.connection.execute(late).all()
    for shard in gone:
        ground.store.delete(shard.key)
        with ground.write() as tx:
            tx.connection.execute(delete(Shard).where(Shard.id == shard.id))


def sweep_orphans(ground: Ground) -> int:
    """Bytes that no row tells of, as a hub that came out of a backup has some. How many there were.

    Who sends a xorb or an object has the turn of its key from the row to the bytes; so what seems
    to be an orphan is looked at once more in that turn.
    """
    before = ground.clock() - rules.GRACE
    swept = 0
    for prefix, column, place in _NAMED:
        old = (each.key for each in ground.store.entries(prefix) if each.modified_at < before)
        while keys := list(islice(old, BATCH)):
            known = _known(ground, column, {key.split("/")[place] for key in keys})
            for key in keys:
                name = key.split("/")[place]
                if name in known:
                    continue
                with turns.taken(ground, key):
                    if not _known(ground, column, {name}):
                        ground.store.delete(key)
                        swept += 1
    return swept


_NAMED = (
    ("xorbs/", Xorb.hash, -1),
    ("lfs/", StoredBytes.sha256, -1),
    ("shards/", Shard.id, -1),
    ("parts/", Multipart.id, 1),
)
"""Where bytes lie, the column that tells of them, and which part of the key it holds."""


def _known(ground: Ground, column: InstrumentedAttribute[str], names: Collection[str]) -> set[str]:
    """Those of these names that there are rows of; the others may be deleted."""
    with ground.write() as tx:
        stay.require_none(tx)
        return set(tx.connection.execute(select(column).where(column.in_(names))).scalars())


def _batches(ground: Ground, find: Callable[[Tx, str], list[str]]) -> Iterator[list[str]]:
    """What a query finds, some at a time, each batch in a transaction of its own."""
    after = ""
    while True:
        with ground.read() as tx:
            found = find(tx, after)
        if not found:
            return
        yield found
        after = found[-1]
