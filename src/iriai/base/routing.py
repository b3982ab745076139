"""Routes that say who may call them, matched on the path as it was sent.

ASGI decodes `%2F` in `scope["path"]`, after which `resolve/refs%2Fpr%2F1/x` would read as revision
`refs`. So the app is wrapped in `RawPath`: the router sees the percent-encoded path, and a handler
decodes each of its parameters once, with `unquoted`.
"""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from iriai.base.errors import Invalid

Endpoint = Callable[[Request], Awaitable[Response] | Response]


class Access(StrEnum):
    """Who may call a route. The handler's rules still judge the particular thing asked for."""

    ANYONE = "anyone"
    SIGNED_IN = "signed in"
    REPO_READ = "may read the repository"
    REPO_WRITE = "may write to the repository"
    REPO_ADMIN = "may administer the repository"
    ORG_ADMIN = "administers the organisation"
    TOKEN_SIGNED = "holds a signed URL or transfer token"  # noqa: S105 - not a password
    OPERATOR = "operates the hub"


class DeclaredRoute(Route):
    """A route together with who may call it."""

    access: Access


def route(
    path: str,
    endpoint: Endpoint,
    *,
    methods: Sequence[str],
    access: Access,
    name: str | None = None,
) -> DeclaredRoute:
    """A route. `access` has no default: one that says nothing cannot be written."""
    if not isinstance(access, Access):
        raise TypeError(f"The route {path} does not say who may call it.")
    made = DeclaredRoute(path, endpoint, methods=list(methods), name=name)
    made.access = access
    if "HEAD" not in methods and made.methods is not None:
        made.methods.discard("HEAD")  # Starlette adds it to GET by itself
    return made


def unquoted(request: Request, name: str) -> str:
    """A path parameter, decoded once. Bytes that are not UTF-8 are `Invalid`."""
    raw: Any = request.path_params[name]
    try:
        return unquote(raw, errors="strict")
    except UnicodeDecodeError:
        raise Invalid("The address is not valid UTF-8.") from None


class RawPath:
    """Middleware: route on the path as it was sent, still percent-encoded."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put the raw path where the router looks."""
        if scope["type"] == "http" and scope.get("raw_path"):
            scope = {**scope, "path": scope["raw_path"].partition(b"?")[0].decode("latin-1")}
        await self.app(scope, receive, send)
