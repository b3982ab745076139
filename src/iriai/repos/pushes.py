"""Git pushes: what was sent is judged in quarantine, stored, and then lands in one transaction.

The order is that of every change here: rules about the refs, then the objects (whole, connected,
nothing besides), then every path and file that is new in any new commit, then the pack goes into
the store, and only then do refs, pack row and event come in together. All that takes a while, so
who pushes, and to what, is asked again in the transaction that lands it. What fails is a sentence
for whoever pushed. A path or file that may not be stops the whole push, since its pack is one.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from iriai.base.errors import HubError, Invalid, Unavailable
from iriai.base.tx import Ground, Tx
from iriai.blobs import actions as blobs
from iriai.blobs import queries as stored
from iriai.identity import queries as identity
from iriai.identity.rules import Actor
from iriai.repos import guarded, landing, large, locks, paths, queries, room, rules
from iriai.repos.git.entries import FOLDER_MODE, Lfs
from iriai.repos.git.packs import Packed
from iriai.repos.git.pointers import POINTER_LENGTH_MAX, pointer
from iriai.repos.git.quarantine import Grown, Placed, Quarantine, Removed, Update, quarantine
from iriai.repos.records import record
from iriai.repos.ref_updates import STALE, faults, require_allowed
from iriai.repos.rules import HEADS, MAIN, TAGS, HeldBy, Ref, Repo

PACK_BYTES_MAX = 4 << 30
README = "README.md"
README_BYTES_MAX = 4 << 20
ALL_OR_NOTHING = "Nothing was changed, since this push asked for all or nothing."

Ruling = Callable[[Tx, Actor], None]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a push: why nothing came in (or None), and for each ref why it stays.

    `moved` has every ref that moved and where to.
    """

    failure: str | None
    results: tuple[tuple[str, str | None], ...]
    moved: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def refused(cls, updates: Iterable[Update], reason: str) -> Self:
        """Nothing came in, for one reason."""
        return cls(reason, tuple((update.name, reason) for update in updates))


@dataclass(frozen=True, slots=True)
class Weighed:
    """What `commons.enactment` looks at before main moves: the card before and after.

    `readme` is None where the push leaves it as it was, and empty where it removes it.
    """

    ref: str
    readme: bytes | None
    readme_before: bytes | None


Judge = Callable[[Weighed], Ruling]
Witness = Callable[[Tx, Mapping[str, str | None]], None]
"""Is told the refs that moved, and where to; None is a ref that is gone."""


def push(
    ground: Ground,
    actor: Actor,
    repo: Repo,
    *,
    pack: Path | None,
    updates: Sequence[Update],
    atomic: bool = False,
    judge: Judge | None = None,
    rule: Ruling | None = None,
    witness: Witness | None = None,
    keeps_past: bool = False,
) -> Pushed:
    """Judge a push and land what may land. `HubError` where all of it is refused.

    `rule` is asked in the transaction that lands it, as is what `judge` makes of a change of main;
    `witness` is told there what moved where to.
    `keeps_past`: a commons will hold the repository soon, and its history stays as if it did.
    """
    with ground.read() as tx:
        refs = queries.refs(tx, repo)
        held_by_others = locks.of_others(tx, actor, repo.id)
    current = {ref.name: ref for ref in refs}
    guard = replace(repo, held_by=HeldBy.COMMONS) if keeps_past else repo
    reasons = faults(actor, guard, updates, current, hub=ground.settings.url)
    accepted = [update for update in updates if reasons[update.name] is None]
    if (atomic and len(accepted) < len(updates)) or not accepted:
        said = tuple((each.name, reasons[each.name] or ALL_OR_NOTHING) for each in updates)
        return Pushed(None, said)
    sent = _Push(ground, actor, repo, guard, refs, accepted, held_by_others)
    sent.rulings += [rule] if rule is not None else []
    sent.witness = witness
    sent.receive(pack, judge)
    moved = sent.land(atomic=atomic)
    lost = ALL_OR_NOTHING if atomic and not moved else STALE
    for update in accepted:
        if update not in moved:
            reasons[update.name] = lost
    return Pushed(
        None,
        tuple((update.name, reasons[update.name]) for update in updates),
        {each.name: each.new for each in moved if each.new is not None},
    )


class _Lost(Exception):
    """Somebody else was faster: with every ref, or with one where all or nothing was asked."""


@dataclass
class _Push:
    """The accepted updates of a push, and what was found good of its objects."""

    ground: Ground
    actor: Actor
    repo: Repo
    guard: Repo
    refs: Sequence[Ref]
    updates: Sequence[Update]
    locked: Mapping[str, str]
    commits: dict[str, str] = field(default_factory=dict)
    forced: set[str] = field(default_factory=set)
    pointers: list[tuple[str, Lfs]] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    packed: Packed | None = None
    rulings: list[Ruling] = field(default_factory=list)
    witness: Witness | None = None

    def receive(self, pack: Path | None, judge: Judge | None) -> None:
        """Judge what was sent, and put it into the store."""
        tips = {each.name: each.new for each in self.updates if each.new is not None}
        if not tips:
            return
        objects = queries.objects(self.ground, self.repo.id)
        objects.refresh()
        shown = [(ref.name, ref.sha, ref.commit) for ref in self.refs]
        with quarantine(self.ground.store.staging(), objects.path, shown) as held:
            if pack is not None:
                held.take(pack, bytes_max=PACK_BYTES_MAX)
            held.require_connected(tips.values())
            held.require_no_stowaways()
            self.commits = {name: _commit_of(held, name, tip) for name, tip in tips.items()}
            self.pointers, changed = _judged(held)
            if any(name.startswith(HEADS) for name in tips):
                self.changed = changed
                locks.require_free(self.locked, changed)
            self.require_given()
            self.forced = {each.name for each in self.updates if _is_forced(held, each)}
            for name in self.forced:
                guarded.require_history_kept(self.guard, name, hub=self.ground.settings.url)
            if judge is not None and MAIN in tips:
                self.rulings.append(judge(_weighed(held, self.refs, self.commits[MAIN])))
            self.packed = held.pack(secrets.token_hex(20))
            if self.packed is not None:
                landing.store_pack(self.ground, self.repo.id, self.packed)

    def require_given(self) -> None:
        """Each pointer's bytes were given to this repository, or can be copied when it lands."""
        if not self.pointers:
            return
        named = {found.sha256: found.size for _, found in self.pointers}
        with self.ground.read() as tx:
            held = stored.objects(tx, self.repo.id, named.keys())
            readable = queries.lendable_ids(tx, self.actor)
            copied = stored.elsewhere(tx, named.keys() - held.keys(), readable)
        known = {sha: named[sha] for sha in copied} | {sha: held[sha].size for sha in held}
        large.require_known(self.pointers, known)

    def land(self, *, atomic: bool) -> list[Update]:
        """Move the refs, with the pack's row and the event, or leave nothing behind."""
        moved: list[Update] = []
        try:
            with self.ground.write() as tx:
                self._require_still(tx)
                for rule in self.rulings:
                    rule(tx, self.actor)
                moved = self._move(tx)
                if not moved or (atomic and len(moved) < len(self.updates)):
                    raise _Lost
                self._keep(tx, moved)
                if self.witness is not None:
                    self.witness(tx, {each.name: each.new for each in moved})
        except _Lost:
            moved = []
        except Unavailable:
            raise  # it may have been committed all the same; an orphan is swept
        except HubError:
            self._drop()
            raise
        if not moved:
            self._drop()
        return moved

    def _require_still(self, tx: Tx) -> None:
        """Who pushes may still, as they are now, to the repository as it is now."""
        landing.touch(tx, self.repo.id)  # locks its row, before anything is read
        assert self.actor.id is not None  # noqa: S101 - nobody else has an accepted update
        self.actor = identity.actor(tx, self.actor.id, self.actor.token_id)
        repo = queries.by_id(tx, self.repo.id, self.actor)
        rules.require_same_hands(self.repo, repo)
        self.repo = repo
        current = {ref.name: ref for ref in self.refs}
        for update in self.updates:
            require_allowed(
                self.actor, repo, update, self.updates, current, hub=self.ground.settings.url
            )
        if self.changed:
            locks.require_free(locks.of_others(tx, self.actor, repo.id), self.changed)

    def _move(self, tx: Tx) -> list[Update]:
        """Those that nobody was faster with; deletions first, a new name may need the room."""
        ordered = sorted(self.updates, key=lambda each: each.new is not None)
        return [
            each
            for each in ordered
            if landing.move_ref(
                tx,
                self.repo.id,
                each.name,
                old=each.old,
                new=each.new,
                commit=self.commits.get(each.name),
            )
        ]

    def _keep(self, tx: Tx, moved: Sequence[Update]) -> None:
        if self.packed is not None:
            landing.add_pack(tx, self.repo.id, self.packed)
        self._link(tx)
        if self.packed is not None:
            room.require(tx, self.repo)
        for update in moved:
            forced = {"forced": True} if update.name in self.forced else {}
            commit = self.commits.get(update.name)
            tag = {} if commit in (None, update.new) else {"commit": commit}
            facts = {"ref": update.name, "old": update.old, "new": update.new, **tag, **forced}
            record(tx, self.actor, "pushed", self.repo, **facts)

    def _link(self, tx: Tx) -> None:
        """Let the repository read what the pusher could read elsewhere; all must be there now."""
        if not self.pointers:
            return
        named = {found.sha256 for _, found in self.pointers}
        blobs.link(tx, self.repo.id, named, readable=queries.lendable_ids(tx, self.actor))
        known = stored.objects(tx, self.repo.id, named)
        large.require_known(self.pointers, {sha: each.size for sha, each in known.items()})

    def _drop(self) -> None:
        """Take the stored pack back, for no ref came to lead to it."""
        if self.packed is not None:
            landing.drop_pack(self.ground, self.repo.id, self.packed.name)


# -- what is in it -------------------------------------------------------------------------------


def _commit_of(held: Quarantine, name: str, tip: str) -> str:
    commit = held.commit_of(tip)
    if commit != tip and not name.startswith(TAGS):
        raise Invalid(f"{name} must be a commit, not a tag.")
    return commit


def _is_forced(held: Quarantine, update: Update) -> bool:
    """Whether a branch leaves what it was, instead of going on from it."""
    if update.old is None or update.new is None or update.name.startswith(TAGS):
        return False
    return not held.is_ancestor(update.old, update.new)


def _judged(held: Quarantine) -> tuple[list[tuple[str, Lfs]], set[str]]:
    """Hold all that is new against the rules on paths and files.

    Returns the pointers in it, and the paths of the files that change and of what goes.
    """
    pointers: dict[tuple[str, str], Lfs] = {}
    changed: set[str] = set()
    for change in held.changes():
        if isinstance(change, Removed):
            changed.add(change.path.decode("utf-8", "replace"))
            continue
        if isinstance(change, Grown):
            _require_distinct(change)
            continue
        path = paths.decoded(change.path)
        paths.require_path_allowed(path)
        paths.require_mode_allowed(path, change.mode)
        if change.mode == FOLDER_MODE:
            continue
        changed.add(path)
        found = _pointer_in(held, path, change)
        if found is not None:
            pointers[path, found.sha256] = found
    return [(path, found) for (path, _), found in pointers.items()], changed


def _require_distinct(grown: Grown) -> None:
    added = [paths.decoded(name) for name in grown.added]
    present = [name.decode("utf-8", "replace") for name in grown.present]
    paths.require_distinct(grown.path.decode("utf-8", "replace"), added, present)


def _pointer_in(held: Quarantine, path: str, placed: Placed) -> Lfs | None:
    size = held.size(placed.oid)
    large.require_regular_size(path, size)
    return pointer(held.read(placed.oid)[1]) if size <= POINTER_LENGTH_MAX else None


def _weighed(held: Quarantine, refs: Sequence[Ref], commit: str) -> Weighed:
    old = next((ref.commit for ref in refs if ref.name == MAIN), None)
    before = held.content(old, README, bytes_max=README_BYTES_MAX) if old else None
    after = held.content(commit, README, bytes_max=README_BYTES_MAX)
    unchanged = before == after
    return Weighed(MAIN, None if unchanged else after or b"", before)
