"""`POST /uploads`: a picture or recording comes as the body, its address goes back as plain text.

Called by `upload_attachment`. It is served under a random name, as what it was found to be, and
never runs anything.
"""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from iriai.api import door
from iriai.api.transfer import FileAnswer, MadeAnswer, staged, unsatisfiable
from iriai.base.http import ranges
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.discussions import attachments

UNCHANGING = "public, max-age=31536000, immutable"


async def attach(request: Request) -> Response:
    """Keep what comes."""
    content_type = attachments.clean_type(request.headers.get("content-type", ""))
    ground, actor = door.ground_of(request), door.actor_of(request)
    came = await staged(request, size_max=attachments.size_max(content_type))
    try:
        made = await door.in_thread(attachments.attach, ground, actor, came.path, content_type)
    finally:
        came.path.unlink(missing_ok=True)
    return PlainTextResponse(f"{door.base_url(request)}/uploads/{made.name}")


async def attached(request: Request) -> Response:
    """One of them, or a part of it."""
    found = await door.in_reading_thread(_found, request)
    headers = {
        "Content-Type": found.content_type,
        "ETag": f'"{found.name}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": UNCHANGING,
    }
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
    else:
        status = 200
    if status == 206:  # noqa: PLR2004
        headers["Content-Range"] = span.content_range(found.size)
    store = door.ground_of(request).store
    path = store.local_path(found.key)
    if path is not None:
        return FileAnswer(path, span.start, span.end, status=status, headers=headers)
    pieces = store.stream(found.key, span.start, span.end)
    return MadeAnswer(pieces, span.length, status=status, headers=headers)


def _found(request: Request) -> attachments.Attachment:
    with door.ground_of(request).read() as tx:
        return attachments.attachment(tx, request.path_params["file"])


ROUTES: list[DeclaredRoute] = [
    route("/uploads", attach, methods=["POST"], access=Access.SIGNED_IN),
    route("/uploads/{file}", attached, methods=["GET", "HEAD"], access=Access.ANYONE),
]
