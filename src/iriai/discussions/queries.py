"""What can be seen of discussions: whoever may read the repository's files sees all of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Select, String, cast, func, select, union_all

from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.discussions import rules
from iriai.discussions.rules import Discussion, Event, EventKind, Status
from iriai.discussions.tables import DiscussionEvent, DiscussionRow
from iriai.identity.rules import Actor
from iriai.identity.tables import Account, AccountName
from iriai.repos import queries as repos
from iriai.repos.rows import seen
from iriai.repos.rules import Repo
from iriai.repos.tables import RepoRow

_LISTED = (
    DiscussionRow.id,
    DiscussionRow.repo_id,
    DiscussionRow.number,
    DiscussionRow.is_pull_request,
    DiscussionRow.title,
    DiscussionRow.status,
    DiscussionRow.author_id,
    Account.name.label("author"),
    DiscussionRow.created_at,
    DiscussionRow.updated_at,
    DiscussionRow.comments,
    DiscussionRow.base,
    DiscussionRow.merge_sha,
    DiscussionRow.locked_reason,
)

_OVER = (Status.CLOSED, Status.MERGED)
OF_STATUS = {"open": (Status.OPEN, Status.DRAFT), "closed": _OVER, "closed-or-merged": _OVER}
"""Every discussion is open or closed: clients have these two words, and call the sum of them all.

Pages say what the second one means.
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the discussions asked for: of `count` in all, those from place `start` on."""

    discussions: Sequence[Discussion]
    start: int
    count: int


@dataclass(frozen=True, slots=True)
class Sides:
    """The newest commits of a pull request and of the branch it is for; None where it is gone."""

    tip: str | None
    target: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which discussions: of one kind, in one status of `OF_STATUS`, by one author."""

    kind: str | None = None
    status: str | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is there of what a text calls: present names by how they were written, and numbers."""

    names: Mapping[str, str]
    numbers: Collection[int]


def discussions(tx: Tx, repo: Repo, filters: Filters, *, page: int = 0) -> Page:
    """A page of a repository's discussions and pull requests, the newest number first."""
    asked = _filtered(select(DiscussionRow.id), repo, filters)
    count = tx.connection.execute(select(func.count()).select_from(asked.subquery())).scalar_one()
    start = page * rules.PAGE_LENGTH
    rows = tx.connection.execute(
        _filtered(select(*_LISTED), repo, filters)
        .order_by(DiscussionRow.number.desc())
        .offset(start)
        .limit(rules.PAGE_LENGTH)
    ).all()
    return Page([_discussion(row) for row in rows], start, count)


def discussion(tx: Tx, repo: Repo, number: int) -> Discussion:
    """The discussion or pull request of this number."""
    asked = _joined(select(*_LISTED)).where(
        DiscussionRow.repo_id == repo.id, DiscussionRow.number == number
    )
    row = tx.connection.execute(asked).one_or_none()
    if row is None:
        raise rules.unknown_discussion()
    return _discussion(row)


def sides(tx: Tx, found: Discussion) -> Sides:
    """Where a pull request stands now, and the branch that it is for."""
    tip, target = (repos.ref(tx, found.repo_id, name) for name in (found.ref, found.base))
    return Sides(tip.commit if tip else None, target.commit if target else None)


def events(tx: Tx, discussion_id: int) -> list[Event]:
    """All that happened in a discussion, in order; its commits are git's to list."""
    return _some_events(tx, discussion_id, DiscussionEvent.kind != EventKind.COMMIT)


def count_events(tx: Tx, discussion_id: int) -> int:
    """How much happened in a discussion."""
    asked = select(func.count(DiscussionEvent.id))
    return tx.connection.execute(
        asked.where(DiscussionEvent.discussion_id == discussion_id)
    ).scalar_one()


def brought(tx: Tx, discussion_id: int) -> list[Event]:
    """Who brought which newest commit to a pull request, in order."""
    return _some_events(tx, discussion_id, DiscussionEvent.kind == EventKind.COMMIT)


def _some_events(tx: Tx, discussion_id: int, which: ColumnElement[bool]) -> list[Event]:
    asked = (
        _events()
        .where(DiscussionEvent.discussion_id == discussion_id, which)
        .order_by(DiscussionEvent.id)
        .limit(rules.EVENTS_MAX)
    )
    return [_event(row, tx.now) for row in tx.connection.execute(asked)]


def event(tx: Tx, discussion_id: int, key: str) -> Event:
    """One event of a discussion."""
    asked = _events().where(
        DiscussionEvent.discussion_id == discussion_id, DiscussionEvent.key == key
    )
    row = tx.connection.execute(asked).one_or_none()
    if row is None:
        raise rules.unknown_discussion()
    return _event(row, tx.now)


def known(tx: Tx, repo_id: int, names: Iterable[str], numbers: Iterable[int]) -> Known:
    """Which of these names, old ones too, are accounts, and which numbers are discussions here."""
    keys = {name: fold(name) for name in names}
    accounts = (
        select(AccountName.name_key.label("key"), Account.name.label("name"))
        .join(Account, Account.id == AccountName.account_id)
        .where(AccountName.name_key.in_(set(keys.values())), Account.deleted_at.is_(None))
    )
    key = cast(DiscussionRow.number, String)
    here = select(key, cast(None, String)).where(
        DiscussionRow.repo_id == repo_id, DiscussionRow.number.in_(list(numbers))
    )
    rows = tx.connection.execute(union_all(accounts, here)).all()
    present = {row.key: row.name for row in rows if row.name is not None}
    return Known(
        {name: present[key] for name, key in keys.items() if key in present},
        {int(row.key) for row in rows if row.name is None},
    )


def count_by(tx: Tx, viewer: Actor, account_id: int) -> int:
    """How many discussions somebody opened where `viewer` may know of them."""
    asked = (
        select(func.count(DiscussionRow.id))
        .join(RepoRow, RepoRow.id == DiscussionRow.repo_id)
        .where(DiscussionRow.author_id == account_id, seen(viewer))
    )
    return tx.connection.execute(asked).scalar_one()


def _filtered(asked: Select, repo: Repo, filters: Filters) -> Select:  # type: ignore[type-arg]
    asked = _joined(asked).where(DiscussionRow.repo_id == repo.id)
    if filters.kind in ("discussion", "pull_request"):
        asked = asked.where(DiscussionRow.is_pull_request == (filters.kind == "pull_request"))
    if filters.status in OF_STATUS:
        asked = asked.where(DiscussionRow.status.in_(OF_STATUS[filters.status]))
    if filters.author:
        asked = asked.where(Account.name_key == fold(filters.author))
    return asked


def _joined(asked: Select) -> Select:  # type: ignore[type-arg]
    return asked.join_from(
        DiscussionRow, Account, Account.id == DiscussionRow.author_id, isouter=True
    )


def _events() -> Select:  # type: ignore[type-arg]
    return select(
        DiscussionEvent.key,
        DiscussionEvent.kind,
        DiscussionEvent.author_id,
        Account.name.label("author"),
        DiscussionEvent.at,
        DiscussionEvent.data,
    ).join_from(DiscussionEvent, Account, Account.id == DiscussionEvent.author_id, isouter=True)


def _discussion(row: Row) -> Discussion:  # type: ignore[type-arg]
    return Discussion(**{**row._mapping, "status": Status(row.status)})  # noqa: SLF001 - its API


def _event(row: Row, now: datetime) -> Event:  # type: ignore[type-arg]
    named = {**row._mapping, "kind": EventKind(row.kind)}  # noqa: SLF001 - its API
    return Event(**{**named, "data": rules.as_held(row.data, now)})
