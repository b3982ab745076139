"""What can be seen of proposals: all of it by everybody, except what a secret ballot says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from iriai.base.errors import Unknown
from iriai.base.tx import Tx
from iriai.commons.charter.rules import Action
from iriai.commons.counting import ballot_export
from iriai.commons.counting.ballot_export import Cast, Sheet
from iriai.commons.membership import queries as membership
from iriai.commons.proposals import rules, scope
from iriai.commons.proposals.rules import Kind, Option, Proposal, State, Voice
from iriai.commons.proposals.tables import (
    BallotRow,
    OptionRow,
    ProposalRow,
    SnapshotRow,
    TallyRow,
    UrnRow,
    VoiceRow,
)
from iriai.commons.queries import HUB_NAME
from iriai.commons.tables import Commons
from iriai.identity.tables import Account

PAGE_LENGTH = 50
DUE_MAX = 200
ENACTED_MAX = 500
SECOND, OBJECTION = "second", "objection"


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of a vote: the published ballots and their count."""

    sheet: dict[str, Any]
    count: dict[str, Any]
    counted_at: datetime


@dataclass(frozen=True, slots=True)
class Voter:
    """In whose name somebody may vote here, with how many votes; `voted`: they have already."""

    account_id: int
    name: str
    votes: int
    voted: bool
    marks: tuple[int | None, ...] | None = None


def proposal(tx: Tx, commons_id: int, number: int) -> Proposal:
    """The proposal of this number."""
    return _one(tx, ProposalRow.commons_id == commons_id, ProposalRow.number == number)


def by_id(tx: Tx, proposal_id: int) -> Proposal:
    """The proposal with this id."""
    return _one(tx, ProposalRow.id == proposal_id)


def open_(tx: Tx, commons_id: int) -> Sequence[Proposal]:
    """What runs now: what happens next comes first."""
    asked = (
        select(ProposalRow)
        .where(ProposalRow.commons_id == commons_id, ProposalRow.state.in_(rules.RUNNING))
        .order_by(ProposalRow.due_at, ProposalRow.id)
        .limit(scope.RUNNING_OF_MAX * 20)
    )
    return _many(tx, tx.session.scalars(asked).all())


def undecided(tx: Tx, commons_id: int) -> Sequence[Proposal]:
    """What runs now, and what is decided and not done yet."""
    asked = select(ProposalRow.id).where(
        ProposalRow.commons_id == commons_id, ProposalRow.state == State.PASSED
    )
    return [*open_(tx, commons_id), *(by_id(tx, each) for each in tx.session.scalars(asked).all())]


def closed(tx: Tx, commons_id: int, *, before: int | None = None) -> Sequence[Proposal]:
    """What is over, the newest first, a page from the one before number `before`."""
    asked = select(ProposalRow).where(
        ProposalRow.commons_id == commons_id, ProposalRow.state.not_in(rules.RUNNING)
    )
    if before is not None:
        asked = asked.where(ProposalRow.number < before)
    asked = asked.order_by(ProposalRow.number.desc()).limit(PAGE_LENGTH)
    return _many(tx, tx.session.scalars(asked).all())


def of_discussion(tx: Tx, repo_id: int, number: int) -> Sequence[Proposal]:
    """What was proposed out of a discussion or pull request, the newest first."""
    asked = (
        select(ProposalRow)
        .where(ProposalRow.repo_id == repo_id, ProposalRow.discussion == number)
        .order_by(ProposalRow.id.desc())
        .limit(PAGE_LENGTH)
    )
    return _many(tx, tx.session.scalars(asked).all())


def due(tx: Tx, now: datetime) -> list[int]:
    """The ids of running proposals whose next step is due, the longest waiting first."""
    asked = (
        select(ProposalRow.id)
        .where(ProposalRow.due_at <= now, ProposalRow.state.in_(rules.RUNNING))
        .order_by(ProposalRow.due_at, ProposalRow.id)
        .limit(DUE_MAX)
    )
    return [int(each) for each in tx.connection.execute(asked).scalars()]


def passed(tx: Tx) -> list[int]:
    """The ids of proposals that have passed and are not enacted yet."""
    asked = select(ProposalRow.id).where(ProposalRow.state == State.PASSED)
    asked = asked.order_by(ProposalRow.closed_at, ProposalRow.id).limit(DUE_MAX)
    return [int(each) for each in tx.connection.execute(asked).scalars()]


def enacted(tx: Tx, commons_id: int, action: Action) -> Sequence[Proposal]:
    """What was decided and done of one action, the newest first."""
    asked = select(ProposalRow).where(
        ProposalRow.commons_id == commons_id,
        ProposalRow.action == action,
        ProposalRow.state == State.ENACTED,
    )
    asked = asked.order_by(ProposalRow.id.desc()).limit(ENACTED_MAX)
    return _many(tx, tx.session.scalars(asked).all())


def count_open(tx: Tx, commons_id: int, account_id: int | None = None) -> int:
    """How many proposals run, of everybody, or of one person or institution."""
    asked = select(func.count()).where(
        ProposalRow.commons_id == commons_id, ProposalRow.state.in_(rules.RUNNING)
    )
    if account_id is not None:
        own = or_(ProposalRow.proposer_id == account_id, ProposalRow.institution_id == account_id)
        asked = asked.where(own)
    return int(tx.connection.execute(asked).scalar_one())


def electors(tx: Tx, proposal_id: int) -> dict[int, int]:
    """Who may vote and with how many votes, as it was when the vote opened."""
    row = tx.session.get(SnapshotRow, proposal_id)
    return {} if row is None else {each["id"]: each["votes"] for each in row.electors}


def voters(tx: Tx, found: Proposal, account_id: int | None) -> list[Voter]:
    """In whose names somebody may vote: their own, and institutions for which they speak."""
    if account_id is None:
        return []
    snapshot = electors(tx, found.id)
    mine = {account_id: None} | {
        each.account_id: None
        for each in membership.voices(tx, found.commons_id, account_id)
        if each.account_id in snapshot
    }
    allowed = [each for each in mine if each in snapshot]
    if (
        account_id in allowed
        and not membership.standing(tx, found.commons_id, account_id).is_member
    ):
        allowed.remove(account_id)
    names = _names(tx, allowed)
    cast = _marks(tx, found.id, allowed) if not found.is_secret else {}
    urn = tx.session.get(UrnRow, found.id) if found.is_secret else None
    roll = set(cast) if urn is None else set(urn.roll)
    return [
        Voter(each, names[each], snapshot[each], each in roll, cast.get(each)) for each in allowed
    ]


def turnout(tx: Tx, found: Proposal) -> int:
    """How many have voted so far."""
    if found.is_secret:
        urn = tx.session.get(UrnRow, found.id)
        return 0 if urn is None else len(urn.roll)
    asked = select(func.count()).where(BallotRow.proposal_id == found.id)
    return int(tx.connection.execute(asked).scalar_one())


def tally(tx: Tx, found: Proposal) -> Tally:
    """What came of the vote, once it was counted."""
    row = tx.session.get(TallyRow, found.id)
    if row is None:
        raise Unknown("This vote has not been counted yet.", code="TallyNotFound")
    return Tally(row.sheet, row.count, row.counted_at)


def sheet(tx: Tx, found: Proposal) -> Sheet:
    """All that the count needs: options, electors and ballots, open or anonymous, sorted."""
    default = next((each for each in found.options if each.kind is Kind.KEEP), None)
    return Sheet(
        method=found.method,
        options=tuple(
            ballot_export.Option(
                text=each.words,
                ratio=each.ratio,
                default=each is default,
                key=each.key,
                cost=each.cost,
            )
            for each in found.options
        ),
        electors=sum(electors(tx, found.id).values()),
        factor=Fraction(str(found.terms.quorum_factor)),
        ballots=tuple(_secret(tx, found) if found.is_secret else _open(tx, found)),
        seats=found.seats,
        budget=found.budget,
        about={
            "commons": found.commons,
            "proposal": found.number,
            "title": found.title,
            "rule": found.rule,
            "charter": found.charter,
        },
    )


def roll(tx: Tx, found: Proposal) -> list[str]:
    """The names of those who have voted in a secret vote, sorted; nothing else is known of them."""
    urn = tx.session.get(UrnRow, found.id)
    return [] if urn is None else sorted(_names(tx, urn.roll).values(), key=str.lower)


def locked(tx: Tx, proposal_id: int) -> ProposalRow:
    """The row itself, for nobody else to change until this transaction ends."""
    asked = select(ProposalRow).where(ProposalRow.id == proposal_id).with_for_update()
    row = tx.session.scalars(asked.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise _unknown()
    return row


def commons_name(tx: Tx, commons_id: int) -> str:
    """The name that a commons goes by."""
    return _commons_names(tx, {commons_id})[commons_id]


def _open(tx: Tx, found: Proposal) -> Iterable[Cast]:
    votes = electors(tx, found.id)
    asked = (
        select(BallotRow.voter_id, BallotRow.marks, Account.name)
        .join(Account, Account.id == BallotRow.voter_id)
        .where(BallotRow.proposal_id == found.id)
        .order_by(Account.name_key)
    )
    tx.flush()
    for voter_id, marks, name in tx.connection.execute(asked):
        yield Cast(marks=tuple(marks), votes=votes.get(voter_id, 1), voter=name)


def _secret(tx: Tx, found: Proposal) -> Iterable[Cast]:
    tx.flush()
    urn = tx.session.get(UrnRow, found.id, populate_existing=True)
    for key, ballot in sorted({} if urn is None else urn.ballots.items()):
        yield Cast(marks=tuple(ballot["marks"]), votes=ballot["votes"], receipt=key)


def _marks(tx: Tx, proposal_id: int, voter_ids: Iterable[int]) -> dict[int, tuple[int | None, ...]]:
    asked = select(BallotRow.voter_id, BallotRow.marks).where(
        BallotRow.proposal_id == proposal_id, BallotRow.voter_id.in_(list(voter_ids))
    )
    tx.flush()
    return {row.voter_id: tuple(row.marks) for row in tx.connection.execute(asked)}


def _one(tx: Tx, *where: ColumnElement[bool]) -> Proposal:
    tx.flush()
    row = tx.session.scalars(
        select(ProposalRow).where(*where).execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise _unknown()
    return _many(tx, [row])[0]


def _unknown() -> Unknown:
    return Unknown("There is no such proposal.", code="ProposalNotFound")


def _many(tx: Tx, rows: Sequence[ProposalRow]) -> list[Proposal]:
    """Rows as everybody may see them, with their options and voices: four statements for all."""
    ids = [row.id for row in rows]
    if not ids:
        return []
    options = tx.session.scalars(
        select(OptionRow)
        .where(OptionRow.proposal_id.in_(ids))
        .order_by(OptionRow.proposal_id, OptionRow.place)
    ).all()
    voices = tx.session.scalars(
        select(VoiceRow).where(VoiceRow.proposal_id.in_(ids)).order_by(VoiceRow.at, VoiceRow.id)
    ).all()
    people = {row.proposer_id for row in rows} | {each.author_id for each in options}
    people |= {each.account_id for each in voices} | {each.institution_id for each in voices}
    names = _names(tx, people | {row.institution_id for row in rows})
    commons = _commons_names(tx, {row.commons_id for row in rows})
    return [_proposal(row, commons[row.commons_id], options, voices, names) for row in rows]


def _names(tx: Tx, ids: Iterable[int | None]) -> dict[int | None, str]:
    wanted = {each for each in ids if each is not None}
    if not wanted:
        return {}
    asked = select(Account.id, Account.name).where(Account.id.in_(wanted))
    return {row.id: row.name for row in tx.connection.execute(asked)}


def _commons_names(tx: Tx, ids: Iterable[int]) -> dict[int, str]:
    asked = (
        select(Commons.id, func.coalesce(Account.name, HUB_NAME))
        .join_from(Commons, Account, Commons.account_id == Account.id, isouter=True)
        .where(Commons.id.in_(list(ids)))
    )
    return {row[0]: row[1] for row in tx.connection.execute(asked)}


def _proposal(
    row: ProposalRow,
    commons: str,
    options: Iterable[OptionRow],
    voices: Iterable[VoiceRow],
    names: dict[int | None, str],
) -> Proposal:
    mine = [each for each in voices if each.proposal_id == row.id]
    return Proposal(
        id=row.id,
        commons_id=row.commons_id,
        commons=commons,
        number=row.number,
        action=Action(row.action),
        title=row.title,
        text=row.text,
        state=State(row.state),
        state_at=row.state_at,
        rule=row.rule,
        charter=row.charter,
        terms=rules.procedure(row.terms),
        fallback=None if row.fallback is None else rules.procedure(row.fallback),
        seats=row.seats,
        budget=row.budget,
        proposer_id=row.proposer_id,
        proposer=names.get(row.proposer_id),
        institution_id=row.institution_id,
        institution=names.get(row.institution_id),
        seconds_needed=row.seconds_needed,
        repo_id=row.repo_id,
        discussion=row.discussion,
        proposed_at=row.proposed_at,
        due_at=row.due_at,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        enacted_at=row.enacted_at,
        options=tuple(_option(each, names) for each in options if each.proposal_id == row.id),
        seconds=tuple(_voice(each, names) for each in mine if each.kind == SECOND),
        objections=tuple(_voice(each, names) for each in mine if each.kind == OBJECTION),
        tied=tuple(row.tied or ()),
        chosen=row.chosen,
        failure=row.failure,
    )


def _option(row: OptionRow, names: dict[int | None, str]) -> Option:
    return Option(
        place=row.place,
        kind=Kind(row.kind),
        words=row.words,
        action=None if row.action is None else Action(row.action),
        payload=row.payload,
        ratio=row.ratio,
        key=row.key,
        cost=row.cost,
        author_id=row.author_id,
        author=names.get(row.author_id),
    )


def _voice(row: VoiceRow, names: dict[int | None, str]) -> Voice:
    return Voice(
        row.account_id,
        names.get(row.account_id, ""),
        row.at,
        row.reason,
        row.institution_id,
        names.get(row.institution_id),
    )
