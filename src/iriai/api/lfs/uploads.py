"""Objects come in at URLs that the batch signed: at once, or in parts and then a closing word.

A URL is for who asked for it, as they are when they use it: one whose token was revoked, or whose
repository is held, private or gone by then, does nothing any more.

Every byte is hashed while it is written; a body that is not what its URL was signed for is refused
and nothing of it stays.
"""

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, bodies, door, transfer
from iriai.api.lfs.objects import serve_object
from iriai.api.xet import given
from iriai.base.errors import Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Ground, Tx
from iriai.blobs import passes, queries, receiving, rules
from iriai.blobs.passes import XetPass
from iriai.blobs.receiving import Room
from iriai.blobs.rules import StoredObject
from iriai.repos import egress, room, withheld_objects
from iriai.repos import queries as repos
from iriai.repos.rules import Repo

PART_BYTES_MAX = rules.part_bytes(rules.OBJECT_BYTES_MAX)


async def put_object(request: Request) -> Response:
    """Take an object, if it hashes to its name."""
    oid = _oid(request)
    size = _number(request, "size")
    held = _signed(request, "lfs put", oid, size, may_write=True)
    ground = door.ground_of(request)
    repo = await door.in_thread(_repo_with_room, ground, held, oid, size)
    received = await transfer.staged(request, size_max=size, size=size, sha256=True)
    if received.sha256 != oid:
        received.path.unlink()
        raise Invalid(
            "The bytes that came do not have the SHA-256 they were announced with.",
            code="HashMismatch",
        )
    await door.in_thread(
        receiving.receive_object, ground, repo.id, oid, size, received.path, room.asking(repo)
    )
    return Response(status_code=200, headers={"ETag": f'"{oid}"'})


async def put_part(request: Request) -> Response:
    """Take one part of an upload."""
    upload = address.decoded(request.path_params["upload"])
    number = int(request.path_params["number"])
    held = _signed(request, "lfs part", upload, number, may_write=True)
    await door.in_thread(_repo, door.ground_of(request), held)
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
    held = _signed(request, "lfs parts", upload, may_write=True)
    ground = door.ground_of(request)
    _repo(ground, held)
    receiving.complete_parts(ground, upload, _etags(body), _room_of)
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
    size = _number(request, "size")
    held = _signed(request, "lfs verify", oid, size, may_write=True)
    if body.get("oid") != oid or body.get("size") != size:
        raise Invalid("This address verifies another object.")
    _object(door.ground_of(request), held, oid)
    return door.json_answer({"oid": oid, "size": size})


async def get_object(request: Request) -> Response:
    """An object's bytes, for who was given this URL."""
    oid = _oid(request)
    held = _signed(request, "lfs get", oid, may_write=False)
    stored = await door.in_thread(_object, door.ground_of(request), held, oid)
    headers = {"Cache-Control": "private, max-age=3600"}
    answer = await serve_object(request, stored, filename=oid, headers=headers)
    if request.method == "GET":
        led = answer.status_code == 302  # noqa: PLR2004 - to the store itself
        length = stored.size if led else transfer.length_of(answer)
        egress.note(door.ground_of(request), held.repo_id, length)
    return answer


def _object(ground: Ground, held: XetPass, oid: str) -> StoredObject:
    """An object as whoever was given the URL may have it now."""
    with ground.read() as tx:
        repo = _repo_now(tx, held)
        if not held.may_write:
            withheld_objects.require_served(tx, repo, oid)
        stored = queries.object(tx, repo.id, oid)
    if stored is None:
        raise Unknown("This repository does not hold this object.", code="ObjectMissing")
    return stored


def _repo(ground: Ground, held: XetPass) -> Repo:
    with ground.read() as tx:
        return _repo_now(tx, held)


def _repo_now(tx: Tx, held: XetPass) -> Repo:
    """The repository that the URL is for, if they may still do there what it says."""
    there = given.standing(tx, held).holder
    if not isinstance(there, Repo):
        raise Unknown("This address is for a repository.")
    return there


def _repo_with_room(ground: Ground, held: XetPass, oid: str, size: int) -> Repo:
    """The same; it may have been filled since the URL was signed."""
    with ground.read() as tx:
        repo = _repo_now(tx, held)
        if room.is_limited(repo) and queries.object(tx, repo.id, oid) is None:
            room.require(tx, repo, more=size)
        return repo


def _room_of(tx: Tx, repo_id: int) -> Room:
    return room.asking(repos.by_id(tx, repo_id))


def _signed(request: Request, use: str, *facts: str | int, may_write: bool) -> XetPass:
    """To whom this URL was given. Refuses one that we did not sign, or that is too old."""
    ground = door.ground_of(request)
    holder = request.query_params.get("for", "")
    passes.require_signed(
        ground.secret,
        use,
        holder,
        *facts,
        expires_at=request.query_params.get("e", ""),
        signature=request.query_params.get("s", ""),
        now=int(ground.clock().timestamp()),
    )
    return given.read(holder, may_write=may_write)


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
