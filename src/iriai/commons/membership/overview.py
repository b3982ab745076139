"""The members of a commons at one glance, as its pages and its API show them: who, until when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from iriai.base.errors import Unknown
from iriai.base.tx import Tx
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Charter, Preset
from iriai.commons.membership import electing, offices, queries, rules
from iriai.commons.membership.offices import Candidate, Signed
from iriai.commons.membership.rules import Kind, Requirement, Row, Seat, Standing, State
from iriai.commons.membership.tables import Member
from iriai.identity import queries as people


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who belongs to a commons, or did: a person or an institution."""

    name: str
    kind: Kind
    state: State
    since: datetime | None
    elector_from: datetime | None
    is_elector: bool
    institution: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody who wants to be a member, what they still need, and the decision on them."""

    name: str
    kind: Kind
    applied_at: datetime | None
    text: str
    needs: Requirement
    decision: str | None


@dataclass(frozen=True, slots=True)
class Office:
    """An office of the charter: who holds it until when, who cares for it, who stands for it."""

    role: str
    seats: int | None
    term_days: int
    max_terms: int | None
    is_elected: bool
    held: tuple[Seat, ...]
    to_come: tuple[Seat, ...]
    caring: tuple[Seat, ...]
    free: int | None
    election: "Running | None"


@dataclass(frozen=True, slots=True)
class Running:
    """An election that runs: nominations until a moment, then the ballot of this proposal."""

    id: int
    seats: int
    nominations_until: datetime
    candidates: tuple[Candidate, ...]
    proposal: int | None
    round: int


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it, and where whoever looks stands."""

    charter: Charter
    me: Standing
    electors: int
    members: tuple[Person, ...]
    resting: tuple[Person, ...]
    applicants: tuple[Applicant, ...]
    offices: tuple[Office, ...]
    petitions: tuple[Signed, ...]
    choosing: tuple[str, ...] = ()
    """Who chooses together how it goes on, where `solo` has ended; nobody where that is done."""


def overview(tx: Tx, commons_id: int, viewer_id: int | None) -> Overview:
    """Everything about the members of a commons; all of it is public."""
    charter = charters.in_force(tx, commons_id)
    me = queries.standing(tx, commons_id, viewer_id)
    if not charter.is_collective:
        return _of_owners(tx, commons_id, charter, me, viewer_id)
    electors = {each.account_id for each in queries.electors(tx, commons_id)}
    rows = queries.rows(tx, commons_id)
    named = people.accounts_by_id(
        tx, [row.institution_id for row in rows if row.institution_id is not None]
    )
    everybody = [
        Person(
            name=row.name,
            kind=row.kind,
            state=rules.state_of(row, tx.now),
            since=row.since,
            elector_from=rules.elector_from(charter, row),
            is_elector=row.account_id in electors,
            institution=named[row.institution_id].name if row.institution_id in named else None,
            until=row.until,
        )
        for row in rows
    ]
    return Overview(
        charter=charter,
        me=me,
        electors=len(electors),
        members=tuple(x for x in everybody if x.state in (State.MEMBER, State.SUSPENDED)),
        resting=tuple(x for x in everybody if x.state is State.EMERITUS),
        applicants=_applicants(tx, commons_id),
        offices=tuple(_offices(tx, commons_id, charter)),
        petitions=tuple(offices.petitions(tx, commons_id)),
    )


def office(tx: Tx, commons_id: int, role: str) -> Office:
    """One office of the charter in force."""
    charter = charters.in_force(tx, commons_id)
    for each in _offices(tx, commons_id, charter):
        if each.role == role:
            return each
    raise Unknown(f"The charter knows no office called {role}.", code="RoleUnknown")


def _resting(row: Row) -> Person:
    """Who rests while one member decides alone: their return ends that."""
    return Person(row.name, row.kind, row.state, row.since, None, False, None, None)


def _of_owners(
    tx: Tx, commons_id: int, charter: Charter, me: Standing, viewer_id: int | None
) -> Overview:
    organisation = queries.organisation_id(tx, commons_id)
    members = [] if organisation is None else people.members(tx, organisation)
    found = [(each.id, each.name, each.since) for each in members]
    known = {each.id for each in members}
    operating = [row for row in queries.owners(tx, commons_id) if row.id not in known]
    found += [(row.id, row.name, row.since) for row in operating]  # of the hub: its operators
    electors = {each.account_id for each in queries.electors(tx, commons_id)}
    rows = queries.rows(tx, commons_id) if charter.preset is Preset.SOLO else []
    resting = {row.name: row for row in rows if row.state is State.EMERITUS}
    if any(row.account_id == viewer_id for row in resting.values()):
        me = Standing(state=State.EMERITUS)
    return Overview(
        charter=charter,
        me=me,
        electors=len(electors),
        members=tuple(
            Person(
                name=name,
                kind=Kind.PERSON,
                state=State.MEMBER,
                since=since,
                elector_from=since if account_id in electors else None,
                is_elector=account_id in electors,
                institution=None,
                until=None,
            )
            for account_id, name, since in found
            if name not in resting
        ),
        resting=tuple(_resting(row) for row in resting.values()),
        applicants=(),
        offices=(),
        petitions=(),
        choosing=tuple(name for _number, name in queries.choosing(tx, commons_id)),
    )


def _applicants(tx: Tx, commons_id: int) -> tuple[Applicant, ...]:
    asked = (
        select(Member)
        .where(Member.commons_id == commons_id, Member.state == State.APPLICANT.value)
        .order_by(Member.applied_at, Member.id)
    )
    found = list(tx.session.scalars(asked))
    names = people.accounts_by_id(tx, [each.account_id for each in found])
    return tuple(
        Applicant(
            name=names[each.account_id].name,
            kind=Kind(each.kind),
            applied_at=each.applied_at,
            text=each.text,
            needs=queries.requirement(tx, commons_id, each.account_id),
            decision=each.decision,
        )
        for each in found
    )


def _offices(tx: Tx, commons_id: int, charter: Charter) -> list[Office]:
    held = queries.seats(tx, commons_id)
    sitting = rules.in_office(held, tx.now)
    caring = rules.caretakers(charter, held, tx.now)
    return [
        Office(
            role=name,
            seats=each.seats,
            term_days=each.term_days,
            max_terms=each.max_terms,
            is_elected=each.elected_by is not None,
            held=tuple(seat for seat in sitting if seat.role == name),
            to_come=tuple(seat for seat in held if seat.role == name and seat.starts_at > tx.now),
            caring=tuple(seat for seat in caring if seat.role == name),
            free=electing.seats_to_fill(charter, name, held, tx.now),
            election=_running(tx, commons_id, name),
        )
        for name, each in charter.roles.items()
    ]


def _running(tx: Tx, commons_id: int, role: str) -> Running | None:
    found = offices.open_election(tx, commons_id, role)
    if found is None:
        return None
    return Running(
        id=found.id,
        seats=found.seats,
        nominations_until=found.nominations_until,
        candidates=tuple(offices.candidates(tx, found.id)),
        proposal=found.proposal,
        round=found.round,
    )
