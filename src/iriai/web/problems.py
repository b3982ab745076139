"""From the seven kinds of error to a page that helps. The one table of the HTML door."""

from urllib.parse import quote

from starlette.requests import Request
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
from iriai.web import render
from iriai.web.texts import gettext as _

STATUS_OF_KIND: dict[type[HubError], int] = {
    Invalid: 400,
    Unknown: 404,
    Denied: 403,
    Conflict: 409,
    Gone: 410,
    Excessive: 413,
    Unavailable: 503,
}
STATUS_OF_CODE = {
    "Unauthenticated": 401,
    "TooManyRequests": 429,
    "NotImplemented": 501,
    "StorageFull": 507,
}
SEE_OTHER = 303
BUG = 500
RETRY_AFTER_SECONDS = "5"


def page(request: Request, error: HubError) -> Response:
    """The page for an error we can explain."""
    if error.code == "Unauthenticated" and request.method in ("GET", "HEAD"):
        return _sign_in_first(request)
    found = status(error)
    headers = {"X-Error-Code": error.code}
    if found == STATUS_OF_KIND[Unavailable]:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    return _shown(request, found, error.message, headers)


def _sign_in_first(request: Request) -> Response:
    """Send whoever is not signed in to the door, and remember where they were going."""
    where = request.scope["path"] + (f"?{request.url.query}" if request.url.query else "")
    door = f"/login?next={quote(where, safe='/')}&first=yes"
    there = {"Location": door, "Cache-Control": "no-store"}
    return Response(status_code=SEE_OTHER, headers=there)


def bug(request: Request) -> Response:
    """The page for an error nobody expected; the log has what happened."""
    return _shown(request, BUG, _("Something went wrong on this hub, and it has been noted."), {})


def status(error: HubError) -> int:
    """The HTTP status of an error."""
    if error.code in STATUS_OF_CODE:
        return STATUS_OF_CODE[error.code]
    return next(
        (STATUS_OF_KIND[kind] for kind in type(error).__mro__ if kind in STATUS_OF_KIND), BUG
    )


def heading(found: int) -> str:
    """What a status means, in a few words."""
    return {
        400: _("That cannot be done"),
        401: _("Sign in first"),
        403: _("You may not do this"),
        404: _("Nothing at this address"),
        409: _("It changed meanwhile"),
        410: _("It was here, and was removed"),
        413: _("Too much at once"),
        429: _("A little slower, please"),
        501: _("This hub does not do that"),
        503: _("Not just now"),
        507: _("This hub is full"),
    }.get(found, _("Something went wrong"))


def _shown(request: Request, found: int, message: str, headers: dict[str, str]) -> Response:
    return render.page(
        request,
        "problem.html",
        status=found,
        headers={**headers, "Cache-Control": "no-store"},
        title=heading(found),
        code=found,
        message=message,
        here="",  # a page that says no echoes nothing of what was asked
    )
