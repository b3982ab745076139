"""What somebody is asked to do, a vote or a seat on a panel, and whether they still are.

Such a notification says what can be done now, not what could be when it was written; and it is
marked as read once its reader did it, or nobody can any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, select, tuple_, update

from iriai.base.cursors import Entry
from iriai.base.tx import Tx
from iriai.commons.cases import queries as cases
from iriai.commons.cases.bench import SeatState, Sitting
from iriai.commons.cases.tables import PanelRow
from iriai.commons.membership import speaking
from iriai.commons.proposals import queries as proposals
from iriai.commons.proposals.rules import Proposal, State
from iriai.commons.proposals.tables import ProposalRow
from iriai.identity.rules import Actor
from iriai.notifications.rules import Notification, Reason
from iriai.notifications.tables import NotificationRow

VOTE_OPENED = "opened the vote on"
VOTED = ("voted on", "voted anew on")
VOTE_ENDED = ("counted", "superseded")
SEAT_ASKED = ("drew", "declined a seat on", "went on without some of")
SEAT_ANSWERED = ("accepted a seat on", *SEAT_ASKED[1:], "answered on", "replaced")


class Asked(StrEnum):
    """What became of what somebody was asked to do."""

    OPEN = "open"
    DONE = "done"
    DECLINED = "declined"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Standing:
    """How what a notification is about stands now: a proposal's title, and what is asked still."""

    title: str = ""
    asked: Asked | None = None


def standings(
    tx: Tx, viewer: Actor, found: Sequence[Notification]
) -> Mapping[tuple[int, str], Standing]:
    """How proposals, and panels on which `viewer` was asked to sit, stand: by `key`."""
    votes = {key(each) for each in found if each.verb == VOTE_OPENED}
    known: dict[tuple[int, str], Standing] = {}
    for row in _rows(tx, ProposalRow, "proposal", found):
        at = (row.commons_id, f"proposal/{row.number}")
        asked = _of_vote(tx, viewer, row) if at in votes else None
        known[at] = Standing(row.title, asked)
    seats = [each for each in found if each.verb in SEAT_ASKED and each.reason is Reason.PART]
    for row in _rows(tx, PanelRow, "panel", seats):
        asked = _of_seat(tx, viewer, row)
        known[row.commons_id, f"panel/{row.number}"] = Standing(asked=asked)
    return known


def key(found: Notification) -> tuple[int, str]:
    """What a notification is about, whatever its commons was called then."""
    return found.commons_id, _short(found.subject)


def settle(tx: Tx, entry: Entry, actor_ids: Iterable[int]) -> None:
    """Mark as read what was asked for until this entry; `actor_ids`: whose act it is."""
    what = entry.subject.partition("/")[0]
    number = int(entry.subject.rpartition("/")[2])
    if what == "proposal" and entry.verb in (*VOTED, *VOTE_ENDED):
        found = proposals.proposal(tx, entry.commons_id, number)
        if entry.verb in VOTE_ENDED and found.opened_at is not None:
            _read(tx, entry, [VOTE_OPENED], NotificationRow.at >= found.opened_at)
        voted = [each for each in actor_ids if _all_voted(tx, found, each)]
        _read(tx, entry, [VOTE_OPENED], NotificationRow.person_id.in_(voted))
    elif what == "panel" and entry.verb in SEAT_ANSWERED:
        panel = cases.panel(tx, entry.commons_id, number)
        sits = panel.state == Sitting.SITTING
        done = [
            each.account_id
            for each in cases.seats(tx, panel.id)
            if not sits or each.state != SeatState.ASKED
        ]
        people = speaking.people_behind(tx, done)
        _read(tx, entry, SEAT_ASKED, NotificationRow.person_id.in_(people))


def _of_vote(tx: Tx, viewer: Actor, row: Any) -> Asked | None:
    if row.state != State.VOTING or (row.due_at is not None and tx.now >= row.due_at):
        return Asked.OVER
    voters = proposals.voters(tx, proposals.by_id(tx, row.id), viewer.id)
    if not voters:
        return None
    return Asked.DONE if all(each.voted for each in voters) else Asked.OPEN


def _all_voted(tx: Tx, found: Proposal, person_id: int) -> bool:
    return all(each.voted for each in proposals.voters(tx, found, person_id))


def _of_seat(tx: Tx, viewer: Actor, row: Any) -> Asked:
    if row.state != Sitting.SITTING:
        return Asked.OVER
    seat = cases.seat_of(tx, row, viewer)
    if seat is None:
        return Asked.DECLINED
    return Asked.OPEN if seat.state == SeatState.ASKED else Asked.DONE


def _rows(
    tx: Tx, table: type[ProposalRow | PanelRow], what: str, found: Sequence[Notification]
) -> Sequence[Any]:
    wanted = {
        (each.commons_id, int(each.subject.rpartition("/")[2]))
        for each in found
        if each.subject.startswith(f"{what}/")
    }
    if not wanted:
        return []
    asked = select(table).where(tuple_(table.commons_id, table.number).in_(wanted))
    return tx.session.scalars(asked).all()


def _short(subject: str) -> str:
    return f"{subject.partition('/')[0]}/{subject.rpartition('/')[2]}"


def _read(tx: Tx, entry: Entry, verbs: Iterable[str], whose: ColumnElement[bool]) -> None:
    what, _, rest = entry.subject.partition("/")
    tx.connection.execute(
        update(NotificationRow)
        .where(
            whose,
            NotificationRow.read_at.is_(None),
            NotificationRow.commons_id == entry.commons_id,
            NotificationRow.verb.in_(list(verbs)),
            NotificationRow.subject.startswith(f"{what}/"),
            NotificationRow.subject.endswith(f"/{rest.rpartition('/')[2]}"),
        )
        .values(read_at=tx.now)
    )
