"""Making few packs of many, while others read and write.

Each commit leaves a pack. Which ones are joined is decided by size alone: the largest packs that
each outweigh twice all smaller ones stay, the rest become one. The new pack goes into the store
first; one transaction then shows it and retires the old ones, or does nothing because another was
faster. Retired packs stay in the store for a grace, for those who still have them open.
"""

from collections.abc import Sequence

from sqlalchemy import func, select, update

from iriai.base.errors import Conflict, Unavailable
from iriai.base.tx import Ground, Tx
from iriai.repos import queries
from iriai.repos.git import repack
from iriai.repos.git.command import GitFailed
from iriai.repos.git.packs import Packed, object_ids
from iriai.repos.joining import LivePack, live, to_join
from iriai.repos.landing import add_pack, dropped_if_refused, store_pack
from iriai.repos.tables import PackRow, RepoRow


def compact(ground: Ground, repo_id: int) -> int:
    """Join what is to be joined. Returns how many packs became one."""
    with ground.read() as tx:
        packs = to_join(live(tx, repo_id))
    if not packs:
        return 0
    try:
        _join(ground, repo_id, packs)
    except Conflict:
        return 0  # another worker was faster, or the repository went
    except (GitFailed, OSError):
        with ground.read() as tx:
            if set(packs) <= set(live(tx, repo_id)):
                raise
        return 0  # another was faster: what it retired no longer lies where both read
    return len(packs)


def _join(ground: Ground, repo_id: int, packs: Sequence[LivePack]) -> None:
    names = [pack.name for pack in packs]
    objects = queries.objects(ground, repo_id)
    objects.refresh()
    with repack.joined(objects.git_dir, names, ground.store.staging()) as packed:
        _require_complete(objects.indexes(names), packed)
        store_pack(ground, repo_id, packed)
        with dropped_if_refused(ground, repo_id, packed), ground.write() as tx:
            swap(tx, repo_id, packs, packed)
    objects.refresh()


def _require_complete(old: Sequence[bytes], packed: Packed) -> None:
    """Every object of the old packs must be in the new one."""
    kept = set(object_ids(packed.idx))
    for index in old:
        missing = next((oid for oid in object_ids(index) if oid not in kept), None)
        if missing is not None:
            raise Unavailable(
                f"The joined pack lacks the object {missing.hex()}.", code="ObjectDamaged"
            )


def swap(tx: Tx, repo_id: int, packs: Sequence[LivePack], packed: Packed) -> None:
    """Show one pack instead of these, or nothing when another was faster."""
    here = select(func.count()).where(RepoRow.id == repo_id, RepoRow.purged_at.is_(None))
    retired = tx.connection.execute(
        update(PackRow)
        .where(
            PackRow.repo_id == repo_id,
            PackRow.name.in_([pack.name for pack in packs]),
            PackRow.retired_at.is_(None),
        )
        .values(retired_at=tx.now)
    )
    if retired.rowcount != len(packs) or not tx.connection.execute(here).scalar_one():
        raise Conflict("These packs were joined by somebody else.", code="PacksChanged")
    add_pack(tx, repo_id, packed, is_change=False)
    total = sum(pack.size for pack in packs)
    tx.connection.execute(
        update(RepoRow).where(RepoRow.id == repo_id).values(git_bytes=RepoRow.git_bytes - total)
    )
