"""Our own files, and the pictures of accounts. Nothing here comes from a user."""

import mimetypes
from datetime import timedelta
from functools import lru_cache

from starlette.responses import Response

from iriai.base.errors import Unknown
from iriai.base.routing import Access
from iriai.web import charts, render
from iriai.web.door import Ask, get

FOR_EVER = "public, max-age=31536000, immutable"
A_DAY = "public, max-age=86400"
NAME_LENGTH_MAX = 200
SECURITY_GOOD_FOR = timedelta(days=180)
"""Reckoned anew each time it is asked for; RFC 9116 wants less than a year."""
NOTHING_RUNS = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def static(ask: Ask) -> Response:
    """One of our own files. Its address names its content, so it may be kept for ever."""
    return _file(ask, ask.raw("digest"), ask.raw("path"))


def favicon(ask: Ask) -> Response:
    """The mark, for who asks the old way."""
    return _file(ask, render.static_url("mark.svg").split("/")[2], "mark.svg")


def avatar(ask: Ask) -> Response:
    """The picture of an account; it is drawn from the name, whether or not there is one."""
    name = ask.part("name").removesuffix(".svg")[:NAME_LENGTH_MAX]
    return Response(
        charts.avatar(name),
        headers={"Cache-Control": A_DAY, "Content-Security-Policy": NOTHING_RUNS},
        media_type="image/svg+xml",
    )


def robots(_ask: Ask) -> Response:
    """What search engines leave alone."""
    text = "User-agent: *\nDisallow: /api/\nDisallow: /settings/\nDisallow: /login\n"
    return Response(text, media_type="text/plain", headers={"Cache-Control": A_DAY})


def security(ask: Ask) -> Response:
    """Where to write about a hole (RFC 9116), if the operator said so."""
    settings = ask.ground.settings
    if not settings.contact:
        raise Unknown("This hub's operator has given no address to write to.", code="NotFound")
    expires = ask.ground.clock() + SECURITY_GOOD_FOR
    lines = [
        f"Contact: {settings.contact_url}",
        f"Expires: {expires:%Y-%m-%dT00:00:00Z}",
        f"Canonical: {settings.url}/.well-known/security.txt",
    ]
    return Response(
        "".join(f"{line}\n" for line in lines),
        media_type="text/plain",
        headers={"Cache-Control": A_DAY},
    )


def _file(ask: Ask, digest: str, name: str) -> Response:
    kept = _files()
    if name not in kept or render.static_url(name).split("/")[2] != digest:
        raise Unknown("There is no such file.", code="NotFound")
    plain, packed, kind = kept[name]
    headers = {
        "Cache-Control": FOR_EVER,
        "Vary": "Accept-Encoding",
        "Content-Security-Policy": NOTHING_RUNS,
    }
    if "gzip" in ask.request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(packed, headers=headers, media_type=kind)
    return Response(plain, headers=headers, media_type=kind)


@lru_cache(maxsize=1)
def _files() -> dict[str, tuple[bytes, bytes, str]]:
    """Every file of ours, plain and compressed, with its type."""
    found = {}
    for path in render.STATIC.rglob("*"):
        kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
        if path.is_file() and kind and path.suffix in TYPES:
            data = path.read_bytes()
            found[path.relative_to(render.STATIC).as_posix()] = (data, render.packed(data), kind)
    return found


ROUTES = [
    get("/static/{digest}/{path:path}", static, access=Access.ANYONE),
    get("/avatars/{name}", avatar, access=Access.ANYONE),
    get("/favicon.ico", favicon, access=Access.ANYONE),
    get("/.well-known/security.txt", security, access=Access.ANYONE),
    get("/security.txt", security, access=Access.ANYONE),
    get("/robots.txt", robots, access=Access.ANYONE),
]
