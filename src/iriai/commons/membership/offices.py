"""How offices are filled and asked back: nominations, who stands, petitions. One's own word each.

The votes that these lead to are opened by `enactment.people`, which may.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from iriai.base.errors import Conflict, Excessive, Unknown
from iriai.base.tx import Tx
from iriai.commons import queries as commons
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Role
from iriai.commons.membership import electing, queries, rules, speaking
from iriai.commons.membership.actions import note_activity, own_word, taking_part
from iriai.commons.membership.electing import ElectionState, PetitionState
from iriai.commons.membership.rules import Elector, Kind
from iriai.commons.membership.tables import Election, Nomination, Petition, Seat, Signature
from iriai.identity import queries as people
from iriai.identity.rules import Actor
from iriai.identity.tables import Account

CLOCK = "system:clock"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody named for an office, and whether they have accepted."""

    account_id: int
    name: str
    nominated_by: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose name is under a petition, and the institutions with votes for which they speak."""

    name: str
    institutions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signed:
    """A petition: about which seat, and how many electors' names of how many needed."""

    id: int
    seat_id: int
    role: str
    holder: str
    opened_at: datetime
    closes_at: datetime
    state: PetitionState
    text: str
    signers: tuple[Signer, ...]
    count: int
    needed: int | None
    proposal: int | None

    @property
    def is_reached(self) -> bool:
        """Whether the ballot opens."""
        return self.needed is not None and self.count >= self.needed


def call_election(tx: Tx, actor: Actor, commons_id: int, *, role: str) -> Election:
    """Begin to fill an office: any member may, once a seat of it is or will soon be free."""
    mine = taking_part(tx, actor, commons_id)
    charter = charters.in_force(tx, commons_id)
    speaker = speaking.require(tx, commons_id, mine)
    require_office(charter.roles.get(role), role)
    made = begin(tx, actor.name, commons_id, role)
    if made is None:
        raise Conflict(f"No seat of the office {role} is free, or will be within four weeks.")
    note_activity(tx, commons_id, speaker.member_id)
    return made


def begin(tx: Tx, by: str, commons_id: int, role: str) -> Election | None:
    """Open nominations, unless none is needed; `Conflict` while one runs."""
    commons.lock(tx, commons_id)
    if open_election(tx, commons_id, role) is not None:
        raise Conflict(f"An election of the office {role} runs already.")
    charter = charters.in_force(tx, commons_id)
    count = electing.seats_to_fill(charter, role, queries.seats(tx, commons_id), tx.now)
    if count == 0:
        return None
    made = Election(
        commons_id=commons_id,
        role=role,
        seats=count,
        state=ElectionState.NOMINATIONS,
        opened_at=tx.now,
        nominations_until=tx.now + electing.NOMINATIONS,
    )
    tx.session.add(made)
    record(tx, by, "opened nominations for", made, seats=count)
    return made


def nominate(tx: Tx, actor: Actor, commons_id: int, *, role: str, name: str) -> Nomination:
    """Name a member for an office; oneself stands at once, others once they accept."""
    mine = taking_part(tx, actor, commons_id)
    charter = charters.in_force(tx, commons_id)
    speaker = speaking.require(tx, commons_id, mine)
    election = _nominating(tx, commons_id, role)
    account = people.person(tx, name)
    if not queries.standing(tx, commons_id, account.id).is_member:
        raise Conflict(f"{account.name} is not a member.")
    electing.require_may_serve(
        charter, role, queries.terms_served(tx, commons_id, role, account.id) + 1
    )
    if len(candidates(tx, election.id)) >= electing.CANDIDATES_MAX:
        raise Excessive(f"At most {electing.CANDIDATES_MAX} can be named for one election.")
    row = _nomination(tx, election.id, account.id)
    if row is not None and row.withdrawn_at is None:
        if account.id == mine and row.accepted_at is None:
            return accept(tx, actor, commons_id, role=role)
        raise Conflict(f"{account.name} has been named already.")
    if row is None:
        row = Nomination(commons_id=commons_id, election_id=election.id, candidate_id=account.id)
        tx.session.add(row)
    row.nominated_by_id, row.at, row.withdrawn_at = mine, tx.now, None
    row.accepted_at = tx.now if account.id == mine else None
    record(tx, actor.name, "nominated for", election, who=account.name)
    note_activity(tx, commons_id, speaker.member_id)
    return row


def accept(tx: Tx, actor: Actor, commons_id: int, *, role: str) -> Nomination:
    """Stand for the office that one was named for."""
    election = _nominating(tx, commons_id, role)
    row = _nomination(tx, election.id, own_word(actor))
    if row is None or row.withdrawn_at is not None:
        raise Unknown("Nobody has named you for this office.", code="NominationNotFound")
    row.accepted_at = tx.now
    record(tx, actor.name, "accepted to stand for", election)
    return row


def stand_down(tx: Tx, actor: Actor, commons_id: int, *, role: str) -> None:
    """Do not stand after all, or refuse a nomination."""
    election = _nominating(tx, commons_id, role)
    row = _nomination(tx, election.id, own_word(actor))
    if row is None or row.withdrawn_at is not None:
        raise Unknown("Nobody has named you for this office.", code="NominationNotFound")
    row.withdrawn_at, row.accepted_at = tx.now, None
    record(tx, actor.name, "stood down from", election)


def petition(tx: Tx, actor: Actor, commons_id: int, *, seat_id: int, text: str) -> Signed:
    """Ask for a seat back, with a reason; one's own name is the first under it."""
    mine = taking_part(tx, actor, commons_id)
    charter = charters.in_force(tx, commons_id)
    _require_voice(tx, commons_id, mine, charter.commons)
    commons.lock(tx, commons_id)
    held = next((each for each in queries.seats(tx, commons_id) if each.id == seat_id), None)
    if held is None:
        raise Unknown("There is no such seat.", code="SeatNotFound")
    if electing.signatures_needed(charter, held.role, 1) is None:
        raise Conflict(f"The charter has no recall for the office {held.role}.", code="CharterSays")
    reason = rules.clean_words(text, wanted="A petition needs a reason, for the others to read.")
    running = select(Petition.id).where(
        Petition.seat_id == seat_id, Petition.state != PetitionState.CLOSED
    )
    if tx.connection.execute(running).first() is not None:
        raise Conflict("A petition about this seat runs already; sign that.")
    made = Petition(
        commons_id=commons_id,
        seat_id=seat_id,
        opened_by_id=mine,
        state=PetitionState.OPEN,
        opened_at=tx.now,
        text=reason,
    )
    tx.session.add(made)
    tx.flush()
    _record_petition(tx, actor, "opened a petition on", made, private={"reason": reason})
    return sign(tx, actor, commons_id, petition_id=made.id)


def sign(tx: Tx, actor: Actor, commons_id: int, *, petition_id: int) -> Signed:
    """Put one's name under a petition. It is public, and stays."""
    mine = taking_part(tx, actor, commons_id)
    charter = charters.in_force(tx, commons_id)
    _require_voice(tx, commons_id, mine, charter.commons)
    commons.lock(tx, commons_id)
    row = tx.session.get(Petition, petition_id)
    if row is None or row.commons_id != commons_id:
        raise Unknown("There is no such petition.", code="PetitionNotFound")
    if row.state != PetitionState.OPEN or tx.now >= row.opened_at + electing.PETITION:
        raise Conflict("This petition gathers no names any more.")
    present = select(Signature.id).where(
        Signature.petition_id == petition_id, Signature.signer_id == mine
    )
    if tx.connection.execute(present).first() is not None:
        raise Conflict("Your name is under this petition already.")
    tx.session.add(
        Signature(commons_id=commons_id, petition_id=petition_id, signer_id=mine, at=tx.now)
    )
    _record_petition(tx, actor, "signed a petition on", row)
    for each in queries.voices(tx, commons_id, mine):
        note_activity(tx, commons_id, each.account_id)
    return signed(tx, row)


def open_election(tx: Tx, commons_id: int, role: str) -> Election | None:
    """The election of an office that runs now."""
    tx.flush()
    asked = select(Election).where(
        Election.commons_id == commons_id,
        Election.role == role,
        Election.state != ElectionState.CLOSED,
    )
    return tx.session.scalar(asked)


def candidates(tx: Tx, election_id: int) -> list[Candidate]:
    """Who was named and did not stand down, in the order of their naming."""
    tx.flush()
    asked = (
        select(Nomination)
        .where(Nomination.election_id == election_id, Nomination.withdrawn_at.is_(None))
        .order_by(Nomination.at, Nomination.id)
    )
    found = list(tx.session.scalars(asked))
    names = people.accounts_by_id(
        tx, [each.candidate_id for each in found] + [each.nominated_by_id for each in found]
    )
    return [
        Candidate(
            each.candidate_id,
            names[each.candidate_id].name,
            names[each.nominated_by_id].name,
            each.accepted_at is not None,
        )
        for each in found
    ]


def petitions(tx: Tx, commons_id: int) -> list[Signed]:
    """The petitions that are not over."""
    tx.flush()
    asked = select(Petition).where(
        Petition.commons_id == commons_id, Petition.state != PetitionState.CLOSED
    )
    return [signed(tx, each) for each in tx.session.scalars(asked.order_by(Petition.id))]


def signed(tx: Tx, row: Petition) -> Signed:
    """A petition with the names under it; it counts how many votes stand behind it now."""
    tx.flush()
    asked = (
        select(Signature.signer_id, Account.name)
        .join(Account, Account.id == Signature.signer_id)
        .where(Signature.petition_id == row.id)
        .order_by(Signature.id)
    )
    electors = len(queries.electors(tx, row.commons_id))
    signers, behind = [], set[int]()
    for found in tx.connection.execute(asked).all():
        voices = queries.voices(tx, row.commons_id, found.signer_id)
        signers.append(Signer(found.name, _institutions(voices)))
        behind |= {each.account_id for each in voices}
    seat = tx.session.get_one(Seat, row.seat_id)
    charter = charters.in_force(tx, row.commons_id)
    return Signed(
        id=row.id,
        seat_id=row.seat_id,
        role=seat.role,
        holder=tx.session.get_one(Account, seat.holder_id).name,
        opened_at=row.opened_at,
        closes_at=row.opened_at + electing.PETITION,
        state=PetitionState(row.state),
        text=row.text,
        signers=tuple(signers),
        count=len(behind),
        needed=electing.signatures_needed(charter, seat.role, electors),
        proposal=row.proposal,
    )


def require_office(office: Role | None, role: str) -> None:
    """An office of the charter that is elected."""
    if office is None:
        raise Unknown(f"The charter knows no office called {role}.", code="RoleUnknown")
    if office.elected_by is None:
        raise Conflict(f"The office {role} is not elected, but granted.", code="CharterSays")


def record(tx: Tx, by: str, verb: str, row: Election, **facts: Any) -> None:
    """Say what happened in an election."""
    tx.flush()
    subject = f"election/{charters.name_of(tx, row.commons_id)}/{row.role}"
    tx.record(row.commons_id, by, verb, subject, **facts)


def _record_petition(
    tx: Tx, actor: Actor, verb: str, row: Petition, *, private: dict[str, Any] | None = None
) -> None:
    tx.flush()
    seat = tx.session.get_one(Seat, row.seat_id)
    holder = tx.session.get_one(Account, seat.holder_id).name
    subject = f"seat/{charters.name_of(tx, row.commons_id)}/{seat.id}"
    spoken = _institutions(queries.voices(tx, row.commons_id, own_word(actor)))
    facts: dict[str, Any] = {"institutions": list(spoken)} if spoken else {}
    tx.record(
        row.commons_id,
        actor.name,
        verb,
        subject,
        role=seat.role,
        holder=holder,
        rule=f"roles.{seat.role}.recall",
        private=private,
        **facts,
    )


def _institutions(voices: Iterable[Elector]) -> tuple[str, ...]:
    return tuple(sorted(each.name for each in voices if each.kind is Kind.INSTITUTION))


def _require_voice(tx: Tx, commons_id: int, account_id: int, commons: str) -> None:
    """Only who has a vote, or casts an institution's, can ask for a seat back."""
    if not queries.voices(tx, commons_id, account_id):
        rules.require_elector(queries.standing(tx, commons_id, account_id), commons)


def _nominating(tx: Tx, commons_id: int, role: str) -> Election:
    commons.lock(tx, commons_id)
    found = open_election(tx, commons_id, role)
    if (
        found is None
        or found.state != ElectionState.NOMINATIONS
        or (tx.now >= found.nominations_until)
    ):
        raise Conflict(f"Nobody can be named for the office {role} now.")
    return found


def _nomination(tx: Tx, election_id: int, account_id: int) -> Nomination | None:
    tx.flush()
    asked = select(Nomination).where(
        Nomination.election_id == election_id, Nomination.candidate_id == account_id
    )
    return tx.session.scalar(asked)
