"""The pot of a commons for machines: what there is, who may use how much, and who uses it."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.api.bodies import Body, text_field
from iriai.api.shapes import moment
from iriai.base.routing import Access, route
from iriai.base.tx import Tx
from iriai.commons import enactment, queries
from iriai.commons.pot import queries as pots
from iriai.commons.pot.queries import Pot
from iriai.commons.pot.rules import Allotment

WORD_LENGTH_MAX = 300


@door.reading
def pot(request: Request, tx: Tx) -> Response:
    """All of it: pools with their givers, how they are cut, allotments, limits, use."""
    named = queries.commons(tx, address.decoded(request.path_params["commons"]))
    found = pots.pot(tx, named.id)
    return door.json_answer(
        {
            "commons": named.name,
            "pools": _pools(found),
            "limits": found.limits(),
            "allotments": [_allotment(each) for each in found.allotments],
            "waiting": [
                {
                    "id": each.allotment.id,
                    "dominantShare": round(float(each.share), 4),
                    "why": each.why,
                    "free": each.free,
                }
                for each in found.waiting
            ],
            "uses": [
                {
                    "unit": each.unit,
                    "amounts": each.amounts,
                    "gini": round(float(each.evenness), 4),
                    "at": _moment(each.at),
                }
                for each in found.uses
            ],
            "bytesUsed": found.held.amounts,
            "gini": round(float(found.held.evenness), 4),
            "cold": [
                {"name": each.name, "since": each.since, "bytes": each.amount}
                for each in found.cold
            ],
        }
    )


@door.with_json
def account(request: Request, body: Body) -> Response:
    """Let a repository or bucket that one made count for an institution, or for oneself."""
    with door.ground_of(request).write() as tx:
        named = queries.commons(tx, address.decoded(request.path_params["commons"]))
        made = enactment.booking.book(
            tx,
            door.actor_of(request),
            named.id,
            thing=text_field(body, "repo", length_max=WORD_LENGTH_MAX),
            account=text_field(body, "account", default="", length_max=WORD_LENGTH_MAX),
        )
        return door.json_answer({"repo": enactment.booking.address(made)})


def _pools(found: Pot) -> list[dict[str, Any]]:
    return [
        {
            "unit": pool.unit,
            "capacity": cut.capacity,
            "givers": {each.by: each.amount for each in pool.gifts},
            "floorEach": cut.floor_each,
            "queue": cut.queue,
            "queueFree": cut.queue_free,
            "round": cut.round,
            "roundFree": cut.round_free,
        }
        for pool, cut in zip(found.pools, found.slices, strict=True)
    ]


def _allotment(each: Allotment) -> dict[str, Any]:
    return {
        "id": each.id,
        "unit": each.unit,
        "amount": each.amount,
        "holder": each.holder,
        "project": each.project,
        "source": each.source,
        "state": each.state,
        "grantedAt": moment(each.granted_at),
        "noticedAt": _moment(each.noticed_at),
        "recalledAt": _moment(each.recalled_at),
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else moment(at)


ROUTES = [
    route("/api/commons/{commons}/pot", pot, methods=["GET", "HEAD"], access=Access.ANYONE),
    route("/api/commons/{commons}/pot/account", account, methods=["POST"], access=Access.SIGNED_IN),
]
