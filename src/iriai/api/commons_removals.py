"""Requests for removal for machines: asked, followed, acknowledged, decided, appealed."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.api.bodies import Body, text_field
from iriai.api.shapes import moment
from iriai.base.errors import Invalid
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.commons import queries as commons_queries
from iriai.commons.enactment import removals as enacting
from iriai.commons.membership.reach import as_in_office
from iriai.commons.removal import actions, queries, rules
from iriai.commons.removal.rules import State
from iriai.commons.removal.tables import RemovalRow
from iriai.repos import queries as repos
from iriai.repos.rules import unknown_repo
from iriai.repos.subjects import place

NUMBER_MAX = 10**9
STEPS = ("acknowledge", "fulfil", "refuse")


@door.reading
def listed(request: Request, tx: Tx) -> Response:
    """The requests of a commons, with their clock."""
    return door.json_answer([_shape(tx, each) for each in queries.removals(tx, _id(request, tx))])


@door.reading
def one(request: Request, tx: Tx) -> Response:
    """One request; all of it with its code, or for stewards."""
    row = queries.row(tx, _id(request, tx), _number(request))
    shape = _shape(tx, row)
    code = request.query_params.get("code", "")
    officer = as_in_office(tx, door.actor_of(request), row.commons_id)
    steward = enacting.may_decide(tx, officer, row.commons_id)
    if steward or queries.has_code(row, code):
        shape |= {"paths": list(row.paths), "words": row.words}
    return door.json_answer(shape)


@door.with_json
def ask_for_removal(request: Request, body: Body) -> Response:
    """Ask for files to be removed, with or without an account."""
    where = place(text_field(body, "subject"))
    paths = body.get("paths")
    if not isinstance(paths, list) or not all(isinstance(each, str) for each in paths):
        raise Invalid('"paths" is a list of files.')
    with door.ground_of(request).write() as tx:
        if where is None or where.kind is None:
            raise unknown_repo()
        actor = door.actor_of(request)
        made, code = actions.ask(
            tx,
            actor,
            repos.repo(tx, actor, where.kind, where.full_name),
            paths="\n".join(paths),
            words=text_field(body, "words", length_max=rules.WORDS_LENGTH_MAX),
            contact=text_field(body, "contact", default=""),
        )
        name = commons_queries.named(tx, made.commons_id).name
        shape = _shape(tx, made) | {"commons": name, "code": code}
    return door.json_answer(shape, status=201)


@door.with_json
def appeal_removal(request: Request, body: Body) -> Response:
    """Appeal a refusal, with the code of the request."""
    code = text_field(body, "code", default="")
    words = text_field(body, "words", length_max=rules.WORDS_LENGTH_MAX)
    with door.ground_of(request).write() as tx:
        row = queries.row(tx, _id(request, tx), _number(request))
        enacting.appeal(tx, door.actor_of(request), row, code=code, words=words)
        return door.json_answer(_shape(tx, row))


@door.with_json
def step(request: Request, body: Body) -> Response:
    """Acknowledge, fulfil or refuse."""
    word = request.path_params["step"]
    if word not in STEPS:
        raise Invalid(f"A step here is one of: {', '.join(STEPS)}.")
    ground, actor = door.ground_of(request), door.actor_of(request)
    with ground.write() as tx:
        commons_id, number = _id(request, tx), _number(request)
        row = queries.row(tx, commons_id, number)
        if word == "acknowledge":
            enacting.acknowledge(tx, actor, row)
    if word != "acknowledge":
        reason = text_field(body, "reason", length_max=rules.WORDS_LENGTH_MAX)
        enacting.decide(ground, actor, commons_id, number, fulfil=word == "fulfil", reason=reason)
    with ground.read() as tx:
        return door.json_answer(_shape(tx, queries.row(tx, commons_id, number)))


def _shape(tx: Tx, row: RemovalRow) -> dict[str, Any]:
    dates = (row.acknowledge_by, row.decide_by)
    return {
        "number": row.number,
        "state": row.state,
        "receivedAt": moment(row.received_at),
        "acknowledgeBy": moment(row.acknowledge_by),
        "decideBy": moment(row.decide_by),
        "isOverdue": queries.is_overdue(row, tx.now),
        "reason": row.reason,
        "next": rules.next_step(State(row.state), dates, row.appeal_until),
    }


def _id(request: Request, tx: Tx) -> int:
    return commons_queries.commons(tx, address.decoded(request.path_params["commons"])).id


def _number(request: Request) -> int:
    return min(int(request.path_params["number"]), NUMBER_MAX)


def _routes() -> list[DeclaredRoute]:
    where, anyone = "/api/commons/{commons}/removals", Access.ANYONE
    one_ = f"{where}/{{number:int}}"
    return [
        route(where, listed, methods=["GET", "HEAD"], access=anyone),
        route(one_, one, methods=["GET", "HEAD"], access=anyone),
        route(f"{one_}/appeal", appeal_removal, methods=["POST"], access=anyone),
        route(f"{one_}/{{step}}", step, methods=["POST"], access=Access.SIGNED_IN),
        route("/api/removal", ask_for_removal, methods=["POST"], access=anyone),
    ]


ROUTES = _routes()
