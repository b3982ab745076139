"""The pot of a commons for machines: what there is, who may use how much, and who uses it."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.api.shapes import moment
from iriai.base.routing import Access, route
from iriai.base.tx import Tx
from iriai.commons import queries
from iriai.commons.pot import queries as pots
from iriai.commons.pot.queries import Pot
from iriai.commons.pot.rules import Allotment


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
            "bytesUsed": found.used,
            "gini": round(float(found.evenness), 4),
            "cold": [
                {"name": each.name, "since": each.since, "bytes": each.amount}
                for each in found.cold
            ],
        }
    )


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


ROUTES = [route("/api/commons/{commons}/pot", pot, methods=["GET", "HEAD"], access=Access.ANYONE)]
