"""Exports of a commons for machines: asked for, looked after, and fetched by a signed link."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.api.shapes import moment
from iriai.api.transfer import FileAnswer, MadeAnswer, unsatisfiable
from iriai.base.errors import Denied
from iriai.base.http import ranges
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Ground, Tx
from iriai.commons import queries
from iriai.commons.exit import asking
from iriai.commons.exit.tables import ExportRow

NUMBER_MAX = 2**62


@door.reading
def listed(request: Request, tx: Tx) -> Response:
    """The exports of a commons, each with where to fetch it, for those who belong."""
    commons_id, name = _named(request, tx)
    if not asking.may_ask(tx, commons_id, door.actor_of(request).id):
        raise Denied("Exports are made for members.", code="Forbidden")
    asking.require_token(tx, door.actor_of(request), commons_id)
    ground = door.ground_of(request)
    return door.json_answer([_shape(ground, name, each) for each in asking.exports(tx, commons_id)])


@door.with_json
def ask_for_export(request: Request, _body: Any) -> Response:
    """Ask for one."""
    ground = door.ground_of(request)
    with ground.write() as tx:
        commons_id, name = _named(request, tx)
        made = asking.ask(tx, door.actor_of(request), commons_id)
        return door.json_answer(_shape(ground, name, made), status=202)


async def fetch(request: Request) -> Response:
    """The tar, whole or in part, for whoever holds its link."""
    found = await door.in_reading_thread(_opened, request)
    headers = {
        "Content-Type": "application/x-tar",
        "Content-Disposition": f'attachment; filename="{found[1]}.tar"',
        "ETag": f'"{found[0].key}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
    }
    return _answer(request, found[0], headers)


def _answer(request: Request, found: ExportRow, headers: dict[str, str]) -> Response:
    asked = ranges.asked(request.headers, found.size, headers["ETag"])
    if asked.status == 304:  # noqa: PLR2004
        return Response(status_code=304, headers=headers)
    if asked.status == 416:  # noqa: PLR2004
        raise unsatisfiable(found.size)
    if request.method == "HEAD":
        return Response(headers={**headers, "Content-Length": str(found.size)})
    status, span = asked.status, ranges.Span(0, found.size)
    if len(asked.spans) == 1:
        span = asked.spans[0]
        headers["Content-Range"] = span.content_range(found.size)
    else:
        status = 200
    store = door.ground_of(request).store
    key = str(found.key)
    path = store.local_path(key)
    if path is not None:
        return FileAnswer(path, span.start, span.end, status=status, headers=headers)
    pieces = store.stream(key, span.start, span.end)
    return MadeAnswer(pieces, span.length, status=status, headers=headers)


def _opened(request: Request) -> tuple[ExportRow, str]:
    with door.ground_of(request).read() as tx:
        commons_id, name = _named(request, tx)
        row = asking.opened(
            tx,
            commons_id,
            min(int(request.path_params["number"]), NUMBER_MAX),
            expires_at=request.query_params.get("e", ""),
            signature=request.query_params.get("s", ""),
        )
        return row, f"{name}-{row.asked_at:%Y-%m-%d}"


def _shape(ground: Ground, name: str, row: ExportRow) -> dict[str, Any]:
    """One export as JSON."""
    return {
        "id": row.id,
        "askedAt": moment(row.asked_at),
        "readyAt": moment(row.ready_at) if row.ready_at else None,
        "expiresAt": moment(row.expires_at) if row.expires_at else None,
        "size": row.size,
        "failure": row.failure,
        "url": ground.settings.url + asking.address(ground, name, row) if row.key else None,
    }


def _named(request: Request, tx: Tx) -> tuple[int, str]:
    found = queries.commons(tx, address.decoded(request.path_params["commons"]))
    return found.id, found.name


def _routes() -> list[DeclaredRoute]:
    where = "/api/commons/{commons}/exports"
    return [
        route(where, listed, methods=["GET", "HEAD"], access=Access.SIGNED_IN),
        route(where, ask_for_export, methods=["POST"], access=Access.SIGNED_IN),
        route(
            f"{where}/{{number:int}}", fetch, methods=["GET", "HEAD"], access=Access.TOKEN_SIGNED
        ),
    ]


ROUTES = _routes()
