"""What concerns a person, as far as they may read it now, and what they chose to hear of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select, tuple_

from iriai.base.errors import HubError
from iriai.base.tx import Tx
from iriai.discussions.tables import DiscussionRow
from iriai.identity.rules import Actor
from iriai.identity.tables import Account
from iriai.notifications import asking, rules
from iriai.notifications.asking import Asked, Standing
from iriai.notifications.rules import Digest, Level, Mailbox, Notification, Reason, Subscription
from iriai.notifications.tables import MailboxRow, NotificationRow, SubscriptionRow
from iriai.repos import queries as repos
from iriai.repos import rules as repo_rules
from iriai.repos.rules import Repo

_COLUMNS: tuple[Any, ...] = (
    NotificationRow.id,
    NotificationRow.commons_id,
    NotificationRow.reason,
    NotificationRow.actor,
    NotificationRow.verb,
    NotificationRow.subject,
    NotificationRow.detail,
    NotificationRow.repo_id,
    NotificationRow.number,
    NotificationRow.comment,
    NotificationRow.at,
    NotificationRow.read_at,
)


@dataclass(frozen=True, slots=True)
class Noted:
    """A notification with what it is about as it is now; `asked`: what one is asked to do."""

    notification: Notification
    repo: Repo | None
    title: str
    asked: Asked | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice, with what it is about."""

    subscription: Subscription
    repo: Repo
    title: str


def notifications(
    tx: Tx, viewer: Actor, *, unread: bool = False, before: int | None = None
) -> list[Noted]:
    """A page of what concerns a person, the newest first, from the one before `before`."""
    asked = _visible(select(*_COLUMNS), viewer)
    if unread:
        asked = asked.where(NotificationRow.read_at.is_(None))
    if before is not None:
        asked = asked.where(NotificationRow.id < before)
    asked = asked.order_by(NotificationRow.id.desc()).limit(rules.PAGE_LENGTH)
    return _noted(tx, viewer, [_notification(row) for row in tx.connection.execute(asked)])


def unmailed(tx: Tx, viewer: Actor) -> list[Noted]:
    """What is unread and was never mailed, the oldest first."""
    asked = (
        _visible(select(*_COLUMNS), viewer)
        .where(NotificationRow.read_at.is_(None), NotificationRow.mailed_at.is_(None))
        .order_by(NotificationRow.id)
        .limit(rules.DIGEST_MAX)
    )
    return _noted(tx, viewer, [_notification(row) for row in tx.connection.execute(asked)])


def unread_count(tx: Tx, viewer: Actor) -> int:
    """How much is unread; many is `COUNTED_MAX`."""
    asked = _visible(select(NotificationRow.id), viewer).where(NotificationRow.read_at.is_(None))
    some = asked.limit(rules.COUNTED_MAX).subquery()
    return int(tx.connection.execute(select(func.count()).select_from(some)).scalar_one())


def level(tx: Tx, viewer: Actor, repo_id: int, number: int | None) -> Level | None:
    """What a person chose about a repository, or about one discussion."""
    found = tx.connection.execute(
        select(SubscriptionRow.level).where(
            SubscriptionRow.person_id == viewer.id,
            SubscriptionRow.repo_id == repo_id,
            SubscriptionRow.number == (number or 0),
        )
    ).scalar_one_or_none()
    return None if found is None else Level(found)


def subscriptions(tx: Tx, viewer: Actor) -> list[Chosen]:
    """All that a person chose, the newest first, of what they may still see."""
    asked = (
        select(SubscriptionRow)
        .where(SubscriptionRow.person_id == rules.require_own(viewer))
        .order_by(SubscriptionRow.since.desc(), SubscriptionRow.repo_id)
        .limit(rules.SUBSCRIPTIONS_MAX)
    )
    rows = tx.connection.execute(asked).all()
    found = [Subscription(r.repo_id, r.number or None, Level(r.level), r.since) for r in rows]
    known = _repos(tx, viewer, (each.repo_id for each in found))
    titles = _titles(tx, [(each.repo_id, each.number or 0) for each in found])
    return [
        Chosen(each, known[each.repo_id], titles.get((each.repo_id, each.number or 0), ""))
        for each in found
        if each.repo_id in known
    ]


def mailbox(tx: Tx, person_id: int) -> Mailbox | None:
    """Where a person's mail goes; None where they have no address. Another one is not confirmed."""
    row = tx.connection.execute(
        select(
            Account.email,
            MailboxRow.address,
            MailboxRow.confirmed_at,
            MailboxRow.digest,
            MailboxRow.mailed_at,
        )
        .outerjoin(MailboxRow, MailboxRow.person_id == Account.id)
        .where(Account.id == person_id, Account.deleted_at.is_(None))
    ).one_or_none()
    if row is None or not row.email:
        return None
    same = row.address == row.email
    return Mailbox(
        person_id,
        row.email,
        row.confirmed_at if same else None,
        Digest(row.digest) if row.digest else Digest.DAILY,
        row.mailed_at,
    )


def mailed_people(tx: Tx) -> Sequence[int]:
    """Everybody who gets mail and has something that was not mailed: for jobs."""
    asked = (
        select(MailboxRow.person_id)
        .where(
            MailboxRow.confirmed_at.is_not(None),
            MailboxRow.digest != Digest.OFF,
            select(NotificationRow.id)
            .where(
                NotificationRow.person_id == MailboxRow.person_id,
                NotificationRow.read_at.is_(None),
                NotificationRow.mailed_at.is_(None),
            )
            .exists(),
        )
        .order_by(MailboxRow.person_id)
    )
    return tx.connection.execute(asked).scalars().all()


def _visible(asked: Select[Any], viewer: Actor) -> Select[Any]:
    person_id = rules.require_own(viewer)
    readable = repos.readable_ids(viewer)
    return asked.where(
        NotificationRow.person_id == person_id,
        or_(
            NotificationRow.repo_id.is_(None),
            NotificationRow.reason == Reason.YOU,
            NotificationRow.repo_id.in_(readable),
        ),
    )


def _notification(row: Row[Any]) -> Notification:
    return Notification(**{**row._mapping, "reason": Reason(row.reason)})  # noqa: SLF001 - its API


def _noted(tx: Tx, viewer: Actor, found: Sequence[Notification]) -> list[Noted]:
    known = _repos(tx, viewer, (each.repo_id for each in found if each.repo_id is not None))
    titles = _titles(tx, [(each.repo_id, each.number) for each in found if each.number])
    now = asking.standings(tx, viewer, found)
    noted = []
    for each in found:
        standing = now.get(asking.key(each), Standing())
        title = standing.title
        if each.repo_id in known:
            title = titles.get((each.repo_id or 0, each.number or 0), "")
        noted.append(Noted(each, known.get(each.repo_id or 0), title, standing.asked))
    return noted


def _repos(tx: Tx, viewer: Actor, ids: Iterable[int]) -> dict[int, Repo]:
    """The repositories of these numbers that `viewer` may see now."""
    found: dict[int, Repo] = {}
    for repo_id in set(ids):
        try:
            repo = repos.by_id(tx, repo_id, viewer)
            repo_rules.require_see(viewer, repo)
        except HubError:
            continue
        found[repo_id] = repo
    return found


def _titles(tx: Tx, wanted: Sequence[tuple[Any, Any]]) -> dict[tuple[int, int], str]:
    if not wanted:
        return {}
    asked = select(DiscussionRow.repo_id, DiscussionRow.number, DiscussionRow.title).where(
        and_(tuple_(DiscussionRow.repo_id, DiscussionRow.number).in_(set(wanted)))
    )
    return {(row.repo_id, row.number): row.title for row in tx.connection.execute(asked)}
