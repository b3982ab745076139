"""What changed in a bucket, for those who follow it: kept for a week, in the order it happened.

Each batch of changes leaves rows in its own transaction. A cursor is the number of the last row
somebody has seen; one that is older than what is kept cannot be followed from, and is told so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, insert, select

from iriai.base.tx import Ground, Tx
from iriai.buckets.rules import Bucket, StoredFile
from iriai.buckets.tables import BucketChange

KEPT = timedelta(days=7)
A_ROW_MAX = 500
PAGE_LENGTH = 20


@dataclass(frozen=True, slots=True)
class Batch:
    """Some changes that were made at once; `cursor` resumes after them."""

    cursor: int
    changes: Sequence[Mapping[str, Any]]


def note(
    tx: Tx,
    bucket: Bucket,
    before: Mapping[str, StoredFile],
    changed: Mapping[str, StoredFile | None],
) -> None:
    """Write down what a batch changed."""
    told = (_change(path, before.get(path), made) for path, made in sorted(changed.items()))
    while some := list(islice(told, A_ROW_MAX)):
        row = {"bucket_id": bucket.id, "at": tx.now, "changes": some}
        tx.connection.execute(insert(BucketChange), row)


def _change(path: str, was: StoredFile | None, made: StoredFile | None) -> dict[str, Any]:
    if made is None:
        return {"path": path, "op": "delete"}
    told: dict[str, Any] = {
        "path": path,
        "op": "add" if was is None else "update",
        "size": made.size,
        "xetHash": made.xet_hash,
        "uploadedAt": _moment(made.uploaded_at),
    }
    if made.modified_at is not None:
        told["mtime"] = _moment(made.modified_at)
    return told


def newest(tx: Tx, bucket: Bucket) -> int:
    """The cursor of what has happened until now."""
    asked = select(func.max(BucketChange.id)).where(BucketChange.bucket_id == bucket.id)
    return tx.connection.execute(asked).scalar_one_or_none() or 0


def since(tx: Tx, bucket: Bucket, moment: datetime) -> int | None:
    """The cursor of a moment; None where it is longer ago than what is kept."""
    if moment < tx.now - KEPT and moment < bucket.created_at:
        moment = bucket.created_at
    if moment < tx.now - KEPT:
        return None
    mine = BucketChange.bucket_id == bucket.id
    # who waited for another's batch is later in the order, with an earlier moment
    first = select(func.min(BucketChange.id)).where(mine, BucketChange.at >= moment)
    number = tx.connection.execute(first).scalar_one_or_none()
    asked = select(func.max(BucketChange.id)).where(mine, BucketChange.at < moment)
    if number is not None:
        asked = asked.where(BucketChange.id < number)
    return tx.connection.execute(asked).scalar_one_or_none() or 0


def is_kept(tx: Tx, bucket: Bucket, cursor: int) -> bool:
    """Whether one can follow from this cursor."""
    if cursor == 0:
        return bucket.created_at >= tx.now - KEPT
    asked = select(BucketChange.id).where(
        BucketChange.id == cursor, BucketChange.bucket_id == bucket.id
    )
    return tx.connection.execute(asked).scalar_one_or_none() is not None


def after(tx: Tx, bucket_id: int, cursor: int) -> Iterator[Batch]:
    """What happened after a cursor, the next rows of it."""
    asked = (
        select(BucketChange.id, BucketChange.changes)
        .where(BucketChange.bucket_id == bucket_id, BucketChange.id > cursor)
        .order_by(BucketChange.id)
        .limit(PAGE_LENGTH)
    )
    for number, changes in tx.connection.execute(asked).all():
        yield Batch(number, changes)


def forget(ground: Ground) -> None:
    """Let go of what happened too long ago; each bucket's newest row stays, for its cursor."""
    with ground.write() as tx:
        kept = select(func.max(BucketChange.id)).group_by(BucketChange.bucket_id)
        tx.connection.execute(
            delete(BucketChange).where(
                BucketChange.at < tx.now - KEPT, BucketChange.id.not_in(kept)
            )
        )


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
