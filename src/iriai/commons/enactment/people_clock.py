"""What the time brings to members and seats: it is written down here, and ended in its own second.

Terms and suspensions that are over are noted; nominations close and become a ballot; a tie becomes
a second round, and after that a lot; who did not take part for long rests; an office whose terms
end gets its election. Each commons in a transaction of its own.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from iriai.base.errors import HubError
from iriai.base.events import Event
from iriai.base.tx import Ground, Tx
from iriai.commons import queries as commons
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action, Charter, Preset
from iriai.commons.enactment.people import names_elected, seat_elected
from iriai.commons.enactment.registry import enactor
from iriai.commons.membership import electing, offices, powers, queries, rules
from iriai.commons.membership.electing import ElectionState, PetitionState
from iriai.commons.membership.offices import CLOCK
from iriai.commons.membership.rules import Ended, Kind, State
from iriai.commons.membership.tables import Activity, Election, Member, Petition, Seat
from iriai.commons.proposals import actions as proposals
from iriai.commons.proposals import queries as proposal_queries
from iriai.commons.proposals.actions import Choice, Motion
from iriai.commons.proposals.rules import Proposal
from iriai.commons.proposals.rules import State as ProposalState
from iriai.commons.tables import Commons
from iriai.identity.tables import Account, AccountName

FILLED = "filled"
AGAIN = timedelta(days=28)
"""How long an office waits for its next election by itself, after one that filled nothing."""

log = logging.getLogger(__name__)


def due(ground: Ground) -> None:
    """Write down what has come to its end among members and seats, everywhere."""
    with ground.read() as tx:
        waiting = _waiting(tx)
    _each(ground, waiting, move_on)


def rest_inactive(ground: Ground) -> None:
    """Let those rest who did not take part for as long as their charter says."""
    with ground.read() as tx:
        waiting = list(tx.connection.execute(select(Activity.commons_id).distinct()).scalars())
    _each(ground, waiting, _rest_inactive)


def _each(ground: Ground, waiting: list[int], work: Callable[[Tx, int], None]) -> None:
    for commons_id in waiting:
        try:
            with ground.write() as tx:
                commons.lock(tx, commons_id)
                work(tx, commons_id)
        except HubError:
            log.exception("The clock of commons %s could not be moved on.", commons_id)


def _waiting(tx: Tx) -> list[int]:
    """The commons in which something about members and seats may be due."""
    owners = (Preset.SOLO.value, Preset.OWNERS.value)
    asked = [
        select(Member.commons_id).where(
            Member.state == State.SUSPENDED.value, Member.until <= tx.now
        ),
        select(Seat.commons_id).where(
            Seat.ended_at.is_(None), Seat.ends_at <= tx.now + electing.ELECTION_LEAD
        ),
        select(Seat.commons_id).where(
            Seat.ended_at.is_(None),
            Seat.starts_at <= tx.now,
            Seat.starts_at > tx.now - timedelta(days=1),
        ),
        select(Election.commons_id).where(
            or_(
                Election.state != ElectionState.CLOSED.value,
                and_(Election.outcome != FILLED, Election.closed_at > tx.now - 2 * AGAIN),
            )
        ),
        _emptied(),
        _of_the_deleted().with_only_columns(Member.commons_id),
        select(Petition.commons_id).where(Petition.state != PetitionState.CLOSED.value),
        select(Commons.id).where(
            Commons.preset.not_in(owners), Commons.id.not_in(select(Seat.commons_id))
        ),
    ]
    found: set[int] = set()
    for each in asked:
        found |= set(tx.connection.execute(each.distinct()).scalars())
    return sorted(found)


def _emptied() -> Select[int]:
    """The commons in which an office was laid down before its end, and nobody has it now."""
    open_ = aliased(Seat)
    held = select(open_.id).where(
        open_.commons_id == Seat.commons_id,
        open_.role == Seat.role,
        open_.ended_at.is_(None),
    )
    return select(Seat.commons_id).where(Seat.ended_at.is_not(None), ~held.exists())


def _of_the_deleted() -> Select[int]:
    """The members whose accounts were given up, and who have not left yet by the log."""
    present = [State.MEMBER.value, State.EMERITUS.value, State.SUSPENDED.value]
    return (
        select(Member.account_id)
        .join(Account, Account.id == Member.account_id)
        .where(Account.deleted_at.is_not(None), Member.state.in_(present))
    )


def move_on(tx: Tx, commons_id: int) -> None:
    """Everything that is due in one commons."""
    charter = charters.in_force(tx, commons_id)
    if not charter.is_collective:
        return
    for row in queries.rows(tx, commons_id):
        if row.state is State.SUSPENDED and row.until is not None and row.until <= tx.now:
            powers.restore(tx, CLOCK, commons_id, row.account_id)
    gone = _of_the_deleted().where(Member.commons_id == commons_id)
    for account_id in tx.connection.execute(gone).scalars().all():
        powers.part(tx, CLOCK, commons_id, account_id)
    _end_seats(tx, commons_id)
    open_ = select(Election).where(
        Election.commons_id == commons_id, Election.state != ElectionState.CLOSED.value
    )
    for election in tx.session.scalars(open_).all():
        _move_election(tx, charter, election)
    _close_petitions(tx, commons_id)
    for role in charter.roles:
        _call_election(tx, charter, commons_id, role)


def _end_seats(tx: Tx, commons_id: int) -> None:
    """Note the seats that are over for good, and give their rights to those that begin."""
    for seat in queries.seats(tx, commons_id):
        over = seat.ends_at if seat.caretaker_until is None else seat.caretaker_until
        if over <= tx.now:
            powers.end_seat(tx, CLOCK, seat.id, Ended.EXPIRED)
        elif seat.starts_at <= tx.now < seat.starts_at + timedelta(days=1):
            powers.obey(tx, commons_id, seat.holder_id)


def _move_election(tx: Tx, charter: Charter, election: Election) -> None:
    if election.state == ElectionState.NOMINATIONS:
        if election.nominations_until <= tx.now:
            standing = [
                each.name
                for each in offices.candidates(tx, election.id)
                if each.accepted
                and queries.standing(tx, election.commons_id, each.account_id).is_member
            ]
            _open_ballot(tx, charter, election, standing)
        return
    if election.proposal is None:
        return
    found = proposal_queries.proposal(tx, election.commons_id, election.proposal)
    if found.is_running or found.state in (ProposalState.PASSED, ProposalState.ENACTED):
        return
    tied = _tied(tx, found)
    if len(tied) > 1 and election.round < electing.ROUNDS_MAX:
        election.round += 1
        _open_ballot(tx, charter, election, tied)
    elif len(tied) > 1:
        seed = f"{found.commons}/{found.number}"
        chosen = names_elected(tied, seed)
        seat_elected(tx, CLOCK, election.id, chosen, cited={"lot": seed, "among": tied})
    else:
        _close(tx, election, found.state.value)


def _open_ballot(tx: Tx, charter: Charter, election: Election, names: list[str]) -> None:
    """Put who stands to the vote; where nobody does, the office stays as it is."""
    if not names:
        _close(tx, election, "nobody")
        return
    payload = {
        "election": election.id,
        "role": election.role,
        "candidates": names,
        "seats": election.seats,
    }
    made = proposals.call(
        tx,
        election.commons_id,
        Motion(
            action=Action.SEAT_FILL,
            payload=payload,
            words=enactor(Action.SEAT_FILL).words(payload),
            title=f"Election: {election.role}" + (", second round" if election.round > 1 else ""),
            procedure=charter.roles[election.role].elected_by,
            choices=tuple(Choice(words=name, key=name) for name in names),
            seats=election.seats,
        ),
    )
    election.state, election.proposal = ElectionState.VOTING, made.number
    decision = f"{made.commons}/{made.number}"
    offices.record(tx, CLOCK, "opened the ballot of", election, standing=names, decision=decision)


def _close(tx: Tx, election: Election, outcome: str) -> None:
    election.state, election.closed_at = ElectionState.CLOSED, tx.now
    election.outcome = outcome[:16]
    offices.record(tx, CLOCK, "closed", election, outcome=outcome)


def _tied(tx: Tx, found: Proposal) -> list[str]:
    """The candidates between whom a count could not decide."""
    if found.state is not ProposalState.FAILED or found.opened_at is None:
        return []
    count = proposal_queries.tally(tx, found).count
    if count["verdict"] != "tie":
        return []
    keys = (found.options[place].key for place in count.get("leaders", []))
    return [key for key in keys if key is not None]


def _close_petitions(tx: Tx, commons_id: int) -> None:
    asked = select(Petition).where(
        Petition.commons_id == commons_id, Petition.state != PetitionState.CLOSED.value
    )
    for row in tx.session.scalars(asked).all():
        seat = tx.session.get_one(Seat, row.seat_id)
        over = seat.ended_at is not None
        if row.state == PetitionState.OPEN:
            over |= row.opened_at + electing.PETITION <= tx.now
        elif row.proposal is not None:
            found = proposal_queries.proposal(tx, commons_id, row.proposal)
            over |= not found.is_running and found.state is not ProposalState.PASSED
        if over:
            row.state, row.closed_at = PetitionState.CLOSED, tx.now
            tx.flush()
            subject = f"seat/{charters.name_of(tx, commons_id)}/{seat.id}"
            tx.record(commons_id, CLOCK, "closed a petition on", subject, role=seat.role)


def _call_election(tx: Tx, charter: Charter, commons_id: int, role: str) -> None:
    """Begin an election by itself: where terms end soon, or nobody will be left."""
    if charter.roles[role].elected_by is None:
        return
    if offices.open_election(tx, commons_id, role) is not None:
        return
    held = [each for each in queries.seats(tx, commons_id) if each.role == role]
    lead = tx.now + electing.ELECTION_LEAD
    staying = [each for each in held if each.ends_at > lead]
    if staying and len(staying) == len(held):
        return
    if not queries.electors(tx, commons_id) or _was_lately(tx, commons_id, role):
        return
    offices.begin(tx, CLOCK, commons_id, role)


def _was_lately(tx: Tx, commons_id: int, role: str) -> bool:
    asked = select(func.max(Election.opened_at)).where(
        Election.commons_id == commons_id, Election.role == role
    )
    last = tx.connection.execute(asked).scalar_one()
    return last is not None and last > tx.now - AGAIN


def _rest_inactive(tx: Tx, commons_id: int) -> None:
    charter = charters.in_force(tx, commons_id)
    before = tx.now - timedelta(days=charter.members.emeritus_after_days)
    asked = select(Activity).where(Activity.commons_id == commons_id, Activity.active_at <= before)
    for noted in tx.session.scalars(asked).all():
        row = queries.member(tx, commons_id, noted.account_id)
        if row is None or row.state is not State.MEMBER:
            continue
        seen = _last_seen(tx, commons_id, row)
        if seen is not None and seen > before:
            noted.active_at = seen
            tx.flush()
            continue
        powers.retire(
            tx,
            CLOCK,
            commons_id,
            row.account_id,
            cited={"rule": "members.emeritus_after_days"},
        )


def _last_seen(tx: Tx, commons_id: int, row: rules.Row) -> datetime | None:
    """When somebody last did anything that this log tells of, under any name they had."""
    names = select(AccountName.name).where(AccountName.account_id == row.account_id)
    if row.kind is Kind.INSTITUTION:
        names = (
            select(AccountName.name)
            .join(Member, Member.account_id == AccountName.account_id)
            .where(Member.institution_id == row.account_id)
        )
    asked = select(func.max(Event.at)).where(Event.commons_id == commons_id, Event.actor.in_(names))
    return tx.connection.execute(asked).scalar_one()
