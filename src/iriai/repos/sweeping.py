"""Deleting packs that nobody needs: retired ones, orphans, and those of deleted repositories.

While a backup is taken they wait (`PutOffError`).
"""

from datetime import timedelta

from sqlalchemy import delete, select, update

from iriai.base import stay
from iriai.base.batches import batches
from iriai.base.tx import Ground
from iriai.blobs import actions as blobs
from iriai.repos.git import shelf
from iriai.repos.register import PURGE_GRACE
from iriai.repos.tables import PackRow, RefRow, RepoRow

RETIRED_GRACE = timedelta(days=1)
ORPHAN_GRACE = timedelta(days=1)
BATCH = 500


def sweep_retired(ground: Ground) -> int:
    """Delete packs that were joined into others and that nobody can have open any more."""
    swept = 0
    while True:
        with ground.write() as tx:
            stay.require_none(tx)
            asked = (
                select(PackRow.name, PackRow.repo_id)
                .where(PackRow.retired_at < tx.now - RETIRED_GRACE)
                .limit(BATCH)
            )
            rows = tx.connection.execute(asked).all()
        if not rows:
            return swept
        for name, repo_id in rows:
            for kind in reversed(shelf.KINDS):
                ground.store.delete(shelf.key(repo_id, name, kind))
        with ground.write() as tx:
            names = [row.name for row in rows]
            tx.connection.execute(
                delete(PackRow).where(PackRow.name.in_(names), PackRow.retired_at.is_not(None))
            )
        swept += len(rows)


def sweep_orphans(ground: Ground) -> int:
    """Delete packs that no row tells of and that are too old to be about to land."""
    before = ground.clock() - ORPHAN_GRACE
    old = (entry for entry in ground.store.entries("git/") if entry.modified_at < before)
    swept = 0
    for batch in batches(old, BATCH):
        names = {_name(entry.key) for entry in batch}
        with ground.write() as tx:
            stay.require_none(tx)
            asked = select(PackRow.name).where(PackRow.name.in_(names))
            known = set(tx.connection.execute(asked).scalars())
        for entry in batch:
            if _name(entry.key) not in known:
                ground.store.delete(entry.key)
                swept += 1
    return swept


def purge(ground: Ground, repo_id: int) -> bool:
    """Delete the bytes of a repository that was deleted a grace ago. Its tombstone stays."""
    with ground.read() as tx:
        asked = select(RepoRow.deleted_at, RepoRow.purged_at).where(RepoRow.id == repo_id)
        row = tx.connection.execute(asked).one_or_none()
        if row is None or row.deleted_at is None or row.purged_at is not None:
            return False
        if row.deleted_at + PURGE_GRACE > tx.now:
            return False
    with ground.write() as tx:
        tx.connection.execute(delete(RefRow).where(RefRow.repo_id == repo_id))
        tx.connection.execute(
            update(PackRow)
            .where(PackRow.repo_id == repo_id, PackRow.retired_at.is_(None))
            .values(retired_at=tx.now - RETIRED_GRACE * 2)
        )
        blobs.release(tx, repo_id)
        tx.connection.execute(
            update(RepoRow).where(RepoRow.id == repo_id).values(purged_at=tx.now, git_bytes=0)
        )
    sweep_retired(ground)
    return True


def _name(key: str) -> str:
    return key.rpartition("/")[2].rpartition(".")[0]
