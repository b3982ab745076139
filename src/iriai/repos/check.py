"""Is every repository whole? `iriai check` asks.

Each live pack must lie in the store, git must find all objects sound and all that a ref leads to
present, and every pointer at the tip of a ref must name an object that the repository holds.
"""

from collections.abc import Iterator

from sqlalchemy import select

from iriai.base.errors import HubError
from iriai.base.tx import Ground
from iriai.blobs import queries as blobs
from iriai.blobs.check import Finding
from iriai.repos import queries
from iriai.repos.git import shelf
from iriai.repos.git.command import GitFailed, git
from iriai.repos.git.entries import EXECUTABLE_MODE, FILE_MODE
from iriai.repos.git.objects import Objects
from iriai.repos.rows import WITH_HEAD, as_repo
from iriai.repos.rules import MAIN, Ref, Repo
from iriai.repos.tables import PackRow, RepoRow

BATCH = 100
SAID_MAX = 20


def findings(ground: Ground) -> Iterator[Finding]:
    """All that is wrong with repositories."""
    last = 0
    while True:
        with ground.read() as tx:
            asked = (
                WITH_HEAD.where(RepoRow.id > last, RepoRow.deleted_at.is_(None))
                .order_by(RepoRow.id)
                .limit(BATCH)
            )
            repos = [as_repo(row, row[-1]) for row in tx.connection.execute(asked)]
        if not repos:
            return
        for repo in repos:
            yield from findings_of(ground, repo)
        last = repos[-1].id


def findings_of(ground: Ground, repo: Repo) -> Iterator[Finding]:
    """All that is wrong with one repository."""
    with ground.read() as tx:
        refs = queries.refs(tx, repo)
        names = tx.connection.execute(
            select(PackRow.name, PackRow.bytes).where(
                PackRow.repo_id == repo.id, PackRow.retired_at.is_(None)
            )
        ).all()
    subject = f"repo/{repo.address}"
    lost = list(_lost_packs(ground, repo, [(row.name, row.bytes) for row in names]))
    yield from (Finding(subject, message) for message in lost)
    if MAIN not in {ref.name for ref in refs}:
        yield Finding(subject, "It has no main branch.")
    if lost:
        return
    try:
        objects = queries.objects(ground, repo.id)
        for message in [*_unsound(objects, refs), *_unheld(ground, repo, objects, refs)]:
            yield Finding(subject, message)
    except HubError as error:
        yield Finding(subject, error.message)


def _lost_packs(ground: Ground, repo: Repo, packs: list[tuple[str, int]]) -> Iterator[str]:
    for name, size in packs:
        for kind in shelf.KINDS:
            key = shelf.key(repo.id, name, kind)
            if not ground.store.exists(key):
                yield f"{key} is missing from the store."
            elif kind == ".pack" and ground.store.size(key) != size:
                yield f"{key} has not the length it should have."


def _unsound(objects: Objects, refs: list[Ref]) -> Iterator[str]:
    """What git says about objects and refs."""
    shown = [(ref.name, ref.sha, ref.commit) for ref in refs]
    for ref in refs:
        if objects.find(ref.sha) != ref.commit:
            yield f"{ref.name} names {ref.sha}, which does not come down to {ref.commit}."
    words = ["fsck", "--full", "--strict", "--no-dangling", "--no-progress", "--no-reflogs"]
    try:
        with objects.view(shown) as git_dir:
            git(git_dir, words)
    except GitFailed as failed:
        for line in failed.said.splitlines()[:SAID_MAX]:
            yield f"Git says: {line}"


def _unheld(ground: Ground, repo: Repo, objects: Objects, refs: list[Ref]) -> Iterator[str]:
    """Pointers at the tips of refs whose bytes this repository does not hold."""
    pointed: dict[str, str] = {}
    for commit in {ref.commit for ref in refs}:
        for path, mode, oid in objects.walk(objects.commit(commit).tree):
            lfs = objects.blob_facts(oid)[1] if mode in (FILE_MODE, EXECUTABLE_MODE) else None
            if lfs is not None:
                pointed.setdefault(lfs.sha256, path.decode("utf-8", "replace"))
    with ground.read() as tx:
        held = blobs.objects(tx, repo.id, pointed.keys())
    for sha256 in sorted(pointed.keys() - held.keys()):
        yield f"{pointed[sha256]!r} points to {sha256}, whose bytes it does not hold."
