"""A commons' log as monitors and witnesses read it: c2sp.org/tlog-tiles, below one address.

`/api/commons/<name>/log` is the prefix: `checkpoint`, `tile/<L>/<N>`, `tile/entries/<N>`. Tiles
never change, and say so; a checkpoint is asked for again each time. Beside them, for people: the
keys, earlier checkpoints, the proof that one size of the log begins another, the digest of what the
commons has decided, and the whole log as one file.
"""

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from iriai.api import address, door
from iriai.api.bodies import query_number
from iriai.api.commons import POSITION_MAX
from iriai.api.shapes import moment
from iriai.base import events, ledger, ledger_entries, merkle
from iriai.base.errors import Invalid, Unknown
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Ground, Tx
from iriai.commons import queries
from iriai.commons.queries import Named
from iriai.commons.tlog import queries as tlog
from iriai.commons.tlog import replaying, rules

CHECKPOINTS_LISTED_MAX = 1_000
ENTRIES_AT_ONCE = 1_000
UNCHANGING = "public, max-age=31536000, immutable"
ANEW = "no-cache"
NOTE = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"


def _commons(request: Request, tx: Tx) -> Named:
    return queries.commons(tx, address.decoded(request.path_params["commons"]))


@door.reading
def checkpoint(request: Request, tx: Tx) -> Response:
    """The newest signed checkpoint, as a note."""
    found = tlog.latest(tx, _commons(request, tx).id)
    if found is None:
        raise Unknown("Nothing of this log has been signed yet.", code="EntryNotFound")
    return Response(found.note, media_type=NOTE, headers={"Cache-Control": ANEW})


@door.reading
def earlier(request: Request, tx: Tx) -> Response:
    """The checkpoint that was signed at one size."""
    size = min(int(request.path_params["size"]), POSITION_MAX)
    for found in tlog.checkpoints(tx, _commons(request, tx).id, size=size):
        return Response(found.note, media_type=NOTE, headers={"Cache-Control": UNCHANGING})
    raise Unknown("No checkpoint of that size was signed.", code="EntryNotFound")


@door.reading
def checkpoints(request: Request, tx: Tx) -> Response:
    """Signed checkpoints, the newest first."""
    limit = query_number(request, "limit", default=50, most=CHECKPOINTS_LISTED_MAX)
    rows = [
        {
            "size": each.size,
            "root": each.root.hex(),
            "note": each.note,
            "signedAt": moment(each.signed_at),
        }
        for each in tlog.checkpoints(tx, _commons(request, tx).id, limit=limit)
    ]
    return door.json_answer(rows)


@door.reading
def keys(request: Request, tx: Tx) -> Response:
    """The keys that sign this log, as verifiers are told them; the present one last."""
    rows = [
        {
            "key": each.key.text,
            "beganAt": moment(each.began_at),
            "endedAt": moment(each.ended_at) if each.ended_at else None,
        }
        for each in tlog.keys(tx, _commons(request, tx).id)
    ]
    return door.json_answer(rows)


@door.reading
def tile(request: Request, tx: Tx) -> Response:
    """The hashes of one tile."""
    level = int(request.path_params["level"])
    if level > rules.LEVEL_MAX:
        raise Unknown(tlog.NOT_IN_LOG, code="EntryNotFound")
    asked = rules.read_tile_path(address.decoded(request.path_params["tail"]))
    body = tlog.tile(tx, _commons(request, tx).id, level, asked)
    return Response(body, media_type=BYTES, headers={"Cache-Control": UNCHANGING})


@door.reading
def entry_tile(request: Request, tx: Tx) -> Response:
    """The entries of one tile."""
    asked = rules.read_tile_path(address.decoded(request.path_params["tail"]))
    body = tlog.entry_tile(tx, _commons(request, tx).id, asked)
    return Response(body, media_type=BYTES, headers={"Cache-Control": UNCHANGING})


@door.reading
def consistency(request: Request, tx: Tx) -> Response:
    """The proof that the log of one size begins that of another, and both roots."""
    commons = _commons(request, tx)
    head = events.head(tx, commons.id)
    second = query_number(request, "second", default=head.size, most=POSITION_MAX)
    first = query_number(request, "first", default=second, most=POSITION_MAX)
    if not 0 < first <= second <= head.size:
        raise Invalid(f'"first" and "second" are sizes of the log, which has {head.size} entries.')
    nodes = events.nodes(tx, commons.id)
    return door.json_answer(
        {
            "first": {"size": first, "root": merkle.root(first, nodes).hex()},
            "second": {"size": second, "root": merkle.root(second, nodes).hex()},
            "proof": [each.hex() for each in merkle.consistency(first, second, nodes)],
        }
    )


@door.reading
def state(request: Request, tx: Tx) -> Response:
    """The digest of every governed row as the hub has it, and one over all of them.

    But for rows whose names are not for everybody.
    """
    rows = ledger_entries.shown(replaying.live(tx, _commons(request, tx).id))
    return door.json_answer({"digest": ledger.state_digest(rows), "rows": rows})


def download(request: Request) -> Response:
    """The sealed log as one file: an entry a line, byte for byte as it was hashed."""
    ground = door.ground_of(request)
    with ground.read() as tx:
        commons = _commons(request, tx)
        size = events.head(tx, commons.id).size
    named = f'attachment; filename="{commons.name}-log.jsonl"'
    return StreamingResponse(
        _lines(ground, commons.id, size),
        media_type="application/jsonl",
        headers={"Content-Disposition": named, "Cache-Control": ANEW},
    )


def _lines(ground: Ground, commons_id: int, size: int) -> Iterator[bytes]:
    for start in range(0, size, ENTRIES_AT_ONCE):
        with ground.read() as tx:
            end = min(size, start + ENTRIES_AT_ONCE)
            some = [text for _, text in tlog.entries(tx, commons_id, start, end)]
        yield b"".join(text + b"\n" for text in some)


def _routes() -> list[DeclaredRoute]:
    below = "/api/commons/{commons}/log"
    found = {
        "checkpoint": checkpoint,
        "checkpoint/{size:int}": earlier,
        "checkpoints": checkpoints,
        "keys": keys,
        "tile/entries/{tail:path}": entry_tile,
        "tile/{level:int}/{tail:path}": tile,
        "consistency": consistency,
        "state": state,
        "entries.jsonl": download,
    }
    return [
        route(f"{below}/{path}", endpoint, methods=["GET", "HEAD"], access=Access.ANYONE)
        for path, endpoint in found.items()
    ]


ROUTES = _routes()
