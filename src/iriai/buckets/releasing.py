"""Letting go of what a bucket was given and no file of it has any more.

Only what it was given longer ago than the grace; the bytes then wait the grace of the store. The
bucket's row is locked meanwhile, as it is when a batch is written.
"""

from sqlalchemy import delete, select

from iriai.base.tx import Ground
from iriai.blobs import actions as blobs
from iriai.blobs.rules import GRACE
from iriai.blobs.tables import RepoObject
from iriai.buckets.tables import BucketFile, BucketRow


def release_all(ground: Ground) -> int:
    """Do so for every bucket that holds anything so old. How many objects were let go."""
    with ground.read() as tx:
        old = select(RepoObject.repo_id).where(RepoObject.linked_at < tx.now - GRACE)
        asked = select(BucketRow.id).where(BucketRow.deleted_at.is_(None), BucketRow.id.in_(old))
        numbers = tx.connection.execute(asked).scalars().all()
    return sum(release(ground, number) for number in numbers)


def release(ground: Ground, bucket_id: int) -> int:
    """Let one bucket go of what none of its files has. How many objects that were."""
    with ground.write() as tx:
        locked = select(BucketRow.id).where(BucketRow.id == bucket_id).with_for_update()
        tx.connection.execute(locked).all()
        named = select(BucketFile.sha256).where(BucketFile.bucket_id == bucket_id).distinct()
        kept = set(tx.connection.execute(named).scalars())
        return blobs.release_unreferenced(tx, bucket_id, kept, before=tx.now - GRACE)


def purge(ground: Ground, bucket_id: int) -> bool:
    """Forget the files of a bucket that was deleted; its tombstone stays."""
    with ground.write() as tx:
        asked = select(BucketRow.deleted_at).where(BucketRow.id == bucket_id)
        if tx.connection.execute(asked).scalar_one_or_none() is None:
            return False
        tx.connection.execute(delete(BucketFile).where(BucketFile.bucket_id == bucket_id))
        blobs.release(tx, bucket_id)
    return True
