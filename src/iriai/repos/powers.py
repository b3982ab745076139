"""What may be done to what belongs to others. Only `commons/enactment/` calls these.

Whether it may be done was decided there; here it is done and recorded.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete as removing
from sqlalchemy import insert, select, update

from iriai.base.tx import Ground, Tx
from iriai.identity.rules import Actor
from iriai.identity.tables import Account
from iriai.repos import commits, queries, register, room, rules
from iriai.repos.landing import Landed
from iriai.repos.records import record
from iriai.repos.rules import Gated, HeldBy, Repo
from iriai.repos.tables import HeldFile, RepoRow, StorageLimit


def delete(tx: Tx, actor: Actor, repo: Repo) -> None:
    """Delete a repository; its name is never free again, its bytes go after a grace."""
    repo = queries.by_id(tx, repo.id)
    rules.require_see(actor, repo)
    register.given_up(tx, actor, repo)


def move(
    tx: Tx,
    actor: Actor,
    repo: Repo,
    *,
    to_owner: str,
    to_name: str,
    held_by: HeldBy | None = None,
    by_decision: bool = False,
) -> Repo:
    """Give a repository another name or owner; the old name leads to the new one."""
    repo = queries.by_id(tx, repo.id)
    if not by_decision:
        rules.require_see(actor, repo)
    return register.renamed(
        tx,
        actor,
        repo,
        to_owner=to_owner,
        to_name=to_name,
        held_by=held_by,
        by_decision=by_decision,
    )


def settle(tx: Tx, actor: Actor, repo: Repo, **changed: Any) -> Repo:
    """Change who sees, reads or discusses a repository, and who holds it."""
    return register.settled(tx, actor, queries.by_id(tx, repo.id), **changed)


def book(tx: Tx, actor: Actor, repo: Repo, account_id: int | None, *, name: str) -> None:
    """Let a repository count for an institution's part of the pot; None: for its creator's."""
    tx.connection.execute(
        update(RepoRow).where(RepoRow.id == repo.id).values(counts_for_id=account_id)
    )
    record(tx, actor, "booked", repo, counts_for=name)


def bury(tx: Tx, actor: Actor, repo: Repo, *, by: str | None = None) -> None:
    """Delete a repository that its commons gives up: what stays is a tombstone that says so."""
    register.given_up(tx, actor, queries.by_id(tx, repo.id), by=by)


def relicense(tx: Tx, actor: Actor, repo: Repo, *, before: str | None, after: str | None) -> None:
    """Note that a repository's licence changes with the commit that lands in this transaction."""
    record(tx, actor, "relicensed", repo, before=before, after=after)


def hold(
    tx: Tx, repo_id: int, *, reason: str, until: datetime | None, is_gone: bool = False
) -> None:
    """Serve nothing of a repository until then, and say why; `is_gone`: as if it were deleted."""
    _set(tx, repo_id, held_reason=reason, held_until=until, held_is_gone=is_gone)
    _read_anew(tx, repo_id)


def release(tx: Tx, repo_id: int) -> None:
    """Serve it again."""
    was = update(RepoRow).where(RepoRow.id == repo_id, RepoRow.held_reason.is_not(None))
    nothing = {"held_reason": None, "held_until": None, "held_is_gone": False}
    if tx.connection.execute(was.values(**nothing)).rowcount:
        _read_anew(tx, repo_id)


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


def gated(tx: Tx, repo_id: int) -> Gated | None:
    """The gate there is now, to be put back later."""
    found = tx.connection.execute(
        select(RepoRow.gated).where(RepoRow.id == repo_id)
    ).scalar_one_or_none()
    return None if found is None else Gated(found)


def marks(tx: Tx, repo_id: int) -> tuple[str, str, str]:
    """Its label, why it is frozen, why it is held: by these one sees whose word each is."""
    asked = select(RepoRow.label, RepoRow.frozen_reason, RepoRow.held_reason)
    found = tx.connection.execute(asked.where(RepoRow.id == repo_id)).one()
    return found.label or "", found.frozen_reason or "", found.held_reason or ""


def hold_file(
    tx: Tx, repo_id: int, path: str, *, reason: str, until: datetime | None, is_gone: bool = False
) -> None:
    """Serve a file of a repository to nobody until then, whatever the revision, and say why."""
    release_file(tx, repo_id, path)
    row = {
        "repo_id": repo_id,
        "path": path,
        "reason": reason,
        "until": until,
        "is_gone": is_gone,
        "since": tx.now,
    }
    tx.connection.execute(insert(HeldFile), row)
    _set(tx, repo_id, has_withheld=True)
    _read_anew(tx, repo_id)


def held_file(tx: Tx, repo_id: int, path: str) -> tuple[str, datetime | None] | None:
    """Why a file is served to nobody, and until when; None where it is served."""
    asked = select(HeldFile.reason, HeldFile.until).where(
        HeldFile.repo_id == repo_id, HeldFile.path == path
    )
    found = tx.connection.execute(asked).one_or_none()
    return None if found is None else (found.reason, found.until)


def withhold(tx: Tx, repo_id: int) -> None:
    """Note that some of its revisions were removed, so that who asks for one is told."""
    _set(tx, repo_id, has_withheld=True)


def release_file(tx: Tx, repo_id: int, path: str) -> bool:
    """Serve a file again. Returns whether it was held."""
    own = (HeldFile.repo_id == repo_id, HeldFile.path == path)
    was_held = tx.connection.execute(removing(HeldFile).where(*own)).rowcount > 0
    if was_held:
        _read_anew(tx, repo_id)
    return was_held


def commit(ground: Ground, actor: Actor, repo: Repo, **change: Any) -> Landed:
    """Land a commit that a commons decided on. Keywords: `repos.commits.commit`."""
    return commits.commit(ground, actor, repo, by_decision=True, **change)


def take_into_the_commons(tx: Tx, owner_id: int) -> int:
    """Have the commons hold all that an organisation owns. Returns how many that newly concerns."""
    owned = (RepoRow.owner_id == owner_id, RepoRow.held_by != HeldBy.COMMONS.value)
    done = update(RepoRow).where(*owned).values(held_by=HeldBy.COMMONS.value)
    return int(tx.connection.execute(done).rowcount)


def _read_anew(tx: Tx, repo_id: int) -> None:
    """Its card and its place in searches say no more than what is served."""
    tx.enqueue("search.reread", {"repo_id": repo_id}, key=f"reread:{repo_id}")


def _set(tx: Tx, repo_id: int, **values: object) -> None:
    tx.connection.execute(update(RepoRow).where(RepoRow.id == repo_id).values(**values))


def limit_storage(
    tx: Tx, commons_id: int, commons: str, limits: Mapping[tuple[str, int], tuple[int, int]]
) -> bool:
    """Say who may keep how much in a commons; nothing said, nothing is limited.

    `limits`: by unit and person, the bytes they may use and those that they have in buckets.
    Returns whether that is news.
    """
    mine = StorageLimit.commons_id == commons_id
    before = {
        (row.unit, row.person_id): (row.bytes_max, row.bytes_in_buckets, row.commons)
        for row in tx.connection.execute(select(StorageLimit.__table__).where(mine))
    }
    after = {key: (*each, commons) for key, each in limits.items()}
    quota = max((each[0] for each in limits.values()), default=0) if limits else None
    here = Account.id.in_(room.owners(commons_id))
    known = Account.quota_bytes.is_(None) if limits else Account.quota_bytes.is_not(None)
    marked = tx.connection.execute(update(Account).where(here, known).values(quota_bytes=quota))
    if before == after:
        return marked.rowcount > 0
    tx.connection.execute(removing(StorageLimit).where(mine))
    rows = [
        {
            "commons_id": commons_id,
            "person_id": person_id,
            "unit": unit,
            "commons": commons,
            "bytes_max": most,
            "bytes_in_buckets": held,
        }
        for (unit, person_id), (most, held) in limits.items()
    ]
    if rows:
        tx.connection.execute(insert(StorageLimit), rows)
    return True
