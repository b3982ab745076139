"""Taking large files out of a repository for good: their bytes, and the files that point to them.

The repository holds the objects no more, so their bytes go after the grace unless another holds
them. Every branch, tag and pull request is written anew: with its whole history, in which the files
never were, or with one commit more that deletes them. All of it shows in one transaction.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from iriai.base.errors import Conflict, Excessive
from iriai.base.tx import Ground, Tx
from iriai.blobs import actions as blobs
from iriai.identity.rules import Actor
from iriai.repos import guarded, queries, rules
from iriai.repos.git import formats
from iriai.repos.git.entries import EXECUTABLE_MODE, FILE_MODE, Commit
from iriai.repos.git.objects import Objects
from iriai.repos.git.packs import Packed, PackWriter
from iriai.repos.landing import add_pack, dropped_if_refused, lock, move_ref, store_pack
from iriai.repos.records import record, where_refs_are
from iriai.repos.rules import HEADS, PULLS, TAGS, Ref, Repo
from iriai.repos.signing import signature_of

COMMITS_MAX = 50_000
FILES_MAX = 1_000
FILE_MODES = frozenset({b"%o" % FILE_MODE, b"%o" % EXECUTABLE_MODE})
_SIGNED = re.compile(rb"^(?:gpgsig|gpgsig-sha256|mergetag) [^\n]*\n(?: [^\n]*\n)*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Moved:
    """A ref that is written anew: to what git shows, and the commit it comes down to."""

    ref: Ref
    sha: str
    commit: str


@dataclass(slots=True)
class Rewriting:
    """Trees and commits as they would be without some large files, or some blobs of any size."""

    objects: Objects
    writer: PackWriter
    gone: Collection[str]
    gone_blobs: Collection[str] = frozenset()
    trees: dict[str, str | None] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)

    def tree(self, oid: str) -> str | None:
        """A tree without them; None where nothing is left of it."""
        if oid not in self.trees:
            rows = formats.parse_tree(self.objects.raw(oid))
            kept = [row for row in map(self._row, rows) if row is not None]
            if kept == rows:
                self.trees[oid] = oid
            elif kept:
                self.trees[oid] = self.writer.add("tree", formats.tree_bytes(kept)).hex()
            else:
                self.trees[oid] = None
        return self.trees[oid]

    def _row(self, row: formats.Row) -> formats.Row | None:
        mode, name, oid = row
        if mode == formats.FOLDER:
            made = self.tree(oid.hex())
            return None if made is None else (mode, name, bytes.fromhex(made))
        if mode in FILE_MODES and oid.hex() in self.gone_blobs:
            return None
        lfs = self.objects.blob_facts(oid.hex())[1] if mode in FILE_MODES else None
        return None if lfs is not None and lfs.sha256 in self.gone else row

    def root(self, oid: str) -> str:
        """A commit's tree without them; it may be empty."""
        return self.tree(oid) or self.writer.add("tree", b"").hex()

    def history(self, tip: str) -> str:
        """A commit and all before it, as if the files had never been."""
        for commit in _oldest_first(self.objects, tip, self.commits):
            tree = self.root(commit.tree)
            parents = [self.commits[parent] for parent in commit.parents]
            if tree == commit.tree and parents == list(commit.parents):
                self.commits[commit.sha] = commit.sha
                continue
            raw = _renamed(self.objects.raw(commit.sha), commit, tree, parents)
            self.commits[commit.sha] = self.writer.add("commit", raw).hex()
        return self.commits[tip]


def erase(
    ground: Ground, actor: Actor, repo: Repo, sha256s: Collection[str], *, rewrite: bool
) -> dict[str, str]:
    """Take these large files out of every branch, tag and pull request. Returns what moved."""
    if len(sha256s) > FILES_MAX:
        raise Excessive(f"Take out at most {FILES_MAX:,} files at once.")
    with ground.read() as tx:
        repo = queries.by_id(tx, repo.id)
        rules.require_write(actor, repo)
        refs = queries.refs(tx, repo)
        for each in refs:
            guarded.require_history_kept(repo, each.name, hub=ground.settings.url)
    objects = queries.objects(ground, repo.id)
    with PackWriter(ground.store.staging()) as writer:
        work = Rewriting(objects, writer, frozenset(sha256s))
        make = rewritten if rewrite else _without
        moved = list(make(ground, actor, work, refs))
        packed = writer.finish() if moved else None
        if packed is not None:
            store_pack(ground, repo.id, packed)
            with dropped_if_refused(ground, repo.id, packed):
                _land(ground, actor, repo, refs, moved, sha256s, packed)
        else:
            _land(ground, actor, repo, refs, moved, sha256s, None)
    return {each.ref.name: each.commit for each in moved}


def _land(  # noqa: PLR0917 - all that one change is made of
    ground: Ground,
    actor: Actor,
    repo: Repo,
    refs: Sequence[Ref],
    moved: list[Moved],
    sha256s: Collection[str],
    packed: Packed | None,
) -> None:
    with ground.write() as tx:
        lock(tx, repo.id)
        repo = queries.by_id(tx, repo.id)
        rules.require_write(actor, repo)
        require_refs(tx, repo, refs)
        for each in moved:
            guarded.require_history_kept(repo, each.ref.name, hub=ground.settings.url)
            if not move_ref(
                tx, repo.id, each.ref.name, old=each.ref.sha, new=each.sha, commit=each.commit
            ):
                raise Conflict(rules.STALE, code="BranchMoved")
        if packed is not None:
            add_pack(tx, repo.id, packed)
        count = blobs.forget(tx, repo.id, sha256s)
        names = sorted(each.ref.name for each in moved)
        facts = {"files": count, "refs": names} | where_refs_are(tx, repo.id)
        record(tx, actor, "erased large files of", repo, **facts)


def require_refs(tx: Tx, repo: Repo, refs: Sequence[Ref]) -> None:
    """Every ref must be where it was looked at, and there be no other.

    One that came or moved meanwhile may lead to what is to go, and would lead to nothing then.
    """
    if queries.refs(tx, repo) != list(refs):
        raise Conflict(rules.STALE, code="BranchMoved")


def rewritten(
    ground: Ground,  # noqa: ARG001 - one of two ways
    actor: Actor,  # noqa: ARG001
    work: Rewriting,
    refs: Iterable[Ref],
) -> Iterator[Moved]:
    """Each ref with its history as if the files had never been."""
    for ref in refs:
        commit = work.history(ref.commit)
        if commit == ref.commit:
            continue
        sha = commit
        if ref.sha != ref.commit:  # an annotated tag names the commit in its text
            text = work.objects.raw(ref.sha).replace(ref.commit.encode(), commit.encode(), 1)
            sha = work.writer.add("tag", text).hex()
        yield Moved(ref, sha, commit)


def _without(ground: Ground, actor: Actor, work: Rewriting, refs: Iterable[Ref]) -> Iterator[Moved]:
    """Each branch and pull request with a commit more, that deletes the files."""
    made: dict[str, str] = {}
    author = signature_of(ground, actor)
    for ref in refs:
        if ref.name.startswith(TAGS) or not ref.name.startswith((HEADS, PULLS)):
            continue
        before = work.objects.commit(ref.commit).tree
        tree = work.root(before)
        if tree == before:
            continue
        if ref.commit not in made:
            text = rules.commit_message("Delete large files for good")
            raw = formats.commit_bytes(bytes.fromhex(tree), [ref.commit], author, author, text)
            made[ref.commit] = work.writer.add("commit", raw).hex()
        yield Moved(ref, made[ref.commit], made[ref.commit])


def _oldest_first(objects: Objects, tip: str, known: Collection[str]) -> Iterator[Commit]:
    """The commits that lead to `tip` and are not known yet, each after its parents."""
    waiting, seen, count = [tip], set(known), 0
    while waiting:
        sha = waiting[-1]
        commit = objects.commit(sha)
        missing = [parent for parent in commit.parents if parent not in seen]
        if sha in seen or missing:
            if sha in seen:
                waiting.pop()
            waiting += missing if sha not in seen else []
            continue
        waiting.pop()
        seen.add(sha)
        count += 1
        if count > COMMITS_MAX:
            raise Excessive(
                f"A history of more than {COMMITS_MAX:,} commits is not written anew; squash it."
            )
        yield commit


def _renamed(raw: bytes, commit: Commit, tree: str, parents: list[str]) -> bytes:
    """A commit with another tree and other parents; a signature would not fit any more."""
    head, blank, message = raw.partition(b"\n\n")
    head = _SIGNED.sub(b"", head + b"\n")
    head = head.replace(b"tree " + commit.tree.encode(), b"tree " + tree.encode(), 1)
    for old, new in zip(commit.parents, parents, strict=True):
        head = head.replace(b"parent " + old.encode(), b"parent " + new.encode(), 1)
    return head.rstrip(b"\n") + blank + message
