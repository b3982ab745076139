"""Is every bucket whole? `iriai check` asks.

Every file must be of an object that the bucket holds, in the form and length that its row says, and
the bucket's figures must be the sum of its files.
"""

from collections.abc import Iterator

from sqlalchemy import func, select

from iriai.base.tx import Ground
from iriai.blobs import queries as blobs
from iriai.blobs.check import Finding
from iriai.buckets import rules
from iriai.buckets.tables import BucketFile, BucketRow

BATCH = 500


def findings(ground: Ground) -> Iterator[Finding]:
    """All that is wrong with buckets."""
    with ground.read() as tx:
        asked = select(BucketRow.id, BucketRow.file_count, BucketRow.bytes).where(
            BucketRow.deleted_at.is_(None)
        )
        rows = tx.connection.execute(asked.order_by(BucketRow.id)).all()
    for number, file_count, size in rows:
        yield from _unheld(ground, number)
        yield from _miscounted(ground, number, file_count, size)


def _unheld(ground: Ground, number: int) -> Iterator[Finding]:
    """Files whose content the bucket does not hold as its row says."""
    after = ""
    while True:
        with ground.read() as tx:
            asked = (
                select(BucketFile.path, BucketFile.xet_hash, BucketFile.sha256, BucketFile.size)
                .where(BucketFile.bucket_id == number, BucketFile.path > after)
                .order_by(BucketFile.path)
                .limit(BATCH)
            )
            rows = tx.connection.execute(asked).all()
            held = blobs.objects(tx, number, {row.sha256 for row in rows})
        for row in rows:
            found = held.get(row.sha256)
            if row.xet_hash == rules.EMPTY_XET_HASH and row.size == 0:
                continue
            if found is None:
                yield _finding(number, f"{row.path!r} is {row.sha256}, which it does not hold.")
            elif found.size != row.size:
                yield _finding(number, f"{row.path!r} has {found.size} bytes, not {row.size}.")
        if len(rows) < BATCH:
            return
        after = rows[-1].path


def _miscounted(ground: Ground, number: int, file_count: int, size: int) -> Iterator[Finding]:
    """Figures that are not the sum of the files; what changes meanwhile is passed over."""
    with ground.read() as tx:
        counted = select(func.count(), func.coalesce(func.sum(BucketFile.size), 0)).where(
            BucketFile.bucket_id == number
        )
        here = tuple(int(each) for each in tx.connection.execute(counted).one())
        now = tx.connection.execute(
            select(BucketRow.file_count, BucketRow.bytes).where(BucketRow.id == number)
        ).one()
    if here != tuple(now) and tuple(now) == (file_count, size):
        told = f"{now[0]} files of {now[1]} bytes"
        yield _finding(number, f"it says that it has {told}, and has {here[0]} of {here[1]}.")


def _finding(number: int, message: str) -> Finding:
    return Finding(f"bucket/{number}", message)
