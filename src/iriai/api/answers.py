"""What every answer carries, and what a script on another origin may read of it."""

from collections.abc import Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response

Headers = list[tuple[bytes, bytes]]

EXPOSED = (
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Link, Location, RateLimit, "
    "RateLimit-Policy, Retry-After, X-Error-Code, X-Error-Message, X-Linked-ETag, X-Linked-Size, "
    "X-Repo-Commit, X-Request-Id, X-Xet-Access-Token, X-Xet-Cas-Url, X-Xet-Hash, "
    "X-Xet-Refresh-Route, X-Xet-Token-Expiration"
)
"""What hub.js and transformers.js read in a browser."""

ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
ALLOWED_HEADERS = (
    "Authorization, Content-Type, Range, If-None-Match, If-Range, If-Match, X-Request-Id, "
    "X-Xet-Session-Id, User-Agent, Accept"
)
PREFLIGHT_SECONDS = "86400"

NOTHING_RUNS = b"default-src 'none'; frame-ancestors 'none'; sandbox"
PAGE_POLICY = (
    b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    b"form-action 'self'; frame-ancestors 'none'"
)

_EVERY: Headers = [
    (b"cache-control", b"private, no-cache"),  # who asks decides what there is, even on a 404
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
]
_API: Headers = [
    *_EVERY,
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", EXPOSED.encode()),
    (b"content-security-policy", NOTHING_RUNS),
]
_PAGE: Headers = [*_EVERY, (b"content-security-policy", PAGE_POLICY)]


def finished(
    headers: Iterable[tuple[bytes, bytes]],
    request_id: str,
    *,
    page: bool,
    more: Mapping[str, str] | None = None,
) -> Headers:
    """The headers of an answer with those that every answer has; what is there already stays."""
    made = list(headers)
    present = {name.lower() for name, _ in made}
    made += [each for each in (_PAGE if page else _API) if each[0] not in present]
    made.append((b"x-request-id", request_id.encode("latin-1")))
    for name, value in (more or {}).items():
        key = name.lower().encode()
        if key not in present:
            made.append((key, value.encode("latin-1")))
    return made


def preflight() -> Response:
    """What a browser asks before a script on another origin may call."""
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": ALLOWED_METHODS,
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Max-Age": PREFLIGHT_SECONDS,
            "Vary": "Origin",
        },
    )


def wants_page(request: Request) -> bool:
    """Whether a person with a browser asked, rather than a client of the API."""
    path = request.scope["path"]
    return not path.startswith("/api/") and "text/html" in request.headers.get("accept", "")
