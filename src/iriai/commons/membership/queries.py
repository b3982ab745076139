"""Who belongs, who has a vote, and who is in which office: at `tx.now`, always.

Under `solo` and `owners` this is read off the organisation's roles; under a charter of members, off
`members` and `seats`. The hub's own commons is its operators' while it has no members.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Row as Found
from sqlalchemy import Select, func, or_, select

from iriai.base.events import HUB
from iriai.base.tx import Tx
from iriai.commons.charter import queries as charters
from iriai.commons.membership import rules
from iriai.commons.membership.rules import (
    Elector,
    Kind,
    Requirement,
    Row,
    Seat,
    Standing,
    State,
)
from iriai.commons.membership.tables import Member, Sponsor
from iriai.commons.membership.tables import Seat as SeatRow
from iriai.commons.tables import Commons
from iriai.discussions.rules import Status
from iriai.discussions.tables import DiscussionRow
from iriai.identity.rules import Role
from iriai.identity.tables import Account, Membership
from iriai.repos.tables import RepoRow

PAGE_LENGTH = 200
BREAK = timedelta(days=365)
"""After so long out of an office, its terms are counted anew."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A member as the page of members shows them."""

    row: Row
    fullname: str
    state: State
    institution: str | None
    state_at: datetime
    elector_from: datetime | None


def standing(tx: Tx, commons_id: int, account_id: int | None) -> Standing:
    """Where somebody stands in a commons; nobody in particular is a visitor."""
    if account_id is None:
        return rules.VISITOR
    charter = charters.in_force(tx, commons_id)
    if not charter.is_collective:
        return _owner_standing(tx, commons_id, account_id)
    row = member(tx, commons_id, account_id)
    if row is None:
        return rules.VISITOR
    held = seats(tx, commons_id)
    mine = [seat for seat in rules.in_office(held, tx.now) if seat.holder_id == account_id]
    caring = [
        seat for seat in rules.caretakers(charter, held, tx.now) if seat.holder_id == account_id
    ]
    return rules.standing(charter, row, mine, caring, tx.now)


def electors(tx: Tx, commons_id: int) -> list[Elector]:
    """Who has a vote now, the longest first, no institution with more than its share."""
    charter = charters.in_force(tx, commons_id)
    if charter.is_collective:
        return rules.electors(charter, rows(tx, commons_id), tx.now)
    return [Elector(row.id, row.name, Kind.PERSON, 1, row.since) for row in owners(tx, commons_id)]


def votes(tx: Tx, commons_id: int) -> int:
    """How many votes there are now, all electors' together."""
    return sum(each.votes for each in electors(tx, commons_id))


def voices(tx: Tx, commons_id: int, account_id: int) -> list[Elector]:
    """In whose name somebody may cast a ballot: their own, and institutions they represent."""
    found = electors(tx, commons_id)
    mine = {account_id} | represented(
        tx, account_id, [each.account_id for each in found if each.kind is Kind.INSTITUTION]
    )
    return [each for each in found if each.account_id in mine]


def represents(tx: Tx, account_id: int, institution_id: int) -> bool:
    """Whether somebody speaks for an institution: its admins do, or its stewards."""
    return bool(represented(tx, account_id, [institution_id]))


def represented(tx: Tx, account_id: int, institutions: Sequence[int]) -> set[int]:
    """For which of these institutions somebody speaks."""
    if not institutions:
        return set()
    asked = select(Account.id, Account.commons_id).where(Account.id.in_(institutions))
    return {
        row.id
        for row in tx.connection.execute(asked)
        if row.commons_id is not None
        and standing(tx, row.commons_id, account_id).holds(rules.STEWARD)
    }


def stewards(tx: Tx, commons_id: int) -> list[Seat]:
    """Who is steward now; under `solo` and `owners` the owners are, without an end."""
    charter = charters.in_force(tx, commons_id)
    if charter.is_collective:
        return [
            seat
            for seat in _of_members(tx, commons_id, rules.in_office(seats(tx, commons_id), tx.now))
            if seat.role == rules.STEWARD
        ]
    return [
        Seat(
            id=0,
            role=rules.STEWARD,
            holder_id=row.id,
            holder=row.name,
            repo_id=None,
            starts_at=row.since,
            ends_at=datetime.max.replace(tzinfo=row.since.tzinfo),
            caretaker_until=None,
            term=1,
        )
        for row in owners(tx, commons_id)
    ]


def caretakers(tx: Tx, commons_id: int) -> list[Seat]:
    """Who takes care of an office whose term is over, until it is filled."""
    charter = charters.in_force(tx, commons_id)
    if not charter.is_collective:
        return []
    return _of_members(tx, commons_id, rules.caretakers(charter, seats(tx, commons_id), tx.now))


def seats(tx: Tx, commons_id: int, *, role: str | None = None) -> list[Seat]:
    """The seats that were not given back, those to come and those past their end too."""
    asked = (
        select(SeatRow, Account.name)
        .join(Account, Account.id == SeatRow.holder_id)
        .where(
            SeatRow.commons_id == commons_id,
            or_(SeatRow.ended_at.is_(None), SeatRow.ended_at > tx.now),
        )
        .order_by(SeatRow.ends_at, SeatRow.id)
    )
    if role is not None:
        asked = asked.where(SeatRow.role == role)
    tx.flush()
    return [_seat(row, name) for row, name in tx.session.execute(asked)]


def terms_served(tx: Tx, commons_id: int, role: str, account_id: int) -> int:
    """How many terms in a row somebody has held an office; a year out of it begins anew."""
    asked = select(SeatRow.term).where(
        SeatRow.commons_id == commons_id,
        SeatRow.role == role,
        SeatRow.holder_id == account_id,
        SeatRow.ends_at > SeatRow.starts_at,
        SeatRow.ends_at > tx.now - BREAK,
    )
    return max(tx.connection.execute(asked).scalars(), default=0)


def requirement(tx: Tx, commons_id: int, account_id: int) -> Requirement:
    """What an applicant needs before the members decide, and what they have of it."""
    charter = charters.in_force(tx, commons_id)
    vouching = {
        row.account_id
        for row in rows(tx, commons_id)
        if rules.state_of(row, tx.now) is State.MEMBER
    }
    asked = select(Sponsor.sponsor_id).where(
        Sponsor.commons_id == commons_id, Sponsor.applicant_id == account_id
    )
    sponsors = vouching & set(tx.connection.execute(asked).scalars())
    return rules.requirement(
        charter,
        members=len(vouching),
        sponsors=len(sponsors),
        contributions=contributions(tx, commons_id, account_id),
    )


def contributions(tx: Tx, commons_id: int, account_id: int) -> int:
    """How many of somebody's pull requests were merged into what a commons holds."""
    asked = (
        select(func.count())
        .select_from(DiscussionRow)
        .join(RepoRow, RepoRow.id == DiscussionRow.repo_id)
        .where(
            RepoRow.owner_id == organisation_id(tx, commons_id),
            DiscussionRow.author_id == account_id,
            DiscussionRow.is_pull_request.is_(True),
            DiscussionRow.status == Status.MERGED.value,
        )
    )
    return int(tx.connection.execute(asked).scalar_one())


def rows(tx: Tx, commons_id: int) -> list[Row]:
    """Every member that there was, as rules read them; a deleted account is none."""
    tx.flush()
    return [_row(each) for each in tx.connection.execute(_members(commons_id))]


def member(tx: Tx, commons_id: int, account_id: int) -> Row | None:
    """One member, of whatever state; None for who never was one."""
    tx.flush()
    asked = _members(commons_id).where(Member.account_id == account_id)
    found = tx.connection.execute(asked).one_or_none()
    return None if found is None else _row(found)


def count(tx: Tx, commons_id: int) -> int:
    """How many members there are now, on rest included."""
    asked = select(func.count()).where(
        Member.commons_id == commons_id,
        Member.state.in_([State.MEMBER, State.EMERITUS, State.SUSPENDED]),
    )
    tx.flush()
    return int(tx.connection.execute(asked).scalar_one())


def organisation_id(tx: Tx, commons_id: int) -> int | None:
    """The organisation that is this commons; None where it is the hub's own without one."""
    asked = select(Commons.account_id).where(Commons.id == commons_id)
    return tx.connection.execute(asked).scalar_one()


def _members(commons_id: int) -> Select:  # type: ignore[type-arg]
    return (
        select(
            Member.account_id,
            Account.name,
            Member.kind,
            Member.state,
            Member.since,
            Member.until,
            Member.is_founder,
            Member.institution_id,
        )
        .join(Account, Account.id == Member.account_id)
        .where(Member.commons_id == commons_id, Account.deleted_at.is_(None))
        .order_by(Account.name_key)
    )


def _row(found: Found) -> Row:  # type: ignore[type-arg]
    return Row(
        account_id=found.account_id,
        name=found.name,
        kind=Kind(found.kind),
        state=State(found.state),
        since=found.since,
        until=found.until,
        is_founder=found.is_founder,
        institution_id=found.institution_id,
    )


def _seat(row: SeatRow, holder: str) -> Seat:
    return Seat(
        id=row.id,
        role=row.role,
        holder_id=row.holder_id,
        holder=holder,
        repo_id=row.repo_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        caretaker_until=row.caretaker_until,
        term=row.term,
    )


def _of_members(tx: Tx, commons_id: int, held: Iterable[Seat]) -> list[Seat]:
    """The seats whose holders are members now: who is suspended or on rest holds none."""
    active = {
        row.account_id
        for row in rows(tx, commons_id)
        if rules.state_of(row, tx.now) is State.MEMBER
    }
    return [seat for seat in held if seat.holder_id in active]


def _owner_standing(tx: Tx, commons_id: int, account_id: int) -> Standing:
    organisation = organisation_id(tx, commons_id)
    asked = select(Membership.role).where(
        Membership.person_id == account_id, Membership.organisation_id == organisation
    )
    tx.flush()
    found = tx.connection.execute(asked).scalar_one_or_none()
    if found is not None:
        standing = rules.by_role(Role(found))
        chooses = not standing.is_owner and charters.is_to_choose(tx, commons_id)
        return replace(standing, chooses=chooses)
    if commons_id == HUB and _operates(tx, account_id):
        return rules.by_role(Role.ADMIN)
    return rules.VISITOR


def choosing(tx: Tx, commons_id: int) -> list[tuple[int, str]]:
    """Who chooses together how it goes on, by number and name; nobody where all is chosen.

    Where `solo` ended because there is a second member: all who belong.
    """
    if not charters.is_to_choose(tx, commons_id):
        return []
    asked = (
        select(Account.id, Account.name)
        .join(Membership, Membership.person_id == Account.id)
        .where(
            Membership.organisation_id == organisation_id(tx, commons_id),
            Account.deleted_at.is_(None),
        )
        .order_by(Membership.since, Account.id)
    )
    tx.flush()
    found = [(row.id, row.name) for row in tx.connection.execute(asked)]
    known = {number for number, _name in found}
    operating = [(row.id, row.name) for row in owners(tx, commons_id) if row.id not in known]
    return operating + found


def _operates(tx: Tx, account_id: int) -> bool:
    asked = select(Account.id).where(
        Account.id == account_id, Account.is_operator.is_(True), Account.deleted_at.is_(None)
    )
    return tx.connection.execute(asked).first() is not None


def owners(tx: Tx, commons_id: int) -> list[Found]:  # type: ignore[type-arg]
    """The admins of a commons' organisation; of the hub's own also who operates it."""
    tx.flush()
    asked = (
        select(Account.id, Account.name, Membership.since)
        .join(Membership, Membership.person_id == Account.id)
        .where(
            Membership.organisation_id == organisation_id(tx, commons_id),
            Membership.role == Role.ADMIN.value,
            Account.deleted_at.is_(None),
        )
        .order_by(Membership.since, Account.id)
    )
    found = list(tx.connection.execute(asked))
    if found or commons_id != HUB:
        return found
    operators = (
        select(Account.id, Account.name, Account.created_at.label("since"))
        .where(Account.is_operator.is_(True), Account.deleted_at.is_(None))
        .order_by(Account.created_at, Account.id)
    )
    return list(tx.connection.execute(operators))
