"""What every request of the hub passes: who asks, for how long, and what each answer carries.

The door authenticates and translates; it decides nothing else. A bearer token is an API client, a
Basic password that is a token is git or git-lfs, and a session cookie counts on pages, and for
reading the files they link to, so that no other site can make a browser call the API in somebody's
name.

Handlers come in three forms. `async def` for those that move bytes; plain `def`, which runs in a
thread; and `def` with `@reading`, which is given its transaction, opened once for asking who it is
and for the answer (the hot routes: one thread hop, one transaction, at most three statements).
"""

import base64
import binascii
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address
from iriai.api.bodies import Body, json_body
from iriai.base.errors import Denied
from iriai.base.threads import Threads
from iriai.base.tx import Ground, Tx
from iriai.identity import queries as identity
from iriai.identity.rules import ANYONE, Actor
from iriai.signin.keys import queries as keys

P = ParamSpec("P")
T = TypeVar("T")

REQUEST_ID_LENGTH_MAX = 200
READING_THREADS = 8
WORKING_THREADS = 32
SESSION_COOKIE = "iriai_session"

LINKED = re.compile(r"^/(?!api/)(?:[^/]+/){2,3}(?:resolve|raw)/")
"""The addresses of files that pages link to."""

PULLED = re.compile(r"^/v2/([^/]+/[^/]+)/(?:manifests|blobs)/")
"""The addresses that ollama pulls a model from."""

TWIN = re.compile(r"^/api/(?!.*(?:token|/settings/))")
"""The addresses of pages as JSON."""

THIS_MACHINE = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
"""A host that is nobody else's, and its port."""

UNSAFE_IN_REQUEST_ID = re.compile(r"[^\x21-\x7e]")

_reading = Threads(READING_THREADS, "reading")
_working = Threads(WORKING_THREADS, "working")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work off the event loop."""
    return await _working.run(partial(work, *args, **kwargs))


async def in_reading_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The same for what is quick, and must not wait behind commits."""
    return await _reading.run(partial(work, *args, **kwargs))


def ground_of(request: Request) -> Ground:
    """What this process stands on."""
    return cast("Ground", request.app.state.ground)


def actor_of(request: Request) -> Actor:
    """Who asks."""
    return cast("Actor", request.state.actor)


def base_url(request: Request) -> str:
    """The hub's own address as configured; never the Host header, which the client writes.

    Except where none is configured and this machine alone is served, which is `localhost` to one
    and `127.0.0.1` to another: clients refuse the address of another host than the one they asked.
    """
    settings = ground_of(request).settings
    scheme, _, own = settings.url.partition("://")
    if not settings.base_url and (here := THIS_MACHINE.fullmatch(own)):
        asked = THIS_MACHINE.fullmatch(request.headers.get("host", ""))
        if asked and asked[1] == here[1]:
            return f"{scheme}://{asked[0]}"
    return settings.url


# -- who asks ----------------------------------------------------------------------------------


def token_in(authorization: str) -> str:
    """The token in an Authorization header: a bearer, or the password of Basic."""
    scheme, _, rest = authorization.partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer" and rest:
        return rest
    if scheme.lower() == "basic":
        try:
            _, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            password = ""
        if password:
            return password
    raise Denied("Invalid credentials in Authorization header", code="Unauthenticated")


def authenticate(tx: Tx, request: Request, *, page: bool = False) -> Actor:
    """Who asks: one statement, or none where no credentials came."""
    authorization = request.headers.get("authorization")
    if authorization:
        raw = token_in(authorization)
        if keys.is_ticket(raw) and (pulled := PULLED.match(request.scope["path"])):
            return keys.actor_by_ticket(tx, raw, pulled[1]) or ANYONE
        return identity.actor_by_token(tx, raw)
    if page and (session := request.cookies.get(SESSION_COOKIE)):
        return identity.actor_by_session(tx, session) or ANYONE
    return ANYONE


def is_followed(request: Request) -> bool:
    """Whether somebody may have come here by a link on a page, so that their session counts too.

    To a file (`resolve`, `raw`), or, where the browser says that a page of this hub led here, to a
    page as JSON. Nothing is changed by it, and no script may read an answer with credentials.
    """
    if request.method not in ("GET", "HEAD"):
        return False
    path, headers = request.scope["path"], request.headers
    if LINKED.search(path) is not None:
        return True
    led_here = headers.get("sec-fetch-site") == "same-origin"
    looks = headers.get("sec-fetch-mode") == "navigate"
    return led_here and looks and TWIN.search(path) is not None


def enter(request: Request, tx: Tx) -> None:
    """Who asks, for a handler that has its transaction open; the app does it for the others."""
    request.state.actor = authenticate(tx, request, page=is_followed(request))
    request.state.admit()


def has_credentials(request: Request, *, page: bool = False) -> bool:
    """Whether asking who it is would cost a statement at all."""
    return "authorization" in request.headers or (page and SESSION_COOKIE in request.cookies)


def require_signed_in(actor: Actor) -> None:
    """Somebody, not anybody."""
    if actor.id is None:
        raise Denied("Sign in first: this needs an access token.", code="Unauthenticated")


# -- forms of handler --------------------------------------------------------------------------

Reader = Callable[[Request, Tx], Response]


def reading(handler: Reader) -> Callable[[Request], Response]:
    """A handler that is given its read transaction, in which the asker was authenticated."""

    @wraps(handler)
    def endpoint(request: Request) -> Response:
        with ground_of(request).read() as tx:
            enter(request, tx)
            return handler(request, tx)

    endpoint.authenticates = True  # type: ignore[attr-defined]
    return endpoint


def reading_at_length(handler: Reader) -> Callable[[Request], Response]:
    """The same for one that may take long: it keeps out of the way of the quick ones."""
    endpoint = reading(handler)
    endpoint.takes_long = True  # type: ignore[attr-defined]
    return endpoint


def with_json(
    handler: Callable[[Request, Body], Response],
) -> Callable[[Request], Awaitable[Response]]:
    """A handler that is given the request's JSON object, and runs in a thread."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        return await in_thread(handler, request, await json_body(request))

    return endpoint


# -- addresses ---------------------------------------------------------------------------------


def repo_named(request: Request) -> tuple[str, str]:
    """The kind and full name of the repository in this request's path."""
    pieces = request.scope["path"].split("/", 3)
    if pieces[1] == "api":
        kind = address.kind_of(pieces[2])
    else:
        kind = address.KIND_OF_PREFIX.get(pieces[1], "model")
    params = request.path_params
    return kind, f"{address.decoded(params['owner'])}/{address.decoded(params['name'])}"


def request_id(headers: Mapping[str, str]) -> str:
    """The id the client gave its request, or a fresh one; it stands in every error text."""
    given = headers.get("x-request-id") or headers.get("x-amzn-trace-id") or ""
    cleaned = UNSAFE_IN_REQUEST_ID.sub("", given)[:REQUEST_ID_LENGTH_MAX]
    return cleaned or secrets.token_hex(16)


# -- answers -----------------------------------------------------------------------------------


def json_answer(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer in JSON."""
    return Response(
        orjson.dumps(content), status, dict(headers or {}), media_type="application/json"
    )


def next_page(request: Request, **changed: str | int) -> str:
    """A Link header to the page that follows: absolute, with all of the query, to be used as is."""
    from starlette.datastructures import QueryParams  # noqa: PLC0415 - off the hot path

    kept = [(key, value) for key, value in request.query_params.multi_items() if key not in changed]
    query = QueryParams([*kept, *((key, str(value)) for key, value in changed.items())])
    return f'<{base_url(request)}{request.scope["path"]}?{query}>; rel="next"'
