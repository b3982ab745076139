"""What is being decided on this hub, in whichever commons: a line each, for its first page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from iriai.base.tx import Tx
from iriai.commons.proposals.rules import RUNNING, State
from iriai.commons.proposals.tables import ProposalRow
from iriai.commons.tables import Commons
from iriai.identity.tables import Account


@dataclass(frozen=True, slots=True)
class Running:
    """A proposal of the commons of this name; at `due_at` something happens by itself."""

    commons: str
    fullname: str
    number: int
    title: str
    state: State
    due_at: datetime | None


def running(tx: Tx, limit: int) -> Sequence[Running]:
    """What runs now, what is due first at the top; all of it is public."""
    asked = (
        select(
            Account.name,
            Account.fullname,
            ProposalRow.number,
            ProposalRow.title,
            ProposalRow.state,
            ProposalRow.due_at,
        )
        .join_from(ProposalRow, Commons, ProposalRow.commons_id == Commons.id)
        .join(Account, Commons.account_id == Account.id)
        .where(ProposalRow.state.in_(RUNNING), ProposalRow.due_at.is_not(None))
        .order_by(ProposalRow.due_at, ProposalRow.id)
        .limit(limit)
    )
    return [
        Running(row.name, row.fullname, row.number, row.title, State(row.state), row.due_at)
        for row in tx.connection.execute(asked)
    ]
