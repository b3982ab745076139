"""The charter of a commons for machines: what holds, word for word, in words, and by right."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.api.shapes import moment
from iriai.base.errors import Unknown
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.commons import queries
from iriai.commons.charter import amending, rights, words
from iriai.commons.charter import queries as charters
from iriai.commons.charter.queries import Version
from iriai.commons.membership import queries as membership
from iriai.commons.queries import Named

NUMBER_MAX = 1 << 31


@door.reading
def charter(request: Request, tx: Tx) -> Response:
    """The charter in force: its text, what it says in words, and the versions before it."""
    named = _named(request, tx)
    found = charters.in_force(tx, named.id)
    version = charters.version(tx, named.id)
    return door.json_answer(
        {
            "commons": named.name,
            "preset": found.preset,
            "isCollective": found.is_collective,
            "parent": None
            if found.parent is None
            else {"commons": found.parent.commons, "digest": found.parent.digest},
            **shape(version),
            "text": charters.text(tx, named.id),
            "actions": {str(action): way for action, way in found.actions.items()},
            "sections": [
                {
                    "title": section.title,
                    "lines": [
                        {"text": line.text, "field": line.field, "isEnforced": line.is_enforced}
                        for line in section.lines
                    ],
                }
                for section in words.sections(found)
            ],
            "versions": [shape(each) for each in charters.history(tx, named.id, limit=50)],
        }
    )


@door.reading
def earlier(request: Request, tx: Tx) -> Response:
    """A version that was in force once, word for word."""
    named = _named(request, tx)
    number = min(int(request.path_params["number"]), NUMBER_MAX)
    for each in charters.history(tx, named.id):
        if each.number == number:
            return door.json_answer(shape(each) | {"text": charters.text(tx, named.id, number)})
    raise Unknown("There is no such version of this charter.", code="CharterNotFound")


@door.reading
def who_may(request: Request, tx: Tx) -> Response:
    """Who has which right, by standing and in sentences."""
    named = _named(request, tx)
    found = charters.in_force(tx, named.id)
    rows = [
        {
            "right": row.right,
            "title": row.title,
            "who": dict(zip(rights.standings(found), row.cells, strict=True)),
            "answers": [
                {
                    "question": each.question,
                    "answer": each.answer,
                    "field": each.field,
                    "action": each.action,
                }
                for each in row.answers
            ],
        }
        for row in rights.table(found, electors=membership.votes(tx, named.id))
    ]
    return door.json_answer({"commons": named.name, "rights": rows})


@door.reading
def checked(request: Request, tx: Tx) -> Response:
    """What a pull request would make of the charter: why it cannot be proposed, or what changes."""
    named = _named(request, tx)
    number = min(int(request.path_params["number"]), NUMBER_MAX)
    found = amending.check(tx, named.id, number)
    return door.json_answer(
        {
            "pull": found.number,
            "sha": found.sha,
            "faults": list(found.faults),
            "changes": list(found.changes),
            "action": found.action,
            "decision": found.before.actions[found.action],
        }
    )


def shape(version: Version) -> dict[str, Any]:
    """Which version it is, and by which decision it came."""
    return {
        "version": version.number,
        "digest": version.digest,
        "enactedAt": moment(version.enacted_at),
        "decision": version.decision,
        "holdsFrom": None if version.holds_from is None else moment(version.holds_from),
    }


def _named(request: Request, tx: Tx) -> Named:
    return queries.commons(tx, address.decoded(request.path_params["commons"]))


def _routes() -> list[DeclaredRoute]:
    get, anyone, where = ["GET", "HEAD"], Access.ANYONE, "/api/commons/{commons}"
    return [
        route(f"{where}/charter", charter, methods=get, access=anyone),
        route(f"{where}/charter/check/{{number:int}}", checked, methods=get, access=anyone),
        route(f"{where}/charter/{{number:int}}", earlier, methods=get, access=anyone),
        route(f"{where}/rights", who_may, methods=get, access=anyone),
    ]


ROUTES = _routes()
