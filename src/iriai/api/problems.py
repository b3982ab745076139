"""From the seven kinds of error to what a client reads. The one table of the JSON door.

Clients read `X-Error-Code` first, then `X-Error-Message`, then the body's `error`; on a plain
`http://` hub the code is all they go by. 408, 429 and every 5xx is tried again five times over 23
seconds, so a client's own mistake must never be one of those.
"""

from typing import Any

import orjson
from starlette.responses import Response

from iriai.base.errors import (
    Conflict,
    Denied,
    Excessive,
    Gone,
    HubError,
    Invalid,
    Unavailable,
    Unknown,
)

STATUS_OF_KIND: dict[type[HubError], int] = {
    Invalid: 400,
    Unknown: 404,
    Denied: 403,
    Conflict: 409,
    Gone: 410,
    Excessive: 413,
    Unavailable: 503,
}
"""What each kind means on the wire, where its code does not say otherwise."""

STATUS_OF_CODE: dict[str, int] = {
    "Unauthenticated": 401,
    "BranchMoved": 412,
    "RepoNotFound": 404,  # also of a deleted one: hub.js takes only a 404 for "is not there"
    "PathRefused": 422,
    "TooManyRequests": 429,
    "MethodNotAllowed": 405,
    "RangeNotSatisfiable": 416,
    "NotImplemented": 501,
    "StorageFull": 507,
}
"""Codes with a status of their own."""

FOR_SOMEBODY = frozenset({"RepoNotFound", "GatedRepo"})
"""Codes of what is perhaps there for who signs in."""

NOT_SIGNED_IN = "Invalid username or password."
"""What clients know as the words for it, also of who sent neither."""

SIGN_IN_CHALLENGE = 'Bearer realm="iriai", charset="UTF-8"'
RETRY_AFTER_SECONDS = 5
MESSAGE_LENGTH_MAX = 1_000
BUG = "Something went wrong on this hub. Its operator can look up the id in X-Request-Id."


def status(error: HubError) -> int:
    """The HTTP status of an error."""
    special = STATUS_OF_CODE.get(error.code)
    if special is not None:
        return special
    for kind in type(error).__mro__:
        if kind in STATUS_OF_KIND:
            return STATUS_OF_KIND[kind]
    return 500


def answer(
    error: HubError,
    *,
    headers: dict[str, str] | None = None,
    nobody: bool = False,
    **more: Any,
) -> Response:
    """The answer to a request that failed for a reason we can name.

    `nobody`: who asks has not said who they are. What somebody could be shown (a repository that is
    hidden or not there, and one behind a gate) is then a 401, as clients expect of it.
    """
    found, message = status(error), error.message
    if nobody and error.code in FOR_SOMEBODY and not isinstance(error, Gone):
        found = 401
        message = f"{message}. {NOT_SIGNED_IN}" if error.code == "RepoNotFound" else message
    extra = dict(error.headers)
    if found == 401:  # noqa: PLR2004
        extra.setdefault("WWW-Authenticate", SIGN_IN_CHALLENGE)
    if found == 503:  # noqa: PLR2004
        extra.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    return said(found, message, code=error.code, headers={**extra, **(headers or {})}, **more)


def said(
    status: int, message: str, *, code: str = "", headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """An error in the three places where clients look for it."""
    head = {"X-Error-Message": header_text(message), **(headers or {})}
    if code:
        head["X-Error-Code"] = code
    return Response(
        orjson.dumps({"error": message, **more}), status, head, media_type="application/json"
    )


def header_text(message: str) -> str:
    """A message fit for a header: one line of latin-1 that can be printed, not too long."""
    line = " ".join(message.split())[:MESSAGE_LENGTH_MAX]
    line = "".join(each if each.isprintable() else "?" for each in line)
    return line.encode("latin-1", "replace").decode("latin-1")
