"""Proposals for machines: what runs, what was decided, the ballots, and every verb of a member."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.api.bodies import Body, text_field
from iriai.api.shapes import moment
from iriai.base.errors import Invalid
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.commons import enactment, queries
from iriai.commons.proposals import actions, telling, voting
from iriai.commons.proposals import queries as proposals
from iriai.commons.proposals.rules import REASON_LENGTH_MAX, TEXT_LENGTH_MAX, Proposal, Voice
from iriai.commons.queries import Named

NUMBER_MAX = 1 << 31
WORD_LENGTH_MAX = 200


@door.reading
def every(request: Request, tx: Tx) -> Response:
    """What runs, and the newest of what is over."""
    named = _named(request, tx)
    return door.json_answer(
        {
            "running": [shape(each, tx) for each in proposals.open_(tx, named.id)],
            "over": [shape(each, tx) for each in proposals.closed(tx, named.id)],
        }
    )


@door.reading
def one(request: Request, tx: Tx) -> Response:
    """A proposal, whole, but for its ballots."""
    return door.json_answer(shape(_found(request, tx), tx))


@door.reading
def count(request: Request, tx: Tx) -> Response:
    """What came of the vote, with its whole working."""
    return door.json_answer(proposals.tally(tx, _found(request, tx)).count)


@door.reading
def ballots(request: Request, tx: Tx) -> Response:
    """The published ballots, as `iriai commons vote count` reads them."""
    return door.json_answer(proposals.tally(tx, _found(request, tx)).sheet)


@door.with_json
def propose(request: Request, body: Body) -> Response:
    """Propose a typed action with its payload."""
    with door.ground_of(request).write() as tx:
        named = _named(request, tx)
        made = enactment.propose(
            tx,
            door.actor_of(request),
            named.id,
            action=enactment.clean_action(text_field(body, "action", length_max=WORD_LENGTH_MAX)),
            payload=_payload(body),
            title=text_field(body, "title", default="", length_max=WORD_LENGTH_MAX),
            text=text_field(body, "text", default="", length_max=TEXT_LENGTH_MAX),
            voice=_voice(body),
        )
        return door.json_answer(shape(made, tx))


@door.with_json
def act(request: Request, body: Body) -> Response:
    """Second, object, add a rival, withdraw, vote, or give the casting vote."""
    verb = request.path_params["verb"]
    if verb == "vote":
        return _vote(request, body)
    with door.ground_of(request).write() as tx:
        named, found = _named(request, tx), _found(request, tx)
        actor, where = door.actor_of(request), (named.id, found.number)
        if verb == "second":
            made = actions.second(tx, actor, *where, voice=_voice(body))
        elif verb == "object":
            reason = text_field(body, "reason", default="", length_max=REASON_LENGTH_MAX)
            made = actions.object_(tx, actor, *where, reason=reason, voice=_voice(body))
        elif verb == "withdraw":
            made = actions.withdraw(tx, actor, *where, voice=_voice(body))
        elif verb == "rival":
            action = enactment.clean_action(text_field(body, "action", length_max=WORD_LENGTH_MAX))
            made = enactment.rival(
                tx, actor, *where, action=action, payload=_payload(body), voice=_voice(body)
            )
        elif verb == "cast":
            place = body.get("option")
            made = actions.break_tie(
                tx, actor, *where, place=place if isinstance(place, int) else -1
            )
        else:
            raise Invalid("One can second, object, rival, withdraw, vote or cast.")
        return door.json_answer(shape(made, tx))


def _vote(request: Request, body: Body) -> Response:
    ground = door.ground_of(request)
    with ground.read() as tx:
        where = _named(request, tx).id, _found(request, tx).number
    receipt = voting.cast(
        ground,
        door.actor_of(request),
        *where,
        marks=_marks(body),
        voice=_voice(body),
        code=text_field(body, "code", default="", length_max=WORD_LENGTH_MAX) or None,
    )
    return door.json_answer(
        {"voter": receipt.voter, "code": receipt.code, "receipt": receipt.receipt}
    )


def shape(found: Proposal, tx: Tx) -> dict[str, Any]:
    """A proposal as JSON."""
    return {
        "number": found.number,
        "title": found.title,
        "text": found.text,
        "action": found.action,
        "state": found.state,
        "rule": found.rule,
        "charter": found.charter,
        "isSecret": found.is_secret,
        "proposer": found.proposer,
        "institution": found.institution,
        "proposedAt": moment(found.proposed_at),
        "dueAt": None if found.due_at is None else moment(found.due_at),
        "openedAt": None if found.opened_at is None else moment(found.opened_at),
        "closedAt": None if found.closed_at is None else moment(found.closed_at),
        "enactedAt": None if found.enacted_at is None else moment(found.enacted_at),
        "nextStep": telling.next_step(found, tx.now),
        "secondsNeeded": found.seconds_needed,
        "seconds": [each.name for each in found.seconds],
        "secondedBy": [_spoken(each) for each in found.seconds],
        "objections": [_spoken(each) | {"reason": each.reason} for each in found.objections],
        "options": [
            {
                "text": each.words,
                "kind": each.kind,
                "action": each.action,
                "payload": each.payload,
                "ratio": each.ratio,
            }
            for each in found.options
        ],
        "chosen": found.chosen,
        "failure": found.failure,
    }


def _spoken(voice: Voice) -> dict[str, Any]:
    return {"name": voice.name, "at": moment(voice.at), "institution": voice.institution}


def _voice(body: Body) -> int | str | None:
    """In whose name: an institution's, by its number or its name."""
    voice = body.get("voice")
    if voice is None or (isinstance(voice, int | str) and not isinstance(voice, bool)):
        return voice
    raise Invalid('"voice" is the name of an institution, or its number.')


def _payload(body: Body) -> Mapping[str, Any]:
    payload = body.get("payload", {})
    if not isinstance(payload, dict):
        raise Invalid('"payload" is an object.')
    return payload


def _marks(body: Body) -> list[int | None]:
    marks = body.get("marks")
    if not isinstance(marks, list) or any(
        mark is not None and (not isinstance(mark, int) or isinstance(mark, bool)) for mark in marks
    ):
        raise Invalid('"marks" is a list with a whole number or null for each option.')
    return marks


def _named(request: Request, tx: Tx) -> Named:
    return queries.commons(tx, address.decoded(request.path_params["commons"]))


def _found(request: Request, tx: Tx) -> Proposal:
    number = min(int(request.path_params["number"]), NUMBER_MAX)
    return proposals.proposal(tx, _named(request, tx).id, number)


def _routes() -> list[DeclaredRoute]:
    get, anyone, signed_in = ["GET", "HEAD"], Access.ANYONE, Access.SIGNED_IN
    where = "/api/commons/{commons}/proposals"
    one_of = where + "/{number:int}"
    return [
        route(where, every, methods=get, access=anyone),
        route(where, propose, methods=["POST"], access=signed_in),
        route(one_of, one, methods=get, access=anyone),
        route(f"{one_of}/count", count, methods=get, access=anyone),
        route(f"{one_of}/ballots", ballots, methods=get, access=anyone),
        route(one_of + "/{verb}", act, methods=["POST"], access=signed_in),
    ]


ROUTES = _routes()
