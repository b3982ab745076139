"""Requests into `Ask`s, and pages into routes.

A page is a plain function `(Ask) -> Response`. `get` and `post` make it a route: they say who may
call it, see that a form comes from a page of this hub, and run it in a thread, for it blocks.
Errors are raised through; the app asks `problems` for the page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from iriai.base.numbers import whole
from iriai.base.routing import Access, DeclaredRoute, route, unquoted
from iriai.base.tx import Ground
from iriai.identity.rules import Actor, require_signed_in
from iriai.web import forms, render
from iriai.web.forms import FORM_BYTES_MAX, Form

SEE_OTHER = 303
NUMBER_DIGITS_MAX = 15
SIGNED_IN_ONLY = (Access.SIGNED_IN, Access.ORG_ADMIN, Access.REPO_ADMIN, Access.OPERATOR)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, as a page sees it."""

    request: Request
    ground: Ground
    actor: Actor
    form: Form

    def part(self, name: str) -> str:
        """A part of the path, decoded once."""
        return unquoted(self.request, name)

    def raw(self, name: str) -> str:
        """A part of the path as it was sent."""
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        """A value of the query."""
        return self.request.query_params.get(name, default)

    def number(self, name: str, default: int, *, most: int) -> int:
        """A whole number of the query, between 0 and `most`; anything else is the default."""
        given = whole(self.query(name), digits_max=NUMBER_DIGITS_MAX)
        return default if given is None else min(given, most)

    def page(self, template: str, **facts: Any) -> Response:
        """A page made of a template and facts."""
        return render.page(self.request, template, **facts)


Work = Callable[[Ask], Response]


def get(path: str, work: Work, *, access: Access) -> DeclaredRoute:
    """A page to look at."""

    def endpoint(request: Request) -> Response:
        require_somebody(request, access)
        return work(_ask(request, Form()))

    return route(path, endpoint, methods=["GET"], access=access)


def post(path: str, work: Work, *, access: Access, size_max: int = FORM_BYTES_MAX) -> DeclaredRoute:
    """A form to send."""

    async def endpoint(request: Request) -> Response:
        forms.require_same_origin(request)
        require_somebody(request, access)
        staging = request.app.state.ground.store.staging()
        form = await forms.receive(request, size_max=size_max, staging=staging)
        try:
            return await to_thread.run_sync(work, _ask(request, form))
        finally:
            await to_thread.run_sync(form.close)

    return route(path, endpoint, methods=["POST"], access=access)


def require_somebody(request: Request, access: Access) -> None:
    """Pages for people who are signed in ask others to do so, before anything else is looked at."""
    if access in SIGNED_IN_ONLY:
        require_signed_in(request.state.actor)


def see(path: str) -> Response:
    """After a form: look here."""
    return Response(status_code=SEE_OTHER, headers={"Location": path, "Cache-Control": "no-store"})


def local(path: str, default: str = "/") -> str:
    """A path of this hub that a form or query named; anything else is the default."""
    plain = path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else default


def came_from(request: Request) -> str:
    """The page of this hub that led here, for a form or link that does not name it."""
    where = urlsplit(request.headers.get("referer", ""))
    if where.netloc != request.headers.get("host", ""):
        return "/"
    path = local(where.path + (f"?{where.query}" if where.query else ""))
    return "/" if path.startswith(("/login", "/join", "/logout")) else path


def _ask(request: Request, form: Form) -> Ask:
    return Ask(request, request.app.state.ground, request.state.actor, form)
