"""Letting go of what was sent to a repository and never committed, or is in no commit any more.

Only what a repository was given longer ago than the grace, and what no pointer in any of its live
packs names, whatever ref leads there or none. Most repositories are settled by the tips of their
refs; the packs are read through only where something is left over. The repository's row is locked
while it is done, as it is when a commit lands, and nothing is done when packs changed meanwhile.
"""

from sqlalchemy import select

from iriai.base.tx import Ground, Tx
from iriai.blobs import actions as blobs
from iriai.blobs import queries as held
from iriai.blobs.rules import GRACE
from iriai.blobs.tables import RepoObject
from iriai.repos import joining, queries
from iriai.repos.git.entries import EXECUTABLE_MODE, FILE_MODE
from iriai.repos.git.objects import Objects
from iriai.repos.landing import lock
from iriai.repos.tables import RefRow, RepoRow


def release_all(ground: Ground) -> int:
    """Do so for every repository that was given anything so long ago."""
    with ground.read() as tx:
        asked = (
            select(RepoRow.id)
            .where(RepoRow.deleted_at.is_(None))
            .where(
                RepoRow.id.in_(
                    select(RepoObject.repo_id).where(RepoObject.linked_at < tx.now - GRACE)
                )
            )
        )
        ids = tx.connection.execute(asked).scalars().all()
    return sum(release(ground, repo_id) for repo_id in ids)


def release(ground: Ground, repo_id: int) -> int:
    """Let a repository go of what nothing in it names. Returns how many objects that were."""
    with ground.read() as tx:
        before = tx.now - GRACE
        old = set(held.held_since(tx, repo_id, before=before))
        names = _live(tx, repo_id)
        tips = tx.connection.execute(
            select(RefRow.commit_sha).where(RefRow.repo_id == repo_id).distinct()
        ).scalars()
        commits = list(tips)
    objects = queries.objects(ground, repo_id)
    objects.refresh()
    named = {sha256 for commit in commits for sha256 in _at(objects, commit)}
    if old <= named:
        return 0
    named |= objects.pointed_to(names)
    if old <= named:
        return 0
    with ground.write() as tx:
        lock(tx, repo_id)
        if _live(tx, repo_id) != names:
            return 0  # something has landed; the next round looks again
        return blobs.release_unreferenced(tx, repo_id, named, before=before)


def _live(tx: Tx, repo_id: int) -> list[str]:
    return sorted(pack.name for pack in joining.live(tx, repo_id))


def _at(objects: Objects, commit: str) -> set[str]:
    """What the pointers in one commit name."""
    found: set[str] = set()
    for _, mode, oid in objects.walk(objects.commit(commit).tree):
        lfs = objects.blob_facts(oid)[1] if mode in (FILE_MODE, EXECUTABLE_MODE) else None
        found |= {lfs.sha256} if lfs else set()
    return found
