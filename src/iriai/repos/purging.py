"""Taking data out of a repository so that no revision has it any more.

Every ref is written anew with its whole history, as if the files had never been; the old revisions
are remembered as removed, with the reason. Then one pack of what is left takes the place of all
others. What stands at a path now and was put there since the request came is kept: it is the file
without the rows that were to go.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from sqlalchemy import insert

from iriai.base.errors import Conflict
from iriai.base.tx import Ground, Tx
from iriai.blobs import actions as blobs
from iriai.identity.rules import OPERATOR
from iriai.repos import queries, rules
from iriai.repos.compaction import swap
from iriai.repos.erasing import Moved, Rewriting, require_refs, rewritten
from iriai.repos.git import repack
from iriai.repos.git.entries import File
from iriai.repos.git.objects import Objects
from iriai.repos.git.packs import PackWriter
from iriai.repos.joining import live
from iriai.repos.landing import (
    add_pack,
    dropped_if_refused,
    lock,
    move_ref,
    on_the_newest,
    store_pack,
)
from iriai.repos.rules import Ref
from iriai.repos.tables import GoneCommit


@dataclass(slots=True)
class Named:
    """What is to go: blobs of git, and large objects by SHA-256."""

    blobs: set[str] = field(default_factory=set)
    large: set[str] = field(default_factory=set)


def named(
    objects: Objects, refs: Collection[Ref], paths: Collection[str], *, main: str | None, since: str
) -> Named:
    """All that ever stood at these paths, but for what was put there since commit `since`."""
    found = Named()
    seen: set[str] = set()
    for ref in refs:
        for commit in objects.commits(ref.commit):
            if commit.sha in seen:
                continue
            seen.add(commit.sha)
            for path in paths:
                _note(objects, found, commit.sha, path)
    for path in paths:
        now = None if main is None else objects.find_entry(main, path)
        then = objects.find_entry(since, path)
        if isinstance(now, File) and (not isinstance(then, File) or then.oid != now.oid):
            found.blobs.discard(now.oid)
            if now.lfs is not None:
                found.large.discard(now.lfs.sha256)
    return found


def _note(objects: Objects, found: Named, sha: str, path: str) -> None:
    entry = objects.find_entry(sha, path)
    if isinstance(entry, File):
        found.blobs.add(entry.oid)
        if entry.lfs is not None:
            found.large.add(entry.lfs.sha256)


def purge(
    ground: Ground,
    repo_id: int,
    paths: Collection[str],
    *,
    since: str,
    reason: str,
    first: Callable[[Tx], None],
    done: Callable[[Tx, str | None], None],
) -> None:
    """Take it out; `done` is called in the transaction that shows it, with the new main.

    `first` waits, in that transaction, for what must be locked before a repository is.
    """

    def attempt() -> None:
        _purge(ground, repo_id, paths, since=since, reason=reason, first=first, done=done)

    on_the_newest(attempt)
    _drop(ground, repo_id)


def _purge(
    ground: Ground,
    repo_id: int,
    paths: Collection[str],
    *,
    since: str,
    reason: str,
    first: Callable[[Tx], None],
    done: Callable[[Tx, str | None], None],
) -> None:
    with ground.read() as tx:
        repo = queries.by_id(tx, repo_id)
        refs = queries.refs(tx, repo)
    objects = queries.objects(ground, repo_id)
    what = named(objects, refs, paths, main=repo.head, since=since)
    with PackWriter(ground.store.staging()) as writer:
        work = Rewriting(objects, writer, frozenset(what.large), frozenset(what.blobs))
        moved = list(rewritten(ground, OPERATOR, work, refs))
        gone = [old for old, new in work.commits.items() if old != new]
        packed = writer.finish() if moved else None
        if packed is None:
            with ground.write() as tx:
                first(tx)
                lock(tx, repo_id)
                require_refs(tx, repo, refs)
                blobs.forget(tx, repo_id, what.large)
                done(tx, repo.head)
            return
        store_pack(ground, repo_id, packed)
        with dropped_if_refused(ground, repo_id, packed), ground.write() as tx:
            first(tx)
            lock(tx, repo_id)
            require_refs(tx, repo, refs)
            _move(tx, repo_id, moved)
            add_pack(tx, repo_id, packed)
            blobs.forget(tx, repo_id, what.large)
            rows = [
                {"repo_id": repo_id, "sha": sha, "reason": reason, "at": tx.now} for sha in gone
            ]
            tx.connection.execute(insert(GoneCommit), rows)
            done(tx, queries.by_id(tx, repo_id).head)


def _move(tx: Tx, repo_id: int, moved: list[Moved]) -> None:
    for each in moved:
        here = each.ref
        if not move_ref(tx, repo_id, here.name, old=here.sha, new=each.sha, commit=each.commit):
            raise Conflict(rules.STALE, code="BranchMoved")


def _drop(ground: Ground, repo_id: int) -> None:
    """One pack of what the refs lead to, in place of all that hold what has gone."""
    with ground.read() as tx:
        packs = live(tx, repo_id)
        repo = queries.by_id(tx, repo_id)
        refs = queries.refs(tx, repo)
    tips = sorted({ref.sha for ref in refs})
    objects = queries.objects(ground, repo_id)
    objects.refresh()
    with repack.reachable(objects.git_dir, tips, ground.store.staging()) as packed:
        store_pack(ground, repo_id, packed)
        try:
            with dropped_if_refused(ground, repo_id, packed), ground.write() as tx:
                lock(tx, repo_id)
                require_refs(tx, repo, refs)
                swap(tx, repo_id, packs, packed)
        except Conflict:
            return  # something landed meanwhile; what was removed is said to be, all the same
    objects.refresh()
