"""Reading files: `resolve`, which is what every download is, and `raw`.

Every answer names the commit it came from and carries an entity tag: git's object id of a small
file, the SHA-256 of a large one (clients make it the file's name in their cache). HEAD answers 200
itself and never redirects, so that no client loses its query or its credentials on the way. Where a
large file can come by Xet, the answer says where; a client without Xet reads on over plain HTTP.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

import orjson
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from iriai.api import address, content_types, door, lfs, limits, transfer, xet
from iriai.base import instance
from iriai.base.errors import HubError, Invalid, Unknown
from iriai.base.http import ranges
from iriai.base.http.ranges import Span
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Ground, Tx
from iriai.blobs import queries as blobs
from iriai.blobs.rules import StoredObject
from iriai.repos import egress, withheld
from iriai.repos import queries as repos
from iriai.repos.git.entries import File
from iriai.repos.rules import FULL_SHA, Repo
from iriai.search import noting
from iriai.search.rules import counts_as_download

SMALL_BYTES_MAX = 1 << 20
XET_FILE_INFO = "application/vnd.xet-fileinfo+json"
PARTIAL, REDIRECT, NOT_MODIFIED, NOT_SATISFIABLE = 206, 302, 304, 416
UNCHANGING = "max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Located:
    """A file at one commit. `stored` is None for a file that git itself keeps."""

    repo: Repo
    sha: str
    file: File
    stored: StoredObject | None
    revision: str


def locate(request: Request, tx: Tx) -> Located:
    """The file that the address names, as the asker may read it: two statements at most."""
    kind, full_name = door.repo_named(request)
    where = address.place(request.path_params["tail"])
    viewer = door.actor_of(request)
    repo, sha = repos.readable_at(tx, viewer, kind, full_name, where.revision)
    try:
        withheld.require_served(tx, repo, where.path)
        file = repos.objects(tx.ground, repo.id).file(sha, where.path)
        stored = blobs.object(tx, repo.id, file.lfs.sha256) if file.lfs else None
        if file.lfs and stored is None:
            raise Unknown(
                "The bytes of this file are not here: its pointer names an object that this "
                "repository was not given.",
                code="ObjectMissing",
            )
    except HubError as error:
        error.headers["X-Repo-Commit"] = sha
        raise
    return Located(repo, sha, file, stored, where.revision)


def locate_alone(request: Request) -> Located:
    """The same in a transaction of its own, in which the asker is authenticated too."""
    with door.ground_of(request).read() as tx:
        door.enter(request, tx)
        return locate(request, tx)


@door.reading
def head(request: Request, tx: Tx) -> Response:
    """All there is to know of a file, in headers."""
    found = locate(request, tx)
    headers = headers_of(request, found)
    if ranges.matches(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(headers={**headers, "Content-Length": str(found.file.size)})


async def get(request: Request) -> Response:
    """A file's bytes, or a part of them."""
    found = await door.in_reading_thread(locate_alone, request)
    note_download(request, found)
    headers = headers_of(request, found)
    if found.stored is None:
        answer = await git_bytes(request, found, headers)
    elif found.stored.xet_hash and XET_FILE_INFO in request.headers.get("accept", ""):
        return await door.in_thread(xet_info, request, found, headers)
    else:
        name = found.file.path.rpartition("/")[2]
        answer = await lfs.serve_object(request, found.stored, filename=name, headers=headers)
    note_served(request, found.repo.id, answer, found.file.size)
    return answer


def note_download(request: Request, found: Located) -> None:
    """Note that a file was fetched which says that its repository is being used; never for HEAD."""
    if counts_as_download(found.repo.kind, found.file.path):
        noting.note(
            door.ground_of(request),
            found.repo.id,
            account_id=door.actor_of(request).id,
            network=limits.asker(request),
        )


def note_served(request: Request, holder_id: int, answer: Response, size: int) -> None:
    """Note what an answer gives of a file, or all of it where it leads to the store."""
    length = size if answer.status_code == REDIRECT else transfer.length_of(answer)
    egress.note(door.ground_of(request), holder_id, length)


async def git_bytes(request: Request, found: Located, headers: dict[str, str]) -> Response:
    """A file that git keeps: whole from memory while it is small, else streamed."""
    status, span, headers = asked_part(request, found, headers)
    if status == NOT_MODIFIED:
        return Response(status_code=NOT_MODIFIED, headers=headers)
    ground = door.ground_of(request)
    if found.file.size <= SMALL_BYTES_MAX:
        whole = await door.in_thread(read_whole, ground, found)
        return Response(whole[span.start : span.end], status, headers)
    pieces = iterate_in_threadpool(cut(read_pieces(ground, found), span))
    return StreamingResponse(pieces, status, headers)


def asked_part(
    request: Request, found: Located, headers: dict[str, str]
) -> tuple[int, Span, dict[str, str]]:
    """The status, the bytes and the headers of what is asked of a file that git keeps."""
    size = found.file.size
    asked = ranges.asked(request.headers, size, headers["ETag"])
    if asked.status == NOT_MODIFIED:
        return NOT_MODIFIED, Span(0, 0), headers
    if asked.status == NOT_SATISFIABLE:
        raise outside(found)
    status, span = asked.status, Span(0, size)
    if len(asked.spans) == 1:
        span = asked.spans[0]
    else:
        status = 200  # several ranges of a file this small are not worth their frame
    headers = {**headers, "Content-Length": str(span.length)}
    if status == PARTIAL:
        headers["Content-Range"] = span.content_range(size)
    return status, span, headers


def outside(found: Located) -> Invalid:
    """The range begins where the file has ended; HfFileSystem takes that for its end."""
    error = Invalid(
        f"The range lies outside the file, which has {found.file.size} bytes.",
        code="RangeNotSatisfiable",
    )
    error.headers = {
        "Content-Range": f"bytes */{found.file.size}",
        "Accept-Ranges": "bytes",
        "X-Repo-Commit": found.sha,
        "ETag": f'"{found.file.etag}"',
    }
    return error


def read_whole(ground: Ground, found: Located) -> bytes:
    """A small file of git's."""
    return repos.objects(ground, found.repo.id).blob(found.file.oid)


def read_pieces(ground: Ground, found: Located) -> Iterator[bytes]:
    """A larger file of git's, piece by piece."""
    return repos.objects(ground, found.repo.id).pieces(found.file.oid)


def cut(pieces: Iterator[bytes], span: Span) -> Iterator[bytes]:
    """Of these pieces, the bytes of `span`."""
    at = 0
    for piece in pieces:
        start, end = max(span.start - at, 0), min(span.end - at, len(piece))
        if start < end:
            yield piece[start:end]
        at += len(piece)
        if at >= span.end:
            return


def headers_of(request: Request, found: Located) -> dict[str, str]:
    """The download contract: what every answer about a file says."""
    file, repo = found.file, found.repo
    headers = {
        "X-Repo-Commit": found.sha,
        "ETag": f'"{file.etag}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": caching(found),
        "Vary": "Authorization, Accept",
        **content_types.headers(file.path, as_download="download" in request.query_params),
    }
    if file.lfs:
        headers["X-Linked-Size"] = str(file.size)
        headers["X-Linked-ETag"] = f'"{file.etag}"'
    if found.stored and found.stored.xet_hash:
        headers |= xet.headers_of_file(
            door.base_url(request), repo.kind, repo.full_name, found.sha, found.stored.xet_hash
        )
    return headers


def caching(found: Located) -> str:
    """A commit's files never change; what is private is kept by the asker alone."""
    who = "public" if found.repo.visibility == "public" and not found.repo.gated else "private"
    return f"{who}, {UNCHANGING if FULL_SHA.fullmatch(found.revision) else 'no-cache'}"


def xet_info(request: Request, found: Located, headers: dict[str, str]) -> Response:
    """What hub.js asks for before it downloads by Xet (`fileDownloadInfo`): two links, no bytes."""
    stored = cast("StoredObject", found.stored)
    with door.ground_of(request).read() as tx:
        generation = instance.fact(tx, instance.GENERATION) or "1"
    cas = xet.cas_url(door.base_url(request), generation)
    kept = {name: value for name, value in headers.items() if name != "Content-Disposition"}
    kept["Content-Type"] = XET_FILE_INFO
    kept["Link"] += f', <{cas}/v1/reconstructions/{stored.xet_hash}>; rel="xet-reconstruction-info"'
    content = {
        "hash": stored.xet_hash,
        "etag": found.file.etag,
        "size": found.file.size,
        "fileName": found.file.path.rpartition("/")[2],
    }
    return Response(orjson.dumps(content), headers=kept)


@door.reading
def raw(request: Request, tx: Tx) -> Response:
    """A file as git keeps it: of a large one, its pointer."""
    kind, full_name = door.repo_named(request)
    where = address.place(request.path_params["tail"])
    repo, sha = repos.readable_at(tx, door.actor_of(request), kind, full_name, where.revision)
    objects = repos.objects(tx.ground, repo.id)
    try:
        withheld.require_served(tx, repo, where.path)
        file = objects.file(sha, where.path)
        content = objects.blob(file.oid)
    except HubError as error:
        error.headers["X-Repo-Commit"] = sha
        raise
    plain = replace(file, lfs=None, size=len(content))
    found = Located(repo, sha, plain, None, where.revision)
    headers = headers_of(request, found)
    if file.lfs:
        headers["Content-Type"] = content_types.TEXT
    if request.method == "HEAD":
        return Response(headers={**headers, "Content-Length": str(len(content))})
    status, span, headers = asked_part(request, found, headers)
    return Response(content[span.start : span.end], status, headers)


get.authenticates = True  # type: ignore[attr-defined]


def _routes() -> list[DeclaredRoute]:
    made = []
    for prefix in ("", "/datasets", "/spaces"):
        where = f"{prefix}/{{owner}}/{{name}}"
        tail = "{tail:path}"
        made += [
            route(f"{where}/resolve/{tail}", head, methods=["HEAD"], access=Access.REPO_READ),
            route(f"{where}/resolve/{tail}", get, methods=["GET"], access=Access.REPO_READ),
            route(f"{where}/raw/{tail}", raw, methods=["GET", "HEAD"], access=Access.REPO_READ),
        ]
    return made


ROUTES = _routes()
