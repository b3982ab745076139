"""How anything new becomes visible: packs first, durably, then refs and rows in one transaction.

A pack is put into the store before the transaction opens; its row, the refs and the event come in
with it or not at all. A pack whose transaction failed is an orphan: its name is random, so nobody
else can count on it, and it is deleted at once or swept later.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from iriai.base.errors import Conflict, HubError, Unavailable
from iriai.base.tx import Ground, Tx
from iriai.repos import joining
from iriai.repos.git import shelf
from iriai.repos.git.packs import Packed
from iriai.repos.rules import MAIN, Repo
from iriai.repos.tables import PackRow, RefRow, RepoRow

T = TypeVar("T")

ATTEMPTS_MAX = 20
"""So often a change is begun anew where a ref moves meanwhile."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What a change did: `ref` went from `old` to `sha`. `number` is a new pull request's.

    `target` is the branch that a new pull request is for.
    `moved` has every ref that moved and where to; it is empty when the change was here already.
    """

    repo: Repo
    ref: str
    old: str | None
    sha: str
    changed: tuple[str, ...] = ()
    number: int | None = None
    target: str = MAIN
    moved: Mapping[str, str] = field(default_factory=dict)


def store_pack(ground: Ground, repo_id: int, packed: Packed) -> None:
    """Put a pack and its index into the store; durable when this returns."""
    ground.store.put(shelf.key(repo_id, packed.name, ".pack"), packed.pack)
    ground.store.put(shelf.key(repo_id, packed.name, ".idx"), packed.idx)


def drop_pack(ground: Ground, repo_id: int, name: str) -> None:
    """Take an orphan out of the store; should that fail now, the sweep does it."""
    with suppress(HubError, OSError):
        for kind in reversed(shelf.KINDS):
            ground.store.delete(shelf.key(repo_id, name, kind))


@contextmanager
def dropped_if_refused(ground: Ground, repo_id: int, packed: Packed) -> Iterator[None]:
    """Drop a stored pack when the transaction that would show it is refused.

    Where it is not known whether that took place, the pack stays; an orphan is swept later.
    """
    try:
        yield
    except Unavailable:
        raise
    except HubError:
        drop_pack(ground, repo_id, packed.name)
        raise


def add_pack(tx: Tx, repo_id: int, packed: Packed, *, is_change: bool = True) -> None:
    """Make a stored pack live with this transaction. Joining packs changes nothing to be seen."""
    tx.connection.execute(
        insert(PackRow),
        {
            "name": packed.name,
            "repo_id": repo_id,
            "bytes": packed.size,
            "objects": packed.objects,
            "made_at": tx.now,
            "retired_at": None,
        },
    )
    tx.connection.execute(
        update(RepoRow)
        .where(RepoRow.id == repo_id)
        .values(
            git_bytes=RepoRow.git_bytes + packed.size,
            updated_at=tx.now if is_change else RepoRow.updated_at,
        )
    )
    joining.ask_for(tx, repo_id)


def move_ref(
    tx: Tx,
    repo_id: int,
    name: str,
    *,
    old: str | None,
    new: str | None,
    commit: str | None = None,
    opened_by: int | None = None,
) -> bool:
    """Move a ref from `old` to `new`; None is a ref that is not there. False when it was elsewhere.

    `commit` is what `new` comes down to, for an annotated tag.
    """
    here = (RefRow.repo_id == repo_id, RefRow.name == name)
    if old is None and new is not None:
        row = {
            "repo_id": repo_id,
            "name": name,
            "sha": new,
            "commit_sha": commit or new,
            "opened_by": opened_by,
            "updated_at": tx.now,
        }
        try:
            with tx.connection.begin_nested():
                tx.connection.execute(insert(RefRow), row)
        except IntegrityError:
            return False
        return True
    there = (*here, RefRow.sha == old)
    if new is None:
        return tx.connection.execute(delete(RefRow).where(*there)).rowcount == 1
    values = {"sha": new, "commit_sha": commit or new, "updated_at": tx.now}
    return tx.connection.execute(update(RefRow).where(*there).values(values)).rowcount == 1


def lock(tx: Tx, repo_id: int) -> None:
    """Let nobody else change a repository or its refs until this transaction ends.

    To be called before anything is read by which it is decided what changes.
    """
    tx.connection.execute(select(RepoRow.id).where(RepoRow.id == repo_id).with_for_update())


def touch(tx: Tx, repo_id: int) -> None:
    """Note that a repository changed now."""
    tx.connection.execute(update(RepoRow).where(RepoRow.id == repo_id).values(updated_at=tx.now))


def take_number(tx: Tx, repo_id: int) -> int:
    """The next number of a repository's discussions and pull requests: one series for both."""
    taken = tx.connection.execute(
        update(RepoRow)
        .where(RepoRow.id == repo_id)
        .values(next_number=RepoRow.next_number + 1)
        .returning(RepoRow.next_number)
    ).scalar_one()
    return int(taken) - 1


def on_the_newest(attempt: Callable[[], T]) -> T:
    """What `attempt` makes of refs as they stand, again each time somebody's change was faster."""
    for _ in range(ATTEMPTS_MAX):
        try:
            return attempt()
        except Conflict as moved:
            if moved.code != "BranchMoved":
                raise
    raise Unavailable("The branch moves too fast to be changed by this; try again.")
