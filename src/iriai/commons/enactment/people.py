"""What a commons decides about people: who is admitted, suspended or expelled, who holds an office.

And what follows by itself: an applicant with enough sponsors is put to the members, a petition with
enough names opens its ballot. `people_clock` does what the time brings.
"""

from datetime import timedelta
from typing import Any

from iriai.base.errors import Conflict, Denied, Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.tx import Tx
from iriai.commons import queries as commons
from iriai.commons.charter import powers as charter_powers
from iriai.commons.charter import presets
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import DAYS_MAX, Action, Path, Preset
from iriai.commons.enactment import alone, custody, resources, succession
from iriai.commons.enactment.custody import CUSTODY
from iriai.commons.enactment.registry import Choices, Decision, Payload, enacts
from iriai.commons.membership import actions, electing, offices, powers, queries, rules
from iriai.commons.membership.electing import ElectionState, PetitionState
from iriai.commons.membership.offices import CLOCK, Signed
from iriai.commons.membership.rules import Ended, State
from iriai.commons.membership.tables import Election, Member, Petition, Seat
from iriai.commons.proposals import actions as proposals
from iriai.commons.proposals.actions import Choice, Motion
from iriai.identity import powers as identity
from iriai.identity import queries as people
from iriai.identity.rules import Actor, Role
from iriai.identity.tables import Account, Membership

# -- what is decided ---------------------------------------------------------------------------


def _clean_admit(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    account = people.account(tx, str(payload.get("name", "")))
    charter = charters.in_force(tx, commons_id)
    if charter.is_collective:
        row = queries.member(tx, commons_id, account.id)
        if row is None or row.state is not State.APPLICANT:
            raise Invalid(f"{account.name} has not applied; nobody is admitted unasked.")
        needed = queries.requirement(tx, commons_id, account.id)
        if not needed.is_met:
            raise Invalid(f"{account.name} still needs {needed.words}.", code="CharterSays")
    elif account.is_organisation:
        raise Invalid("An institution is a member under a charter of members only.")
    elif queries.standing(tx, commons_id, account.id).is_member:
        raise Invalid(f"{account.name} belongs to {charter.commons} already.")
    return {"name": account.name}


@enacts(
    Action.MEMBER_ADMIT,
    clean=_clean_admit,
    words=lambda payload: f"Admit {payload['name']} as a member.",
    inside=succession.inside,
)
def admit(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Make an applicant a member. While owners decide: give a role; the second one ends `solo`."""
    account = people.account(tx, payload["name"])
    commons_id = decision.commons_id
    charter = charters.in_force(tx, commons_id)
    if charter.is_collective:
        row = queries.member(tx, commons_id, account.id)
        if row is None or row.state is not State.APPLICANT:
            raise Conflict(f"{account.name} does not apply any more.")
        powers.admit(tx, decision.actor_name, commons_id, account.id, cited=decision.cited)
        return
    organisation = queries.organisation_id(tx, commons_id)
    if organisation is None or tx.session.get(Membership, (account.id, organisation)) is not None:
        raise Conflict(f"{account.name} belongs to {charter.commons} already.")
    if alone.end(tx, commons_id):
        powers.admit(tx, decision.actor_name, commons_id, account.id, cited=decision.cited)
        return
    if charter.preset is Preset.SOLO:
        for each in queries.owners(tx, commons_id):
            identity.set_role_until(tx, each.id, organisation, Role.ADMIN)
        text = presets.text(Preset.OWNERS, charter.commons)
        charter_powers.adopt(tx, commons_id, text, decision=decision.reference)
    identity.set_role_until(tx, account.id, organisation, Role.CONTRIBUTOR)
    subject = f"member/{charter.commons}/{account.name}"
    tx.record(commons_id, decision.actor_name, "admitted", subject, **decision.cited)


def _clean_suspend(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    charter = charters.in_force(tx, commons_id)
    terms = charter.procedure(Action.MEMBER_SUSPEND)
    if charter.is_collective and terms is not None and terms.path is Path.AT_ONCE:
        raise Denied(
            "Stewards suspend in a case, with its facts, its answer and its appeal: report it. "
            "Without one nobody is suspended at a word.",
            code="CharterSays",
        )
    name = _member_named(tx, commons_id, payload)
    days = payload.get("days")
    if isinstance(days, str):
        days = whole(days)
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= DAYS_MAX:
        raise Invalid('A suspension lasts some days: "days" is a number from 1.')
    return {"name": name, "days": days}


@enacts(
    Action.MEMBER_SUSPEND,
    clean=_clean_suspend,
    words=lambda payload: f"Suspend {payload['name']} for {payload['days']} days.",
)
def suspend(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Suspend a member; it ends by itself."""
    account = people.account(tx, payload["name"])
    until = tx.now + timedelta(days=payload["days"])
    appeal = f"{tx.ground.settings.url}/commons/{decision.commons}/proposals/{decision.number}"
    powers.suspend(
        tx,
        decision.actor_name,
        decision.commons_id,
        account.id,
        until,
        appeal_at=appeal,
        cited=decision.cited,
    )


@enacts(
    Action.MEMBER_EXPEL,
    clean=lambda tx, commons_id, payload: {"name": _member_named(tx, commons_id, payload)},
    words=lambda payload: f"Expel {payload['name']}.",
)
def expel(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Expel a member."""
    account = people.account(tx, payload["name"])
    powers.expel(tx, decision.actor_name, decision.commons_id, account.id, cited=decision.cited)


def _clean_grant(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    if payload.get(CUSTODY):
        return {CUSTODY: custody.ward(tx, commons_id, str(payload[CUSTODY]))}
    role = str(payload.get("role", ""))
    office = charters.in_force(tx, commons_id).roles.get(role)
    if office is None:
        raise Invalid(f"The charter knows no office called {role[:40]!r}.", code="RoleUnknown")
    if office.elected_by is not None:
        raise Invalid(f"The office {role} is elected, not granted.", code="CharterSays")
    cleaned: dict[str, Any] = {"role": role, "name": _member_named(tx, commons_id, payload)}
    if office.scope == "resource":
        repo = _repository(tx, commons_id, str(payload.get("repository", "")))
        cleaned |= repo
    return cleaned


def _grant_words(payload: Payload) -> str:
    if CUSTODY in payload:
        return (
            f"Take {payload[CUSTODY]} into custody, which nobody can decide for any more: our "
            "stewards become its members and its stewards."
        )
    where = f" of {payload['repository']}" if "repository" in payload else ""
    return f"Make {payload['name']} {payload['role']}{where}."


@enacts(Action.SEAT_GRANT, clean=_clean_grant, words=_grant_words, inside=custody.inside)
def grant(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Give a member an office that is granted; or take a commons into custody."""
    if CUSTODY in payload:
        custody.take(tx, decision, payload[CUSTODY])
        return
    account = people.account(tx, payload["name"])
    powers.seat(
        tx,
        decision.actor_name,
        decision.commons_id,
        payload["role"],
        account.id,
        repo_id=payload.get("repo_id"),
        cited=decision.cited,
    )


def _clean_fill(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    del tx, commons_id, payload
    raise Invalid("An office is filled by an election; call one on the page of its seats.")


def _candidates(payload: Payload) -> Choices:
    names = payload["candidates"]
    return Choices(tuple(Choice(words=name, key=name) for name in names), seats=payload["seats"])


@enacts(
    Action.SEAT_FILL,
    clean=_clean_fill,
    words=lambda payload: f"Elect {payload['role']}: {', '.join(payload['candidates'])}.",
    choices=_candidates,
)
def fill(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Seat who was elected. Who is no member any more is passed over."""
    seat_elected(
        tx, decision.actor_name, payload["election"], decision.selected, cited=decision.cited
    )


def seat_elected(
    tx: Tx, by: str, election_id: int, names: tuple[str, ...], *, cited: powers.Cited
) -> None:
    """Seat these people, in their order, and close the election."""
    election = tx.session.get_one(Election, election_id)
    commons.lock(tx, election.commons_id)
    tx.session.refresh(election)
    if election.state == ElectionState.CLOSED:
        raise Conflict("This election is over already.")
    seated = []
    for name in names:
        account = people.person(tx, name)
        if queries.standing(tx, election.commons_id, account.id).is_member:
            powers.seat(tx, by, election.commons_id, election.role, account.id, cited=cited)
            seated.append(account.name)
    if not seated:
        raise Conflict("Nobody who was elected is a member any more.")
    election.state, election.outcome, election.closed_at = ElectionState.CLOSED, "filled", tx.now
    offices.record(tx, by, "filled", election, elected=seated, **cited)


def _clean_recall(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    wanted = whole(str(payload.get("seat", ""))) or 0
    for each in queries.seats(tx, commons_id):
        if each.id == wanted:
            office = charters.in_force(tx, commons_id).roles.get(each.role)
            if office is not None and office.recall is not None:
                raise Invalid(
                    f"Asking the office {each.role} back begins with a petition: open one on the "
                    "page of its seats, and with enough names the ballot opens by itself.",
                    code="CharterSays",
                )
            return {"seat": each.id, "role": each.role, "holder": each.holder}
    raise Invalid("There is no such seat.", code="SeatNotFound")


@enacts(
    Action.SEAT_RECALL,
    clean=_clean_recall,
    words=lambda payload: f"Recall {payload['holder']} as {payload['role']}.",
)
def recall(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Take a seat back, at once; its election begins by itself."""
    row = tx.session.get(Seat, payload["seat"])
    if row is None or row.ended_at is not None:
        raise Conflict("This seat has been given back already.")
    powers.end_seat(tx, decision.actor_name, row.id, Ended.RECALLED, cited=decision.cited)


# -- what people do that powers must follow ----------------------------------------------------


def apply(
    tx: Tx, actor: Actor, commons_id: int, *, text: str = "", institution: str = ""
) -> Member:
    """Apply; who has contributed enough already is put to the members at once."""
    row = actions.apply(tx, actor, commons_id, text=text, institution=institution)
    _put_to_members(tx, commons_id, row)
    return row


def sponsor(tx: Tx, actor: Actor, commons_id: int, *, name: str) -> rules.Requirement:
    """Vouch for an applicant; with enough sponsors they are put to the members."""
    needed = actions.sponsor(tx, actor, commons_id, name=name)
    row = powers.kept(tx, commons_id, people.account(tx, name).id)
    if row is not None:
        _put_to_members(tx, commons_id, row)
    return needed


def leave(tx: Tx, actor: Actor, commons_id: int, *, institution: str = "") -> None:
    """Leave a commons, and every office in it, at once. Nobody needs to agree.

    `institution`: the one for which one speaks, and which leaves.
    """
    whose = actions.in_whose_name(tx, actor, institution)
    alone.require_may_leave(tx, commons_id, whose)
    powers.part(tx, actor.name, commons_id, whose)


def return_(tx: Tx, actor: Actor, commons_id: int, *, institution: str = "") -> None:
    """Come back from rest; where one member was left and decided alone, that ends with it."""
    actions.return_(tx, actor, commons_id, institution=institution)
    if not alone.end(tx, commons_id):
        powers.obey(tx, commons_id, actions.in_whose_name(tx, actor, institution))


def rest(tx: Tx, actor: Actor, commons_id: int, *, institution: str = "") -> None:
    """Rest as a member: without vote, office or place in any quorum, until one returns."""
    mine = actions.in_whose_name(tx, actor, institution)
    if queries.standing(tx, commons_id, mine).state is not State.MEMBER:
        raise Conflict("Only a member can rest.")
    powers.retire(tx, actor.name, commons_id, mine)


def resign(tx: Tx, actor: Actor, commons_id: int, *, seat_id: int) -> None:
    """Give one's own seat back before its end."""
    row = tx.session.get(Seat, seat_id)
    if row is None or row.commons_id != commons_id or row.ended_at is not None:
        raise Unknown("There is no such seat.", code="SeatNotFound")
    if row.holder_id != actions.own_word(actor):
        raise Denied("Only who holds a seat resigns from it; others can ask it back.")
    powers.end_seat(tx, actor.name, row.id, Ended.RESIGNED)


def petition(tx: Tx, actor: Actor, commons_id: int, *, seat_id: int, text: str) -> Signed:
    """Ask for a seat back; enough names open the ballot, and be it the first one."""
    made = offices.petition(tx, actor, commons_id, seat_id=seat_id, text=text)
    return _open_recall(tx, commons_id, made)


def sign(tx: Tx, actor: Actor, commons_id: int, *, petition_id: int) -> Signed:
    """Put one's name under a petition; the one that was missing opens the ballot."""
    found = offices.sign(tx, actor, commons_id, petition_id=petition_id)
    return _open_recall(tx, commons_id, found)


# -- what follows by itself --------------------------------------------------------------------


def _put_to_members(tx: Tx, commons_id: int, row: Member) -> None:
    """Let the members decide on an applicant who has what it takes, once."""
    if row.decision is not None or not queries.requirement(tx, commons_id, row.account_id).is_met:
        return
    name = tx.session.get_one(Account, row.account_id).name
    made = proposals.call(
        tx,
        commons_id,
        Motion(
            action=Action.MEMBER_ADMIT,
            payload={"name": name},
            words=f"Admit {name} as a member.",
            title=f"Admit {name}",
            text=row.text,
        ),
    )
    row.decision = f"{made.commons}/{made.number}"
    powers.record(tx, CLOCK, "put to the members", row, decision=row.decision)


def _open_recall(tx: Tx, commons_id: int, found: Signed) -> Signed:
    if not found.is_reached or found.proposal is not None:
        return found
    charter = charters.in_force(tx, commons_id)
    how = charter.roles[found.role].recall
    made = proposals.call(
        tx,
        commons_id,
        Motion(
            action=Action.SEAT_RECALL,
            payload={"seat": found.seat_id, "role": found.role, "holder": found.holder},
            words=f"Recall {found.holder} as {found.role}.",
            title=f"Recall {found.holder} as {found.role}",
            text=found.text,
            procedure=None if how is None else how.decision,
        ),
    )
    row = tx.session.get_one(Petition, found.id)
    row.state, row.proposal = PetitionState.BALLOT, made.number
    tx.flush()
    subject = f"seat/{charter.commons}/{found.seat_id}"
    tx.record(
        commons_id,
        CLOCK,
        "put to the vote",
        subject,
        role=found.role,
        holder=found.holder,
        rule=f"roles.{found.role}.recall",
        decision=f"{made.commons}/{made.number}",
    )
    return offices.signed(tx, row)


def _member_named(tx: Tx, commons_id: int, payload: Payload) -> str:
    account = people.account(tx, str(payload.get("name", "")))
    row = queries.member(tx, commons_id, account.id)
    states = (State.MEMBER, State.EMERITUS, State.SUSPENDED)
    if row is None or row.state not in states:
        raise Invalid(f"{account.name} is not a member.", code="MemberNotFound")
    return account.name


def _repository(tx: Tx, commons_id: int, address: str) -> dict[str, Any]:
    found = resources.named(tx, commons_id, {"repo": address})
    return {"repository": found["repo"], "repo_id": found["repo_id"]}


def names_elected(found: list[str], seed: str) -> tuple[str, ...]:
    """Who of those that are tied is first, by the lot."""
    return tuple(electing.lot(seed, found)[:1])
