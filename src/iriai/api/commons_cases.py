"""Cases, holds and panels for machines: what the pages show, and each step as a POST."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.api.bodies import Body, query_number, text_field
from iriai.api.shapes import moment
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.commons import queries as commons_queries
from iriai.commons.cases import figures, queries, records, wording
from iriai.commons.cases.queries import Seen
from iriai.commons.cases.rules import WORDS_LENGTH_MAX, unknown_case
from iriai.commons.enactment import case_steps, cases

PAGE_MAX = 10_000
NUMBER_MAX = 10**9


@door.reading
def listed(request: Request, tx: Tx) -> Response:
    """The cases of a commons, the holds in force, and figures."""
    commons_id = _commons(request, tx)
    actor = door.actor_of(request)
    page = query_number(request, "page", default=0, most=PAGE_MAX)
    found = queries.cases(tx, actor, commons_id, page=page)
    counted = figures.figures(tx, commons_id)
    holds = [
        {"number": each.number, "ground": each.ground, "until": moment(each.until)}
        | {"placedAt": _moment(each.placed_at)}
        for each in queries.holds(tx, commons_id)
    ]
    return door.json_answer(
        {
            "cases": [case_shape(each) for each in found],
            "holds": holds,
            "figures": {
                "cases": counted.cases,
                "open": counted.open,
                "dismissed": counted.dismissed,
                "rungs": dict(counted.rungs),
                "grounds": dict(counted.grounds),
                "outcomes": dict(counted.outcomes),
                "holds": dict(counted.holds),
                "daysToDecide": counted.days_to_decide,
            },
        }
    )


@door.reading
def one(request: Request, tx: Tx) -> Response:
    """One case, as far as whoever asks may see it."""
    found = queries.case(tx, door.actor_of(request), _commons(request, tx), _number(request))
    return door.json_answer(case_shape(found))


@door.reading
def case_panel(request: Request, tx: Tx) -> Response:
    """The draw of the panel of a case. Read by `iriai commons panel verify`."""
    found = queries.case(tx, door.actor_of(request), _commons(request, tx), _number(request))
    if found.panel is None:
        raise unknown_case()
    return door.json_answer(records.record_of(tx, door.actor_of(request), found.panel))


@door.reading
def panel(request: Request, tx: Tx) -> Response:
    """The draw of a panel, all that it takes to draw it again."""
    found = queries.panel(tx, _commons(request, tx), _number(request))
    return door.json_answer(records.record_of(tx, door.actor_of(request), found))


@door.with_json
def report(request: Request, body: Body) -> Response:
    """Report what is wrong."""
    with door.ground_of(request).write() as tx:
        name = text_field(body, "commons", default="")
        commons_id = commons_queries.commons(tx, name).id if name else None
        made = case_steps.report(tx, door.actor_of(request), _given(body), commons_id=commons_id)
        where = queries.name_of(tx, made.commons_id)
        answer = {"commons": where, "number": made.number}
    return door.json_answer(answer, status=201)


@door.with_json
def step(request: Request, body: Body) -> Response:
    """Take a step of a case: `triage`, `charge`, `answer`, `decide`, `appeal`."""
    actor = door.actor_of(request)
    word = request.path_params["step"]
    with door.ground_of(request).write() as tx:
        commons_id, number = _commons(request, tx), _number(request)
        case_steps.case_step(tx, actor, commons_id, number, word, _given(body))
        shape = case_shape(queries.case(tx, actor, commons_id, number))
    return door.json_answer(shape)


@door.with_json
def panel_step(request: Request, body: Body) -> Response:
    """Give a string, accept or decline a seat, or give a verdict."""
    word = request.path_params["step"]
    with door.ground_of(request).write() as tx:
        commons_id, number = _commons(request, tx), _number(request)
        actor = door.actor_of(request)
        case_steps.panel_step(tx, actor, commons_id, number, word, _given(body))
        shape = records.record_of(tx, actor, queries.panel(tx, commons_id, number))
    return door.json_answer(shape)


@door.with_json
def hold(request: Request, body: Body) -> Response:
    """Place an emergency hold, or ask a second steward for it."""
    named = {
        name: text_field(body, name, length_max=WORDS_LENGTH_MAX)
        for name in ("subject", "ground", "reason")
    }
    with door.ground_of(request).write() as tx:
        commons_id = _commons(request, tx)
        made = cases.hold(tx, door.actor_of(request), commons_id=commons_id, **named)
        shape = {"number": made.number, "until": moment(made.until)}
        shape |= {"placedAt": _moment(made.placed_at)}
    return door.json_answer(shape, status=201)


@door.with_json
def hold_step(request: Request, _body: Body) -> Response:
    """Agree to a hold, lift it, or open a case about it."""
    with door.ground_of(request).write() as tx:
        commons_id, number = _commons(request, tx), _number(request)
        case_steps.hold_step(
            tx, door.actor_of(request), commons_id, number, request.path_params["step"]
        )
    return door.json_answer({"number": number})


def case_shape(found: Seen) -> dict[str, Any]:
    """A case: a summary for everybody, and more for those whom it concerns."""
    row = found.row
    shape: dict[str, Any] = {
        "number": row.number,
        "about": row.concern,
        "state": row.state,
        "ground": row.ground,
        "rung": row.rung,
        "outcome": row.outcome,
        "openedAt": moment(row.opened_at),
        "decidedAt": _moment(row.decided_at),
        "appealUntil": _moment(row.appeal_until),
        "panel": None if found.panel is None else found.panel.number,
        "next": wording.of_case(row, found.panel),
    }
    if found.is_whole:
        named = ("subject", "rule", "facts", "asked", "answer", "reasons")
        shape |= {name: getattr(row, name) for name in named}
    if found.is_steward:
        shape["words"] = row.words
    return shape


def _commons(request: Request, tx: Tx) -> int:
    return commons_queries.commons(tx, address.decoded(request.path_params["commons"])).id


def _number(request: Request) -> int:
    return min(int(request.path_params["number"]), NUMBER_MAX)


def _given(body: Mapping[str, Any]) -> dict[str, str]:
    """The texts of a body; true is said as a form says it."""
    return {
        str(name): "yes" if value is True else value
        for name, value in body.items()
        if value is True or isinstance(value, str)
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else moment(at)


def _routes() -> list[DeclaredRoute]:
    get, post, anyone, signed = ["GET", "HEAD"], ["POST"], Access.ANYONE, Access.SIGNED_IN
    base = "/api/commons/{commons}"
    case, seat, held = (f"{base}/{each}/{{number:int}}" for each in ("cases", "panels", "holds"))
    return [
        route(f"{base}/cases", listed, methods=get, access=anyone),
        route(case, one, methods=get, access=anyone),
        route(f"{case}/panel", case_panel, methods=get, access=anyone),
        route(f"{case}/{{step}}", step, methods=post, access=signed),
        route(seat, panel, methods=get, access=anyone),
        route(f"{seat}/{{step}}", panel_step, methods=post, access=signed),
        route(f"{base}/holds", hold, methods=post, access=signed),
        route(f"{held}/{{step}}", hold_step, methods=post, access=signed),
        route("/api/report", report, methods=post, access=signed),
    ]


ROUTES = _routes()
