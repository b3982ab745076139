"""What can be seen of requests: one's own, and by those who answer all of a repository's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, case, func, null, select

from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.gates import rules
from iriai.gates.rules import Request, Status
from iriai.gates.tables import AccessRequest
from iriai.identity.rules import Actor
from iriai.identity.tables import Account
from iriai.repos.rules import Repo


@dataclass(frozen=True, slots=True)
class Page:
    """Some requests; `after` is where the next page begins, None at the end."""

    requests: Sequence[Request]
    after: int | None


def requests(
    tx: Tx, actor: Actor, repo: Repo, status: Status, *, after: int = 0, limit: int
) -> Page:
    """Requests of one status, the oldest first, for those who answer them."""
    rules.require_may_answer(actor, repo)
    asked = (
        _requests()
        .where(
            AccessRequest.repo_id == repo.id,
            AccessRequest.status == status,
            AccessRequest.id > after,
        )
        .order_by(AccessRequest.id)
        .limit(limit + 1)
    )
    rows = tx.connection.execute(asked).all()
    found = [_request(row) for row in rows[:limit]]
    return Page(found, found[-1].id if len(rows) > limit else None)


def own(tx: Tx, actor: Actor, repo: Repo) -> Request | None:
    """The actor's own request, if there is one."""
    if actor.id is None:
        return None
    asked = _requests().where(
        AccessRequest.repo_id == repo.id, AccessRequest.account_id == actor.id
    )
    row = tx.connection.execute(asked).one_or_none()
    return None if row is None else _request(row)


def request_of(tx: Tx, repo: Repo, name: str) -> Request:
    """The request of the person of this name."""
    asked = _requests().where(AccessRequest.repo_id == repo.id, Account.name_key == fold(name))
    row = tx.connection.execute(asked).one_or_none()
    if row is None:
        raise rules.unknown_request()
    return _request(row)


def request(tx: Tx, repo: Repo, number: int) -> Request:
    """The request of this number."""
    asked = _requests().where(AccessRequest.repo_id == repo.id, AccessRequest.id == number)
    row = tx.connection.execute(asked).one_or_none()
    if row is None:
        raise rules.unknown_request()
    return _request(row)


def by_id(tx: Tx, request_id: int) -> Request:
    """The request of this number, whichever repository it is for: for actions, never for doors."""
    row = tx.connection.execute(_requests().where(AccessRequest.id == request_id)).one_or_none()
    if row is None:
        raise rules.unknown_request()
    return _request(row)


def involved(tx: Tx, request_id: int) -> set[int]:
    """Who asked, and who answered."""
    asked = select(AccessRequest.account_id, AccessRequest.handled_by).where(
        AccessRequest.id == request_id
    )
    row = tx.connection.execute(asked).one_or_none()
    return set() if row is None else {each for each in row if each is not None}


def overdue_count(tx: Tx, repo: Repo, before: datetime) -> int:
    """How many have waited for an answer since before then."""
    asked = select(func.count(AccessRequest.id)).where(
        AccessRequest.repo_id == repo.id,
        AccessRequest.status == Status.PENDING,
        AccessRequest.asked_at < before,
    )
    return int(tx.connection.execute(asked).scalar_one())


def _requests() -> Select:  # type: ignore[type-arg]
    shared = case((AccessRequest.shares_email, Account.email), else_=null())
    return select(
        AccessRequest.id,
        AccessRequest.repo_id,
        AccessRequest.account_id,
        Account.name,
        Account.fullname,
        shared.label("email"),
        AccessRequest.status,
        AccessRequest.fields,
        AccessRequest.reason,
        AccessRequest.asked_at,
        AccessRequest.handled_at,
    ).join_from(AccessRequest, Account, Account.id == AccessRequest.account_id)


def _request(row: Row) -> Request:  # type: ignore[type-arg]
    return Request(**{**row._mapping, "status": Status(row.status)})  # noqa: SLF001 - its API
