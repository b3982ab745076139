"""The bridge: an object's bytes for anyone who can do HTTP, whatever form it is kept in.

Kept whole, the file goes out as it is (or the store's own signed URL is named). Kept as chunks, it
is made up on the way, each chunk verified before it leaves, or lately (decision 0051): an answer
that comes to its end is right. `ETag` is the SHA-256. Ranges work on both, several at once too.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import door
from iriai.api.transfer import FileAnswer, MadeAnswer, unsatisfiable
from iriai.api.xet import given
from iriai.base.headers import disposition
from iriai.base.http import ranges as spans
from iriai.base.http.making import Pieces
from iriai.base.http.ranges import Multipart, Span
from iriai.base.tx import Ground
from iriai.blobs import actions, content, queries, rules
from iriai.blobs.queries import FileTerms
from iriai.blobs.rules import StoredObject

OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Body:
    """Where an object's bytes come from: a URL elsewhere, a blob's key, or a Xet file."""

    ground: Ground
    stored: StoredObject
    file: FileTerms | None
    redirect: str | None

    def pieces(self, span: Span) -> Pieces:
        """The bytes of `span`."""
        if self.file is None:
            return self.ground.store.stream(
                rules.blob_key(self.stored.sha256), span.start, span.end
            )
        return content.sendable(self.ground, self.file.terms, span.start, span.end - 1)


async def serve_object(
    request: Request,
    stored: StoredObject,
    *,
    filename: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An object, or the parts of it that were asked for."""
    etag = f'"{stored.sha256}"'
    head = {"ETag": etag, "Accept-Ranges": "bytes", "Content-Type": OCTETS}
    if filename is not None:
        head["Content-Disposition"] = disposition(filename)
    head = _merged(head, headers or {})
    asked = spans.asked(request.headers, stored.size, etag)
    if asked.status == 304:  # noqa: PLR2004
        return Response(status_code=304, headers=head)
    if asked.status == 416:  # noqa: PLR2004
        error = unsatisfiable(stored.size)
        error.headers = {**_without_body(head), **error.headers}
        raise error
    if stored.damaged:
        raise rules.damaged("This object")
    if request.method == "HEAD":
        return Response(headers={**head, "Content-Length": str(stored.size)})
    body = await door.in_thread(_body, door.ground_of(request), stored, filename)
    if body.redirect is not None:
        return Response(status_code=302, headers={**head, "Location": body.redirect})
    return _answer(body, asked.status, asked.spans, head)


def _body(ground: Ground, stored: StoredObject, filename: str | None) -> Body:
    """The best form of an object; a whole copy that is not there any more is noted as damaged."""
    if stored.has_blob:
        key = rules.blob_key(stored.sha256)
        if _is_whole(ground, stored):
            life = given.STORE_LIFE_SECONDS
            link = ground.store.signed_url(key, seconds=life, filename=filename)
            return Body(ground, stored, None, link)
        with ground.write() as tx:
            actions.mark_blob_damaged(tx, stored.sha256)
    if stored.xet_hash is None:
        raise rules.damaged("This object")
    with ground.read() as tx:
        file = queries.file(tx, stored.xet_hash)
    if file is None:
        raise rules.damaged("This object")
    return Body(ground, stored, file, None)


def _is_whole(ground: Ground, stored: StoredObject) -> bool:
    """Whether the whole copy can be sent: it is a file here of the right length, or elsewhere."""
    path = ground.store.local_path(rules.blob_key(stored.sha256))
    if path is None:
        return True
    try:
        return path.is_file() and not path.is_symlink() and path.stat().st_size == stored.size
    except OSError:
        return False


def _answer(body: Body, status: int, asked: tuple[Span, ...], head: Mapping[str, str]) -> Response:
    size = body.stored.size
    if len(asked) > 1:
        frame = Multipart(asked, size, head["Content-Type"], secrets.token_hex(16))
        many = {**head, "Content-Type": frame.media_type}
        return MadeAnswer(_framed(body, frame), frame.length, status=status, headers=many)
    span = asked[0]
    one = dict(head)
    if status == 206:  # noqa: PLR2004
        one["Content-Range"] = span.content_range(size)
    if body.file is None:
        path = body.ground.store.local_path(rules.blob_key(body.stored.sha256))
        if path is not None:
            return FileAnswer(path, span.start, span.end, status=status, headers=one)
    return MadeAnswer(body.pieces(span), span.length, status=status, headers=one)


def _framed(body: Body, frame: Multipart) -> Pieces:
    """Several ranges as one body."""
    for span in frame.spans:
        yield frame.head(span)
        yield from body.pieces(span)
    yield frame.end


def _merged(ours: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    """Headers of both; where both have one, the caller's."""
    named = {name.lower() for name in theirs}
    return {name: value for name, value in ours.items() if name.lower() not in named} | dict(theirs)


def _without_body(head: Mapping[str, str]) -> dict[str, str]:
    """Headers without those that speak of a body."""
    spoken = {"content-type", "content-disposition", "content-length"}
    return {name: value for name, value in head.items() if name.lower() not in spoken}
