"""Whom cases, panels, holds and requests for removal concern, and what happens next with each.

Stewards hear what waits for them; whoever it is about, and who reported it, what became of it; who
was drawn, that they are asked to sit. Nobody else hears anything: who it is about is private.
"""

from collections.abc import Callable, Iterable

from sqlalchemy import select

from iriai.base.cursors import Entry
from iriai.base.tx import Tx
from iriai.commons.cases import queries as cases
from iriai.commons.cases import wording
from iriai.commons.cases.bench import SeatState
from iriai.commons.cases.tables import HoldRow, PanelRow
from iriai.commons.removal import queries as removals
from iriai.commons.removal import rules as removal_rules
from iriai.identity.tables import Account, AccountKind
from iriai.notifications.rules import Reason

Heard = tuple[list[tuple[Reason, Iterable[int | None]]], str]
"""Whom it concerns and why, and the sentence on what happens next."""

FOR_STEWARDS = ("reported", "answered", "appealed", "asked a second steward on")
FOR_REPORTERS = ("looked at", "charged", "referred", "dismissed", "decided", "upheld", "varied")
ON_THE_OTHER_SIDE = ("charged", "referred", "dismissed", "decided", "upheld", "varied")
OF_PANELS = ("asked for", "drew", "declined a seat on", "went on without some of", "answered on")
OF_HOLDS = ("asked a second steward for", "placed", "kept", "lifted", "lapsed", "ended")


def heard(tx: Tx, entry: Entry) -> Heard:
    """Whom an entry concerns."""
    what, _, rest = entry.subject.partition("/")
    number = int(rest.rpartition("/")[2])
    return OF[what](tx, entry, number)


def _case(tx: Tx, entry: Entry, number: int) -> Heard:
    found = cases.row(tx, entry.commons_id, number)
    told: list[tuple[Reason, Iterable[int | None]]] = []
    free = cases.stewards(tx, entry.commons_id) - {found.account_id}
    if entry.verb in FOR_STEWARDS:
        told.append((Reason.OWN, free))
    if entry.verb in (*FOR_REPORTERS, "overturned") and not found.is_of_office:
        told.append((Reason.PART, [found.reporter_id]))
    knows = found.charged_at is not None or found.decided_at is not None or entry.verb == "referred"
    faded = entry.verb in ("overturned", "ended the effect of", "faded")
    if knows and (faded or entry.verb in ON_THE_OTHER_SIDE):
        told.append((Reason.YOU, [found.account_id]))
    return told, wording.of_case(found, cases.panel_of_case(tx, found))


def _panel(tx: Tx, entry: Entry, number: int) -> Heard:
    found = cases.panel(tx, entry.commons_id, number)
    if entry.verb not in OF_PANELS:
        return [], ""
    told: list[tuple[Reason, Iterable[int | None]]] = []
    if entry.verb == "asked for":
        told.append((Reason.OWN, cases.stewards(tx, entry.commons_id)))
    elif entry.verb == "answered on":
        sat = _speakers(tx, [each.account_id for each in cases.seats(tx, found.id)])
        told += [(Reason.PART, sat), (Reason.OWN, cases.stewards(tx, entry.commons_id))]
    else:
        told.append((Reason.PART, _asked(tx, entry, found)))
    if entry.verb in ("drew", "answered on"):
        told.append((Reason.YOU, [found.appellant_id]))
    return told, wording.of_panel(found)


def _asked(tx: Tx, entry: Entry, found: PanelRow) -> list[int]:
    """Who was asked to sit with this entry."""
    there = (SeatState.ASKED, SeatState.ACCEPTED)
    seats = [
        each.account_id
        for each in cases.seats(tx, found.id)
        if each.asked_at == entry.at and each.state in there
    ]
    return _speakers(tx, seats)


def _speakers(tx: Tx, accounts: list[int]) -> list[int]:
    """People, and for an institution those who speak for it: its stewards."""
    asked = select(Account.id, Account.commons_id).where(
        Account.id.in_(accounts), Account.kind == AccountKind.ORGANISATION
    )
    found = set(accounts)
    for row in tx.connection.execute(asked).all():
        found.discard(row.id)
        if row.commons_id is not None:
            found |= cases.stewards(tx, row.commons_id)
    return sorted(found)


def _hold(tx: Tx, entry: Entry, number: int) -> Heard:
    found: HoldRow = cases.hold(tx, entry.commons_id, number)
    if entry.verb not in OF_HOLDS:
        return [], ""
    told: list[tuple[Reason, Iterable[int | None]]] = []
    if entry.verb in ("asked a second steward for", "placed"):
        told.append((Reason.OWN, cases.stewards(tx, entry.commons_id) - {found.account_id}))
    if entry.verb != "asked a second steward for":
        told.append((Reason.YOU, [found.account_id]))
    return told, wording.of_hold(found)


def _removal(tx: Tx, entry: Entry, number: int) -> Heard:
    found = removals.row(tx, entry.commons_id, number)
    dates = (found.acknowledge_by, found.decide_by)
    state = removal_rules.State(found.state)
    told: list[tuple[Reason, Iterable[int | None]]] = [(Reason.YOU, [found.asker_id])]
    if entry.verb in ("received", "appealed"):
        told.append((Reason.OWN, cases.stewards(tx, entry.commons_id)))
    return told, removal_rules.next_step(state, dates, found.appeal_until)


OF: dict[str, Callable[[Tx, Entry, int], Heard]] = {
    "case": _case,
    "panel": _panel,
    "hold": _hold,
    "removal": _removal,
}
