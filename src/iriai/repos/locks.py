"""Locks on files, as git-lfs has them: who works on a file that cannot be merged says so.

A lock is on a path, on every branch. Whoever else would change or remove the file there, by a push,
a commit or a merge, is refused until it is let go; pull requests are proposals, and may. Merging in
what the holder has already committed changes nothing of it, and passes.
"""

import secrets
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from iriai.base.errors import Conflict, Denied, Excessive, Unknown
from iriai.base.tx import Tx
from iriai.identity.rules import Actor
from iriai.identity.tables import Account
from iriai.repos.paths import clean_path
from iriai.repos.records import record
from iriai.repos.rules import Repo, may_administer, require_write
from iriai.repos.tables import LockRow

KEY_BYTES = 12
LOCKS_MAX = 10_000
PAGE_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Lock:
    """A file that somebody has locked. `place` is where it stands in the list."""

    place: int
    key: str
    path: str
    owner_id: int
    owner: str
    at: datetime


class Locked(Conflict):
    """The file is locked already, by `lock`."""

    def __init__(self, lock: Lock) -> None:
        super().__init__("already created lock", code="Locked")
        self.lock = lock


def lock(tx: Tx, actor: Actor, repo: Repo, *, path: str) -> Lock:
    """Lock a file; `Locked` where somebody has, oneself too."""
    require_write(actor, repo)
    path = clean_path(path)
    if len(locks(tx, repo, limit=LOCKS_MAX)) >= LOCKS_MAX:
        raise Excessive(f"A repository has at most {LOCKS_MAX:,} locks.")
    row = {
        "key": secrets.token_hex(KEY_BYTES),
        "repo_id": repo.id,
        "path": path,
        "owner_id": actor.id,
        "at": tx.now,
    }
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(insert(LockRow), row)
    except IntegrityError:
        raise Locked(locks(tx, repo, path=path)[0]) from None
    record(tx, actor, "locked a file of", repo, path=path)
    return locks(tx, repo, path=path)[0]


def unlock(tx: Tx, actor: Actor, repo: Repo, key: str, *, force: bool = False) -> Lock:
    """Let go of a lock; of another's, an administrator with force."""
    require_write(actor, repo)
    found = locks(tx, repo, key=key)
    if not found:
        raise Unknown("There is no such lock.", code="LockNotFound")
    held = found[0]
    if held.owner_id != actor.id and not (force and may_administer(actor, repo)):
        raise Denied(
            f"{held.owner} holds this lock. Whoever administers the repository can break it, "
            "with --force.",
            code="Locked",
        )
    tx.connection.execute(delete(LockRow).where(LockRow.key == key))
    record(tx, actor, "unlocked a file of", repo, path=held.path)
    return held


def of_others(tx: Tx, actor: Actor, repo_id: int) -> Mapping[str, str]:
    """The paths that others have locked, and who each. One statement, most often without a row."""
    asked = (
        select(LockRow.path, Account.name)
        .join(Account, Account.id == LockRow.owner_id)
        .where(LockRow.repo_id == repo_id, LockRow.owner_id != actor.id)
        .limit(LOCKS_MAX)
    )
    return {row.path: row.name for row in tx.connection.execute(asked)}


def require_free(held: Mapping[str, str], changed: Iterable[str]) -> None:
    """`Denied` where a changed file, or one in a removed folder, is among those others `held`."""
    if not held:
        return
    touched = {path.rstrip("/") for path in changed}
    for path, owner in sorted(held.items()):
        parts = path.split("/")
        if any("/".join(parts[:count]) in touched for count in range(1, len(parts) + 1)):
            raise Denied(
                f"{path!r} is locked by {owner}, so nobody else changes it now. Ask {owner} to let "
                f"go of it: git lfs unlock {shlex.quote(path)} (whoever administers the repository "
                "can break the lock, with --force).",
                code="FileLocked",
            )


def locks(
    tx: Tx,
    repo: Repo,
    *,
    path: str | None = None,
    key: str | None = None,
    after: int = 0,
    limit: int = PAGE_LENGTH,
) -> Sequence[Lock]:
    """The locks of a repository, in the order in which they were taken."""
    asked = (
        select(LockRow.id, LockRow.key, LockRow.path, LockRow.owner_id, Account.name, LockRow.at)
        .join(Account, Account.id == LockRow.owner_id)
        .where(LockRow.repo_id == repo.id, LockRow.id > after)
        .order_by(LockRow.id)
        .limit(limit)
    )
    if path is not None:
        asked = asked.where(LockRow.path == path)
    if key is not None:
        asked = asked.where(LockRow.key == key)
    return [Lock(*row) for row in tx.connection.execute(asked)]
