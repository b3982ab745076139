"""Members and offices of a commons for machines: what its pages show, and the same verbs."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.api.bodies import Body, text_field
from iriai.api.shapes import moment
from iriai.base.errors import Invalid
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.commons import queries
from iriai.commons.enactment import people
from iriai.commons.membership import actions, offices
from iriai.commons.membership.overview import Applicant, Office, Overview, Person, office, overview
from iriai.commons.membership.rules import Seat, Standing
from iriai.identity.rules import Actor

ID_MAX = 1 << 53

Deed = Callable[[Tx, Actor, int, Body], object]


@door.reading
def members(request: Request, tx: Tx) -> Response:
    """Who belongs, applies and rests, the offices, and where the asker stands."""
    commons = queries.commons(tx, address.decoded(request.path_params["commons"]))
    return door.json_answer(shape(overview(tx, commons.id, door.actor_of(request).id)))


@door.reading
def seats(request: Request, tx: Tx) -> Response:
    """One office: who holds it until when, and its election."""
    commons = queries.commons(tx, address.decoded(request.path_params["commons"]))
    role = address.decoded(request.path_params["role"])
    found = office(tx, commons.id, role)
    petitions = [each for each in offices.petitions(tx, commons.id) if each.role == role]
    return door.json_answer(
        office_shape(found)
        | {
            "petitions": [
                {
                    "id": each.id,
                    "seat": each.seat_id,
                    "holder": each.holder,
                    "reason": each.text,
                    "signers": [one.name for one in each.signers],
                    "institutions": sorted({x for one in each.signers for x in one.institutions}),
                    "count": each.count,
                    "needed": each.needed,
                    "closesAt": moment(each.closes_at),
                    "proposal": each.proposal,
                }
                for each in petitions
            ]
        }
    )


@door.with_json
def act(request: Request, body: Body) -> Response:
    """Apply, vouch, rest, return or leave; the members as they are then."""
    deed = MEMBER_DEEDS.get(request.path_params["verb"])
    if deed is None:
        raise Invalid(f"One of {', '.join(MEMBER_DEEDS)} can be done here.")
    actor = door.actor_of(request)
    with door.ground_of(request).write() as tx:
        commons = queries.commons(tx, address.decoded(request.path_params["commons"]))
        deed(tx, actor, commons.id, body)
        answer = shape(overview(tx, commons.id, actor.id))
    return door.json_answer(answer)


@door.with_json
def act_on_seats(request: Request, body: Body) -> Response:
    """Call an election, nominate, accept, stand down, resign, petition or sign."""
    deed = SEAT_DEEDS.get(request.path_params["verb"])
    if deed is None:
        raise Invalid(f"One of {', '.join(SEAT_DEEDS)} can be done here.")
    role = address.decoded(request.path_params["role"])
    with door.ground_of(request).write() as tx:
        commons = queries.commons(tx, address.decoded(request.path_params["commons"]))
        deed(tx, door.actor_of(request), commons.id, {**body, "role": role})
        answer = office_shape(office(tx, commons.id, role))
    return door.json_answer(answer)


def shape(found: Overview) -> dict[str, Any]:
    """The members of a commons."""
    return {
        "commons": found.charter.commons,
        "me": _standing(found.me),
        "electors": found.electors,
        "members": [_person(each) for each in found.members],
        "resting": [_person(each) for each in found.resting],
        "applicants": [_applicant(each) for each in found.applicants],
        "offices": [office_shape(each) for each in found.offices],
    }


def office_shape(found: Office) -> dict[str, Any]:
    """One office."""
    election = found.election
    return {
        "role": found.role,
        "seats": found.seats,
        "termDays": found.term_days,
        "maxTerms": found.max_terms,
        "elected": found.is_elected,
        "held": [_seat(each) for each in found.held],
        "toCome": [_seat(each) for each in found.to_come],
        "caretakers": [_seat(each) for each in found.caring],
        "election": None
        if election is None
        else {
            "seats": election.seats,
            "round": election.round,
            "nominationsUntil": moment(election.nominations_until),
            "candidates": [
                {"name": each.name, "nominatedBy": each.nominated_by, "accepted": each.accepted}
                for each in election.candidates
            ],
            "proposal": election.proposal,
        },
    }


def _standing(me: Standing) -> dict[str, Any]:
    return {
        "state": me.state,
        "member": me.is_member,
        "elector": me.is_elector,
        "electorFrom": moment(me.elector_from) if me.elector_from else None,
        "votes": me.votes,
        "caretaker": me.caretaker,
        "seats": [_seat(each) for each in me.seats],
    }


def _person(each: Person) -> dict[str, Any]:
    return {
        "name": each.name,
        "kind": each.kind,
        "state": each.state,
        "since": moment(each.since) if each.since else None,
        "elector": each.is_elector,
        "electorFrom": moment(each.elector_from) if each.elector_from else None,
        "institution": each.institution,
    }


def _applicant(each: Applicant) -> dict[str, Any]:
    return {
        "name": each.name,
        "kind": each.kind,
        "appliedAt": moment(each.applied_at) if each.applied_at else None,
        "text": each.text,
        "sponsors": each.needs.sponsors,
        "sponsorsNeeded": each.needs.sponsors_needed,
        "contributions": each.needs.contributions,
        "contributionsNeeded": each.needs.contributions_needed,
        "decision": each.decision,
    }


def _seat(each: Seat) -> dict[str, Any]:
    return {
        "id": each.id,
        "role": each.role,
        "holder": each.holder,
        "startsAt": moment(each.starts_at),
        "endsAt": moment(each.ends_at),
        "caretakerUntil": moment(each.caretaker_until) if each.caretaker_until else None,
        "term": each.term,
        "repository": each.repo_id,
    }


def _id(body: Body, name: str) -> int:
    found = body.get(name)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 < found < ID_MAX:
        raise Invalid(f'"{name}" is a number.')
    return found


MEMBER_DEEDS: dict[str, Deed] = {
    "apply": lambda tx, actor, commons, body: people.apply(
        tx,
        actor,
        commons,
        text=text_field(body, "text", default=""),
        institution=text_field(body, "institution", default=""),
    ),
    "withdraw": lambda tx, actor, commons, _body: actions.withdraw(tx, actor, commons),
    "sponsor": lambda tx, actor, commons, body: people.sponsor(
        tx, actor, commons, name=text_field(body, "name")
    ),
    "belong": lambda tx, actor, commons, body: actions.belong_to(
        tx, actor, commons, institution=text_field(body, "institution", default="")
    ),
    "rest": lambda tx, actor, commons, body: people.rest(
        tx, actor, commons, institution=text_field(body, "institution", default="")
    ),
    "return": lambda tx, actor, commons, body: people.return_(
        tx, actor, commons, institution=text_field(body, "institution", default="")
    ),
    "leave": lambda tx, actor, commons, body: people.leave(
        tx, actor, commons, institution=text_field(body, "institution", default="")
    ),
}

SEAT_DEEDS: dict[str, Deed] = {
    "call": lambda tx, actor, commons, body: offices.call_election(
        tx, actor, commons, role=body["role"]
    ),
    "nominate": lambda tx, actor, commons, body: offices.nominate(
        tx, actor, commons, role=body["role"], name=text_field(body, "name")
    ),
    "accept": lambda tx, actor, commons, body: offices.accept(
        tx, actor, commons, role=body["role"]
    ),
    "stand-down": lambda tx, actor, commons, body: offices.stand_down(
        tx, actor, commons, role=body["role"]
    ),
    "resign": lambda tx, actor, commons, body: people.resign(
        tx, actor, commons, seat_id=_id(body, "seat")
    ),
    "petition": lambda tx, actor, commons, body: people.petition(
        tx, actor, commons, seat_id=_id(body, "seat"), text=text_field(body, "reason")
    ),
    "sign": lambda tx, actor, commons, body: people.sign(
        tx, actor, commons, petition_id=_id(body, "petition")
    ),
}


def _routes() -> list[DeclaredRoute]:
    read, anyone, somebody = ["GET", "HEAD"], Access.ANYONE, Access.SIGNED_IN
    where, one = "/api/commons/{commons}/members", "/api/commons/{commons}/seats/{role}"
    return [
        route(where, members, methods=read, access=anyone),
        route(f"{where}/{{verb}}", act, methods=["POST"], access=somebody),
        route(one, seats, methods=read, access=anyone),
        route(f"{one}/{{verb}}", act_on_seats, methods=["POST"], access=somebody),
    ]


ROUTES = _routes()
