"""Commits: prepared outside the transaction, landed in it by comparing the branch's old value.

Preparing makes a pack of the new contents, trees and the commit and puts it into the store. Landing
moves the ref, if it is still where the commit began, and records the event. A commit that was asked
for without a parent is laid over the newest one again when the branch moved meanwhile, in turns, so
that any number of them land. One that has landed already, because its sender never heard of it and
tried again, is found by its message, author and tree, and answered as what it was.
"""

import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import select

from iriai.base.errors import Conflict, HubError, Invalid, Unavailable
from iriai.base.tx import Ground, Tx
from iriai.blobs import actions as blob_actions
from iriai.blobs import queries as blob_queries
from iriai.blobs.tables import StoredBytes
from iriai.identity.rules import Actor
from iriai.repos import guarded, large, locks, queries, room, rules
from iriai.repos.git import formats
from iriai.repos.git.entries import Commit, File, Lfs
from iriai.repos.git.objects import Objects
from iriai.repos.git.packs import Packed, PackWriter
from iriai.repos.landing import (
    Landed,
    add_pack,
    dropped_if_refused,
    lock,
    move_ref,
    store_pack,
    take_number,
)
from iriai.repos.operations import AddLarge, Draft, Operation, drafted
from iriai.repos.records import record
from iriai.repos.rules import HEADS, MAIN, PULLS, STALE, Ref, Repo
from iriai.repos.signing import signature_of

ATTEMPTS_MAX = 200
SECONDS_MAX = 50.0
PAUSE_SECONDS = 0.02
ALREADY_WALK_MAX = 64
TURNS = tuple(threading.Lock() for _ in range(64))

Ruling = Callable[[Tx, Actor], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A commit in the store that no ref names yet.

    `readme` is what it makes of the README at the root: None leaves it, b"" removes it. `adds`:
    whether it does more than take away.
    """

    repo: Repo
    ref: str
    parent: str | None
    sha: str
    packed: Packed
    changed: tuple[str, ...]
    large: frozenset[str] = frozenset()
    pointers: tuple[tuple[str, Lfs], ...] = ()
    create_pr: bool = False
    readme: bytes | None = None
    readme_before: bytes | None = None
    adds: bool = True


Judge = Callable[[Prepared], Ruling]
Witness = Callable[[Tx, Landed], None]
"""Told of what landed, inside its transaction: what it writes comes in with the commit."""


@dataclass(frozen=True, slots=True)
class _Base:
    """Where a commit begins: the ref it is for, and the commit it is laid over."""

    ref: Ref
    sha: str


def commit(
    ground: Ground,
    actor: Actor,
    repo: Repo,
    operations: Iterable[Operation],
    *,
    revision: str = "main",
    title: str,
    description: str = "",
    parent: str | None = None,
    create_pr: bool = False,
    judge: Judge | None = None,
    witness: Witness | None = None,
    first: Callable[[Tx], None] | None = None,
    by_decision: bool = False,
) -> Landed:
    """Land a commit on a branch or pull request, or open a pull request with it.

    With `parent`, `Conflict` where the branch is elsewhere; without, it is laid over the newest.
    Only powers say `by_decision`: a commons decided it, whoever the actor is. `first` waits for
    what must be locked before a repository is.
    """
    message = rules.commit_message(title, description)
    asked = _Asked(
        ground,
        actor,
        repo,
        revision,
        message,
        parent,
        create_pr=create_pr,
        witness=witness,
        first=first,
        by_decision=by_decision,
    )
    base = asked.base()  # refuses before anything is read
    objects = queries.objects(ground, repo.id)
    with PackWriter(ground.store.staging()) as writer:
        draft = drafted(operations, writer, objects, _sizes(ground, actor, repo))
        if draft.pointers:
            with ground.read() as tx:
                _require_pointers_known(tx, repo, draft.pointers, draft.large)
        return _landed(_Making(asked, draft, writer, objects, judge), base)


@dataclass(frozen=True, slots=True)
class _Making:
    """A commit in the making: what is asked, what it holds, and who judges it."""

    asked: "_Asked"
    draft: Draft
    writer: PackWriter
    objects: Objects
    judge: Judge | None


def _landed(made: _Making, base: _Base) -> Landed:
    """Prepare and land, again while others are faster."""
    contents = made.writer.mark()
    until = time.monotonic() + SECONDS_MAX
    turn = TURNS[hash((made.asked.repo.id, made.asked.revision)) % len(TURNS)]
    for attempt in range(ATTEMPTS_MAX):
        with turn if attempt else nullcontext():
            landed = _tried(made, made.asked.base() if attempt else base)
        if landed is not None:
            return landed
        made.writer.rewind(contents)
        if time.monotonic() > until:
            break
        time.sleep(random.uniform(0, PAUSE_SECONDS * min(attempt + 1, 10)))  # noqa: S311
    raise Unavailable("Too many commits arrive for this branch at once; try again.")


def _tried(made: _Making, base: _Base) -> Landed | None:
    """Land it on this base; None where the branch has moved meanwhile."""
    asked = made.asked
    already = asked.landed_already(made.draft, made.objects, base)
    if already is not None:
        return already
    asked.require_fresh(base)
    prepared = asked.prepared(made.draft, made.writer, made.objects, base)
    return asked.landed(prepared, made.judge)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One commit that somebody asks for."""

    ground: Ground
    actor: Actor
    repo: Repo
    revision: str
    message: str
    parent: str | None
    create_pr: bool
    witness: Witness | None
    first: Callable[[Tx], None] | None = None
    by_decision: bool = False

    def base(self) -> _Base:
        """Where it begins now, if its sender may commit there."""
        with self.ground.read() as tx:
            repo = queries.by_id(tx, self.repo.id, self.actor)
            ref = queries.named(tx, repo.id, self.revision)
            places = (HEADS,) if self.create_pr else (HEADS, PULLS)
            if ref is None or not ref.name.startswith(places):
                raise rules.unknown_revision(self.revision)
            if not self.create_pr:
                if not self.by_decision:
                    guarded.require_by_hand(repo, ref.name, hub=self.ground.settings.url)
                    rules.require_commit_to(self.actor, repo, ref)
                return _Base(ref, ref.commit)
            rules.require_propose(self.actor, repo)
            sha = queries.resolve(tx, repo, self.parent) if self.parent else ref.commit
            return _Base(ref, sha)

    def require_fresh(self, base: _Base) -> None:
        """The branch must be where its sender saw it, if they said where that was."""
        if self.parent is None or self.create_pr:
            return
        if len(self.parent) < 7 or not base.sha.startswith(self.parent.lower()):  # noqa: PLR2004
            raise Conflict(STALE, code="BranchMoved")

    def landed_already(self, draft: Draft, objects: Objects, base: _Base) -> Landed | None:
        """The commit itself, if it is here because its sender tries again."""
        if self.create_pr:
            return None
        reach = ALREADY_WALK_MAX if self.parent else 1
        for found in islice(objects.commits(base.sha), reach):
            if self._is_this(found) and _makes(draft, objects, found):
                old = found.parents[0]
                return Landed(self.repo, base.ref.name, old, found.sha, draft.changed)
        return None

    def _is_this(self, found: Commit) -> bool:
        if found.message != self.message or found.author.name != self.actor.name:
            return False
        if len(found.parents) != 1:
            return False
        return self.parent is None or found.parents[0].startswith(self.parent.lower())

    def prepared(self, draft: Draft, writer: PackWriter, objects: Objects, base: _Base) -> Prepared:
        """The commit over this base, its pack in the store."""
        before = objects.commit(base.sha).tree
        tree, readme = draft.laid_over(objects, before, writer.add)
        author = signature_of(self.ground, self.actor)
        raw = formats.commit_bytes(tree, [base.sha], author, author, self.message)
        sha = writer.add("commit", raw).hex()
        packed = writer.finish()
        store_pack(self.ground, self.repo.id, packed)
        made = Prepared(
            repo=self.repo,
            ref=base.ref.name,
            parent=base.sha,
            sha=sha,
            packed=packed,
            changed=draft.changed,
            large=frozenset(draft.large),
            pointers=tuple(draft.pointers),
            create_pr=self.create_pr,
            adds=any(leaf is not None for _, leaf in draft.edits),
        )
        return _with_readme(made, draft, objects, readme.oid if readme else None)

    def landed(self, prepared: Prepared, judge: Judge | None) -> Landed | None:
        """Land it; None where the branch moved and another try is in order."""
        try:
            with dropped_if_refused(self.ground, self.repo.id, prepared.packed):
                rule = judge(prepared) if judge else None
                with self.ground.write() as tx:
                    if self.first is not None:
                        self.first(tx)
                    landed = land(tx, self.actor, prepared, rule, by_decision=self.by_decision)
                    if self.witness is not None:
                        self.witness(tx, landed)
                    return landed
        except Conflict as error:
            if error.code == "BranchMoved" and self.parent is None:
                return None
            raise


def land(
    tx: Tx,
    actor: Actor,
    prepared: Prepared,
    rule: Ruling | None = None,
    *,
    by_decision: bool = False,
) -> Landed:
    """Make a prepared commit visible: its pack, its ref and the event, or nothing at all."""
    lock(tx, prepared.repo.id)  # before anything is read of it
    repo = queries.by_id(tx, prepared.repo.id, actor)
    rules.require_same_hands(prepared.repo, repo)
    if prepared.create_pr:
        rules.require_propose(actor, repo)
    elif not by_decision:
        guarded.require_by_hand(repo, prepared.ref, hub=tx.ground.settings.url)
        is_pull = prepared.ref.startswith(PULLS)
        ref_now = queries.ref(tx, repo.id, prepared.ref) if is_pull else None
        rules.require_commit_to(actor, repo, ref_now)
        if not is_pull:
            locks.require_free(locks.of_others(tx, actor, repo.id), prepared.changed)
    add_pack(tx, repo.id, prepared.packed)
    _require_lent(tx, actor, repo, prepared)
    if prepared.adds and not by_decision:
        room.require(tx, repo)
    if rule is not None:
        rule(tx, actor)
    number = None
    if prepared.create_pr:
        number, ref = _opened(tx, actor, repo, prepared.sha)
    else:
        ref = prepared.ref
        if not move_ref(tx, repo.id, ref, old=prepared.parent, new=prepared.sha):
            raise Conflict(STALE, code="BranchMoved")
    old = None if prepared.create_pr else prepared.parent
    record(tx, actor, "committed", repo, ref=ref, old=old, sha=prepared.sha)
    head = prepared.sha if ref == MAIN else repo.head
    return Landed(
        repo=replace(repo, head=head, updated_at=tx.now),
        ref=ref,
        old=prepared.parent,
        sha=prepared.sha,
        changed=prepared.changed,
        number=number,
        target=prepared.ref if prepared.ref.startswith(HEADS) else MAIN,
        moved={ref: prepared.sha},
    )


def _opened(tx: Tx, actor: Actor, repo: Repo, sha: str) -> tuple[int, str]:
    number = take_number(tx, repo.id)
    name = f"{PULLS}{number}"
    if not move_ref(tx, repo.id, name, old=None, new=sha, opened_by=actor.id):
        raise rules.reference_exists(name)
    return number, name


# -- large files ---------------------------------------------------------------------------------


def _sizes(ground: Ground, actor: Actor, repo: Repo) -> Callable[[AddLarge], int]:
    """What knows the size of a large file that this repository holds, or could copy."""

    def size_of(operation: AddLarge) -> int:
        wanted = operation.sha256
        large.pointer_text(wanted, operation.size or 0)  # refuses what is no SHA-256
        with ground.read() as tx:
            held = wanted in blob_queries.objects(tx, repo.id, [wanted])
            if not held and not blob_queries.elsewhere(
                tx, [wanted], queries.lendable_ids(tx, actor)
            ):
                raise large.missing(operation.path, wanted)
            size = tx.connection.execute(
                select(StoredBytes.size).where(StoredBytes.sha256 == wanted)
            ).scalar_one()
        if operation.size not in (None, size):
            raise Invalid(
                f"{operation.path!r} is said to have {operation.size} bytes; it has {size}.",
                code="LargeFileMismatch",
            )
        return int(size)

    return size_of


def _require_pointers_known(
    tx: Tx, repo: Repo, pointers: Sequence[tuple[str, Lfs]], coming: Mapping[str, int]
) -> None:
    """A plain content that is a pointer must point to what this repository holds or is lent."""
    if pointers:
        held = blob_queries.objects(tx, repo.id, {each.sha256 for _, each in pointers})
        known = {sha256: each.size for sha256, each in held.items()} | dict(coming)
        large.require_known(pointers, known)


def _require_lent(tx: Tx, actor: Actor, repo: Repo, prepared: Prepared) -> None:
    """Every large file must be held here, or be copied now from what the actor may read."""
    wanted = prepared.large
    if wanted:
        held = blob_actions.link(tx, repo.id, wanted, readable=queries.lendable_ids(tx, actor))
        for sha256 in wanted - held:
            raise large.missing(sha256, sha256)
    _require_pointers_known(tx, repo, prepared.pointers, {})


# -- what a draft comes to -----------------------------------------------------------------------


def _makes(draft: Draft, objects: Objects, found: Commit) -> bool:
    """Whether the draft, laid over the commit's parent, makes the commit's tree."""
    before = objects.commit(found.parents[0]).tree
    try:
        tree, _ = draft.laid_over(objects, before, formats.object_id)
    except HubError:
        return False
    return tree.hex() == found.tree


def _with_readme(made: Prepared, draft: Draft, objects: Objects, oid: bytes | None) -> Prepared:
    """The prepared commit, with the README before and after where it changes."""
    old = objects.find_entry(made.parent, "README.md") if made.parent else None
    old_oid = old.oid if isinstance(old, File) else None
    if old_oid == (oid.hex() if oid else None):
        return made
    after = b"" if oid is None else draft.texts.get(oid)
    return replace(
        made,
        readme=objects.blob(oid.hex()) if after is None and oid is not None else after,
        readme_before=objects.blob(old_oid) if old_oid else None,
    )
