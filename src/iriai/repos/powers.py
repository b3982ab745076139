"""What may be done to what belongs to others. Only `commons/enactment/` calls these.

Whether it may be done was decided there; here it is done and recorded.
"""

from datetime import datetime

from sqlalchemy import update

from iriai.base.tx import Tx
from iriai.identity.rules import Actor
from iriai.repos import queries, register, rules
from iriai.repos.records import record
from iriai.repos.rules import Gated, Repo
from iriai.repos.tables import RepoRow


def delete(tx: Tx, actor: Actor, repo: Repo) -> None:
    """Delete a repository; its name is never free again, its bytes go after a grace."""
    repo = queries.by_id(tx, repo.id)
    rules.require_see(actor, repo)
    register.given_up(tx, actor, repo)


def move(tx: Tx, actor: Actor, repo: Repo, *, to_owner: str, to_name: str) -> Repo:
    """Give a repository another name or owner; the old name leads to the new one."""
    repo = queries.by_id(tx, repo.id)
    rules.require_see(actor, repo)
    return register.renamed(tx, actor, repo, to_owner=to_owner, to_name=to_name)


def relicense(tx: Tx, actor: Actor, repo: Repo, *, before: str | None, after: str | None) -> None:
    """Note that a repository's licence changes with the commit that lands in this transaction."""
    record(tx, actor, "relicensed", repo, before=before, after=after)


def hold(
    tx: Tx, repo_id: int, *, reason: str, until: datetime | None, is_gone: bool = False
) -> None:
    """Serve nothing of a repository until then, and say why; `is_gone`: as if it were deleted."""
    _set(tx, repo_id, held_reason=reason, held_until=until, held_is_gone=is_gone)


def release(tx: Tx, repo_id: int) -> None:
    """Serve it again."""
    _set(tx, repo_id, held_reason=None, held_until=None, held_is_gone=False)


def freeze(tx: Tx, repo_id: int, reason: str | None) -> None:
    """Let nobody change it, and say why; None lets those who may again."""
    _set(tx, repo_id, frozen_reason=reason)


def label(tx: Tx, repo_id: int, text: str | None) -> None:
    """Say something on top of its page; None says nothing any more."""
    _set(tx, repo_id, label=text)


def delist(tx: Tx, repo_id: int, *, is_delisted: bool) -> None:
    """Leave it out of lists and searches, or take it in again."""
    _set(tx, repo_id, is_delisted=is_delisted)


def gate(tx: Tx, repo_id: int, gated: Gated | None) -> None:
    """Put a gate before its files, another, or none."""
    _set(tx, repo_id, gated=None if gated is None else gated.value)


def _set(tx: Tx, repo_id: int, **values: object) -> None:
    tx.connection.execute(update(RepoRow).where(RepoRow.id == repo_id).values(**values))
