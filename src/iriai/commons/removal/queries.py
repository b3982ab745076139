"""What can be seen of requests for removal: their clock by everybody, the rest by few."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select

from iriai.base.tx import Tx
from iriai.commons import queries as commons
from iriai.commons.removal import rules
from iriai.commons.removal.rules import State
from iriai.commons.removal.tables import RemovalRow

LISTED_MAX = 500


def row(tx: Tx, commons_id: int, number: int) -> RemovalRow:
    """The request of this number."""
    asked = select(RemovalRow).where(
        RemovalRow.commons_id == commons_id, RemovalRow.number == number
    )
    found = tx.session.scalars(asked).one_or_none()
    if found is None:
        raise rules.unknown_removal()
    return found


def by_id(tx: Tx, removal_id: int) -> RemovalRow:
    """The request with this key."""
    return tx.session.get_one(RemovalRow, removal_id)


def removals(tx: Tx, commons_id: int) -> Sequence[RemovalRow]:
    """The requests of a commons, the newest first."""
    asked = select(RemovalRow).where(RemovalRow.commons_id == commons_id)
    return list(tx.session.scalars(asked.order_by(RemovalRow.number.desc()).limit(LISTED_MAX)))


def held(tx: Tx) -> Sequence[RemovalRow]:
    """The requests for which files are held now."""
    states = [State.HELD, State.REFUSED, State.APPEALED]
    return list(tx.session.scalars(select(RemovalRow).where(RemovalRow.state.in_(states))))


def has_code(found: RemovalRow, code: str) -> bool:
    """Whether somebody brings the code of a request."""
    return hmac.compare_digest(found.code, rules.digest(code))


def is_overdue(found: RemovalRow, now: datetime) -> bool:
    """Whether the commons is late with it."""
    return rules.is_overdue(State(found.state), found.acknowledge_by, found.decide_by, now)


def next_number(tx: Tx, commons_id: int) -> int:
    """The next number of a commons' requests."""
    tx.flush()
    commons.lock(tx, commons_id)
    asked = select(func.max(RemovalRow.number)).where(RemovalRow.commons_id == commons_id)
    return int(tx.connection.execute(asked).scalar() or 0) + 1


def waiting(tx: Tx, commons_id: int, repo_id: int) -> tuple[int, int]:
    """How many requests nobody has read yet, and how many came about a repository today."""
    tx.flush()
    mine = RemovalRow.commons_id == commons_id
    unread = select(func.count()).where(mine, RemovalRow.state == State.RECEIVED)
    since = tx.now - timedelta(days=1)
    today = select(func.count()).where(
        RemovalRow.repo_id == repo_id, RemovalRow.received_at > since
    )
    return (
        int(tx.connection.execute(unread).scalar_one()),
        int(tx.connection.execute(today).scalar_one()),
    )
