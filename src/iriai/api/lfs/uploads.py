"""Objects come in at URLs that the batch signed: at once, or in parts and then a closing word.

Every byte is hashed while it is written; a body that is not what its URL was signed for is refused
and nothing of it stays.
"""

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, bodies, door, transfer
from iriai.api.lfs.objects import serve_object
from iriai.base.errors import Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Ground, Tx
from iriai.blobs import passes, queries, receiving, rules
from iriai.blobs.receiving import Room
from iriai.blobs.rules import StoredObject
from iriai.repos import egress, room
from iriai.repos import queries as repos
from iriai.repos.rules import Repo

PART_BYTES_MAX = rules.part_bytes(rules.OBJECT_BYTES_MAX)


async def put_object(request: Request) -> Response:
    """Take an object, if it hashes to its name."""
    oid = _oid(request)
    repo_id, size = _number(request, "repo"), _number(request, "size")
    _require_signed(request, "lfs put", repo_id, oid, size)
    ground = door.ground_of(request)
    repo = await door.in_thread(_repo_with_room, ground, repo_id, oid, size)
    received = await transfer.staged(request, size_max=size, size=size, sha256=True)
    if received.sha256 != oid:
        received.path.unlink()
        raise Invalid(
            "The bytes that came do not have the SHA-256 they were announced with.",
            code="HashMismatch",
        )
    await door.in_thread(
        receiving.receive_object, ground, repo_id, oid, size, received.path, room.asking(repo)
    )
    return Response(status_code=200, headers={"ETag": f'"{oid}"'})


async def put_part(request: Request) -> Response:
    """Take one part of an upload."""
    upload = address.decoded(request.path_params["upload"])
    number = int(request.path_params["number"])
    _require_signed(request, "lfs part", upload, number)
    received = await transfer.staged(request, size_max=PART_BYTES_MAX, sha256=True)
    await door.in_thread(
        receiving.receive_part,
        door.ground_of(request),
        upload,
        number,
        received.path,
        size=received.size,
        etag=received.sha256,
    )
    return Response(status_code=200, headers={"ETag": f'"{received.sha256}"'})


@door.with_json
def complete(request: Request, body: bodies.Body) -> Response:
    """All parts have come: join them."""
    upload = address.decoded(request.path_params["upload"])
    _require_signed(request, "lfs parts", upload)
    receiving.complete_parts(door.ground_of(request), upload, _etags(body), _room_of)
    return door.json_answer({"success": True})


def _etags(body: bodies.Body) -> list[str]:
    """The parts' tags in the order of their numbers."""
    parts = body.get("parts")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise Invalid('"parts" must be a list of objects.')
    numbered: dict[int, str] = {}
    for part in parts:
        number, etag = part.get("partNumber"), part.get("etag")
        if not isinstance(number, int) or not isinstance(etag, str):
            raise Invalid('Each part has a "partNumber" and an "etag".')
        numbered[number] = etag
    if sorted(numbered) != list(range(1, len(parts) + 1)):
        raise Invalid("Parts are numbered from 1, each once.")
    return [numbered[number] for number in sorted(numbered)]


@door.with_json
def verify(request: Request, body: bodies.Body) -> Response:
    """Whether an object arrived."""
    oid = _oid(request)
    repo_id, size = _number(request, "repo"), _number(request, "size")
    _require_signed(request, "lfs verify", repo_id, oid, size)
    if body.get("oid") != oid or body.get("size") != size:
        raise Invalid("This address verifies another object.")
    _held(door.ground_of(request), repo_id, oid)
    return door.json_answer({"oid": oid, "size": size})


async def get_object(request: Request) -> Response:
    """An object's bytes, for who was given this URL."""
    oid = _oid(request)
    repo_id = _number(request, "repo")
    _require_signed(request, "lfs get", repo_id, oid)
    stored = await door.in_thread(_held, door.ground_of(request), repo_id, oid)
    headers = {"Cache-Control": "private, max-age=3600"}
    answer = await serve_object(request, stored, filename=oid, headers=headers)
    if request.method == "GET":
        led = answer.status_code == 302  # noqa: PLR2004 - to the store itself
        length = stored.size if led else transfer.length_of(answer)
        egress.note(door.ground_of(request), repo_id, length)
    return answer


def _held(ground: Ground, repo_id: int, oid: str) -> StoredObject:
    with ground.read() as tx:
        stored = queries.object(tx, repo_id, oid)
    if stored is None:
        raise Unknown("This repository does not hold this object.", code="ObjectMissing")
    return stored


def _repo_with_room(ground: Ground, repo_id: int, oid: str, size: int) -> Repo:
    """It may have been deleted since the URL was signed, or filled."""
    with ground.read() as tx:
        repo = repos.by_id(tx, repo_id)
        if room.is_limited(repo) and queries.object(tx, repo_id, oid) is None:
            room.require(tx, repo, more=size)
        return repo


def _room_of(tx: Tx, repo_id: int) -> Room:
    return room.asking(repos.by_id(tx, repo_id))


def _require_signed(request: Request, use: str, *facts: str | int) -> None:
    ground = door.ground_of(request)
    passes.require_signed(
        ground.secret,
        use,
        *facts,
        expires_at=request.query_params.get("e", ""),
        signature=request.query_params.get("s", ""),
        now=int(ground.clock().timestamp()),
    )


def _oid(request: Request) -> str:
    return rules.clean_sha256(address.decoded(request.path_params["oid"]))


def _number(request: Request, name: str) -> int:
    number = whole(request.query_params.get(name, ""))
    if number is None:
        raise Invalid(f'"{name}" must be a number.')
    return number


ROUTES: list[DeclaredRoute] = [
    route("/lfs/objects/{oid}", put_object, methods=["PUT"], access=Access.TOKEN_SIGNED),
    route("/lfs/objects/{oid}", get_object, methods=["GET", "HEAD"], access=Access.TOKEN_SIGNED),
    route(
        "/lfs/uploads/{upload}/{number:int}", put_part, methods=["PUT"], access=Access.TOKEN_SIGNED
    ),
    route("/lfs/uploads/{upload}", complete, methods=["POST"], access=Access.TOKEN_SIGNED),
    route("/lfs/verify/{oid}", verify, methods=["POST"], access=Access.TOKEN_SIGNED),
]
