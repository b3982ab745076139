"""The log of each commons for machines: entries as they were hashed, and proofs that they stand.

An entry comes as the very text that was hashed, so that a monitor can check a proof without knowing
how we write JSON: `leaf = SHA-256(0x00 || entry)`, and from there as RFC 9162 says.
"""

from datetime import datetime
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.api.bodies import query_number
from iriai.api.shapes import moment
from iriai.base import events, merkle
from iriai.base.errors import Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.commons import queries
from iriai.commons.breakglass import queries as breakglass
from iriai.commons.breakglass.rules import Basis, State, following
from iriai.commons.breakglass.tables import OperatorAct

PAGE_LENGTH = 50
PAGE_LENGTH_MAX = 500
POSITION_MAX = 1 << 53


@door.reading
def every(_request: Request, tx: Tx) -> Response:
    """Every commons of this hub, each with its checkpoint."""
    rows = [
        {
            "name": each.name,
            "fullname": each.fullname,
            "preset": each.preset,
            "foundedAt": moment(each.founded_at),
            "checkpoint": checkpoint(events.head(tx, each.id)),
        }
        for each in queries.all_commons(tx)
    ]
    return door.json_answer(rows)


@door.reading
def log(request: Request, tx: Tx) -> Response:
    """What was done in a commons, newest first, a page at a time."""
    commons = queries.commons(tx, address.decoded(request.path_params["commons"]))
    limit = query_number(request, "limit", default=PAGE_LENGTH, most=PAGE_LENGTH_MAX)
    given = request.query_params.get("before", "")
    before = whole(given)
    if given and before is None:
        raise Invalid('"before" is the position of an entry.')
    found = events.entries(tx, commons.id, before=before, limit=limit)
    headers = {}
    if found and found[-1].position:
        headers["Link"] = door.next_page(request, before=found[-1].position)
    rows = [shape(event.position, event.entry) for event in found]
    head = checkpoint(events.head(tx, commons.id))
    waiting = events.unsealed(tx, commons.id)
    return door.json_answer(
        {"checkpoint": head, "waiting": waiting, "entries": rows}, headers=headers
    )


@door.reading
def entry(request: Request, tx: Tx) -> Response:
    """One entry, with the proof that it is in the log of the checkpoint, or of the size given."""
    commons = queries.commons(tx, address.decoded(request.path_params["commons"]))
    position = min(int(request.path_params["position"]), POSITION_MAX)
    head = events.head(tx, commons.id)
    found = events.entries(tx, commons.id, before=position + 1, limit=1)
    if position >= head.size or not found or found[0].position != position:
        raise Unknown("There is no such entry in this log yet.", code="EntryNotFound")
    size = query_number(request, "size", default=head.size, most=POSITION_MAX)
    if not position < size <= head.size:
        raise Invalid('"size" is a size of the log that has this entry.')
    proof = events.proven(tx, commons.id, partial(merkle.inclusion, position, size))
    then = head
    if size != head.size:
        root = events.proven(tx, commons.id, partial(merkle.root, size))
        then = events.Head(size, root, None)
    return door.json_answer(
        shape(position, found[0].entry)
        | {"proof": [each.hex() for each in proof], "checkpoint": checkpoint(then)}
    )


@door.reading
def operator(request: Request, tx: Tx) -> Response:
    """What the operator did here with their own hands, the newest first, and what becomes of it."""
    commons = queries.commons(tx, address.decoded(request.path_params["commons"]))
    acts = [act_shape(row, tx.now) for row in breakglass.acts(tx, commons.id)]
    return door.json_answer({"acts": acts, "legalOrders": breakglass.legal_orders(tx, commons.id)})


def act_shape(row: OperatorAct, now: datetime) -> dict[str, Any]:
    """One act; a reason that a legal order seals is null until then."""
    reason = breakglass.reason(row, now)
    return {
        "number": row.id,
        "act": row.act,
        "subject": row.subject,
        "basis": row.basis,
        "reason": reason,
        "sealedUntil": _moment(row.sealed_until),
        "state": row.state,
        "doneAt": moment(row.done_at),
        "lapsesAt": _moment(row.lapses_at),
        "closedAt": _moment(row.closed_at),
        "decision": row.decision,
        "next": following(
            State(row.state), row.lapses_at, is_sealed=reason is None, basis=Basis(row.basis)
        ),
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else moment(at)


def shape(position: int | None, text: str) -> dict[str, Any]:
    """An entry: where it stands, what was hashed, and the hash."""
    leaf = merkle.leaf_hash(text.encode()).hex()
    return {"position": position, "entry": text, "leaf": leaf}


def checkpoint(head: events.Head) -> dict[str, Any]:
    """The sealed log as a whole."""
    sealed_at = moment(head.sealed_at) if head.sealed_at else None
    return {"size": head.size, "root": head.root.hex(), "sealedAt": sealed_at}


def _routes() -> list[DeclaredRoute]:
    get, anyone, where = ["GET", "HEAD"], Access.ANYONE, "/api/commons/{commons}/log"
    return [
        route("/api/commons", every, methods=get, access=anyone),
        route(where, log, methods=get, access=anyone),
        route(f"{where}/{{position:int}}", entry, methods=get, access=anyone),
        route("/api/commons/{commons}/operator", operator, methods=get, access=anyone),
    ]


ROUTES = _routes()
