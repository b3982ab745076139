"""The ASGI app: the doors' routes behind one entrance.

A request passes, in this order: its path as it was sent, a request id, the switchboard, who asks,
how often they asked, the handler; and on the way out the headers that every answer carries and one
line in the access log. Errors of the seven kinds become answers here, each in the words of its
door; anything else is a bug and is logged once.
"""

import importlib
import inspect
import logging
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from time import perf_counter
from types import ModuleType
from typing import Any, cast

from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Router
from starlette.types import Message, Receive, Scope, Send

import iriai.api
import iriai.web.pages
from iriai.api import address, answers, at_gate, door, limits, openapi, ownerless, problems
from iriai.base.errors import Denied, Excessive, HubError, Invalid, Unknown
from iriai.base.names import RESERVED
from iriai.base.routing import Access, DeclaredRoute
from iriai.base.switchboard import Found, Switchboard
from iriai.base.tx import Ground
from iriai.identity import admission
from iriai.identity.rules import ANYONE, Actor
from iriai.repos import queries as repos
from iriai.web import problems as page_problems

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ADMITS_SOMEBODY = frozenset(
    {Access.SIGNED_IN, Access.REPO_WRITE, Access.REPO_ADMIN, Access.ORG_ADMIN}
)
READS = frozenset({Access.ANYONE, Access.REPO_READ, Access.TOKEN_SIGNED})
PAGES = "iriai.web."
NUL = "%00"
SECRET_PATHS = ("/invite/", "/welcome/", "/setup/", "/password/", "/notifications/mail/")

access_log = logging.getLogger("iriai.access")
log = logging.getLogger("iriai.door")


def hub(ground: Ground) -> "Hub":
    """The app that serves all doors on this ground."""
    return Hub(ground, list(routes_of(iriai.api)) + list(routes_of(iriai.web.pages)))


def routes_of(package: ModuleType) -> Iterator[DeclaredRoute]:
    """The routes of a door: what its modules, at any depth, keep in `ROUTES`."""
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        module = importlib.import_module(info.name)
        yield from getattr(module, "ROUTES", ())


def require_reserved(routes: Iterable[DeclaredRoute]) -> None:
    """Every first word of a route is one that no account can take."""
    for each in routes:
        word = each.path.split("/")[1]
        if word and not word.startswith("{") and word not in RESERVED:
            raise RuntimeError(f"Reserve the word {word!r}: the route {each.path} starts with it.")


class Hub:
    """One process's app. `state.ground` is what handlers stand on."""

    def __init__(self, ground: Ground, routes: list[DeclaredRoute]) -> None:
        require_reserved(routes)
        self.state = State({"ground": ground})
        self.routes = routes
        self.paths = frozenset(each.path for each in routes)
        self.board = Switchboard(routes)
        self.ownerless = ownerless.Ownerless(openapi.api_routes(routes))
        self.router = Router(list(routes))  # for `request.url_for`; never asked to route
        self.limits = limits.Limits(enforced=ground.settings.rate_limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] == "http":
            await Visit(self, scope, receive, send).serve()
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    def at(self, method: str, path: str) -> Found | frozenset[str]:
        """The route at an address, or the methods it takes; last as a repository without owner."""
        allowed: frozenset[str] = frozenset()
        ours = path.split("/", 2)[1] in RESERVED  # no account has one of our words as its name
        for board in (self.board, self.ownerless):
            found = board.find(method, path)
            if isinstance(found, frozenset) and method == "HEAD":
                found = board.find("GET", path)
            if isinstance(found, frozenset):
                allowed = allowed or found
            elif not (ours and found.route.path.startswith("/{")):
                return found
        return allowed


class Visit:
    """One request on its way through."""

    def __init__(self, hub: Hub, scope: Scope, receive: Receive, send: Send) -> None:
        self.hub = hub
        self.started = perf_counter()
        raw = scope.get("raw_path")
        if raw:
            scope["path"] = raw.partition(b"?")[0].decode("latin-1")
        scope["app"], scope["router"] = hub, hub.router
        scope["path_params"], scope["state"] = {}, {}
        self.scope, self.receive, self._send = scope, receive, send
        self.request = Request(scope, receive, self.send)
        self.request_id = door.request_id(self.request.headers)
        self.request.state.request_id = self.request_id
        self.request.state.actor = ANYONE
        self.page = False
        self.pattern = ""
        self.status = 0
        self.headers: dict[str, str] = {}

    async def serve(self) -> None:
        """Answer, whatever happens."""
        try:
            response = await self.answer()
            await response(self.scope, self.receive, self.send)
        except ClientDisconnect:
            self.status = self.status or 499
        except HubError as error:
            await self.refuse(error)
        except HTTPException as error:
            await self.refuse(_of_starlette(error))
        except Exception:
            log.exception("request %s: %s %s", self.request_id, self.scope["method"], self.pattern)
            if self.status:
                raise  # too late for an answer: the connection must not look complete
            response = problems.said(500, problems.BUG)
            if self.page:
                response = await door.in_thread(page_problems.bug, self.request)
            await response(self.scope, self.receive, self.send)
        finally:
            admission.note_use(door.ground_of(self.request), door.actor_of(self.request))
            self.note()

    async def answer(self) -> Response:
        """Find the handler, learn who asks, call it."""
        method, path = self.scope["method"], self.scope["path"]
        if NUL in path or NUL.encode() in self.scope["query_string"]:
            self.page = answers.wants_page(self.request)
            raise Invalid("An address cannot hold a null character.")
        if method == "OPTIONS" and "access-control-request-method" in self.request.headers:
            return answers.preflight()
        found = self.found(method, path)
        if isinstance(found, Response):
            return found
        made = cast("DeclaredRoute", found.route)
        self.pattern = made.path
        self.scope["path_params"], self.scope["endpoint"] = found.params, made.endpoint
        self.page = made.endpoint.__module__.startswith(PAGES)
        return await self.enter(made)

    def found(self, method: str, path: str) -> Found | Response:
        """The route of this request; pages forgive a slash at the end."""
        found = self.hub.at(method, path)
        if isinstance(found, Found):
            return found
        self.page = answers.wants_page(self.request)
        bare = path.rstrip("/")
        if not found and bare and bare != path and not path.startswith("//"):
            found_bare = self.hub.board.find(method, bare)
            if isinstance(found_bare, Found):
                return RedirectResponse(bare, 308)
        if found:
            error = Invalid(f"This address does not take {method}.", code="MethodNotAllowed")
            error.headers = {"Allow": ", ".join(sorted(found))}
            raise error
        raise Unknown("There is nothing at this address.", code="NotFound")

    async def enter(self, made: DeclaredRoute) -> Response:
        """Authenticate, count, and call the handler, plain ones all in one thread hop."""
        endpoint: Callable[[Request], Any] = made.endpoint
        self.request.state.admit = partial(self.admit, made)
        alone = getattr(endpoint, "authenticates", False)  # the handler does both, in one tx
        # a signed URL's token is its handler's to judge
        asks = not alone and made.access is not Access.TOKEN_SIGNED
        by_session = self.page or door.is_followed(self.request)
        asks &= door.has_credentials(self.request, page=by_session)
        if not inspect.iscoroutinefunction(endpoint):
            quick = alone and not getattr(endpoint, "takes_long", False)
            hop = door.in_reading_thread if quick else door.in_thread
            return await hop(self.enter_in_thread, endpoint, asks=asks, admits=not alone)
        if asks:
            await door.in_reading_thread(self.recognise)
        if not alone:
            self.admit(made)
        return await cast("Awaitable[Response]", endpoint(self.request))

    def enter_in_thread(
        self, endpoint: Callable[[Request], Response], *, asks: bool, admits: bool
    ) -> Response:
        """The same for a plain handler."""
        if asks:
            self.recognise()
        if admits:
            self.request.state.admit()
        return endpoint(self.request)

    def recognise(self) -> None:
        """Learn who asks."""
        with door.ground_of(self.request).read() as tx:
            by_session = self.page or door.is_followed(self.request)
            self.request.state.actor = door.authenticate(tx, self.request, page=by_session)

    def admit(self, made: DeclaredRoute) -> None:
        """What the route says of who may call it, as far as that is known without the thing."""
        actor = door.actor_of(self.request)
        self.count(made, actor)
        if self.page:
            return  # pages ask a visitor to sign in instead
        if made.access in ADMITS_SOMEBODY:
            door.require_signed_in(actor)
        if made.access is Access.OPERATOR and not actor.is_operator:
            raise Denied("Only this hub's operator may do this.")

    def count(self, made: DeclaredRoute, actor: Actor) -> None:
        """Count this request against its asker's quota."""
        if not self.hub.limits.enforced:
            return
        changes = self.scope["method"] not in SAFE_METHODS
        quota = limits.quota(made.path, changes=changes, page=self.page, access=made.access)
        who = f"@{actor.id}" if actor.id else limits.asker(self.request)
        self.headers |= self.hub.limits.spend(quota, who, signed_in=actor.id is not None)
        if actor.restraints and changes and made.access not in READS:
            path = self.scope["path"]
            if limits.throttled(actor, path) and not path.startswith("/commons/"):
                self.hub.limits.spend(limits.THROTTLED, who, signed_in=True)

    async def refuse(self, error: HubError) -> None:
        """Say what went wrong, in the words of the door that was called."""
        if self.status:
            raise RuntimeError("An answer that had begun cannot be taken back.") from error
        response = await door.in_thread(self.refusal, error)
        await response(self.scope, self.receive, self.send)

    def refusal(self, error: HubError) -> Response:
        """The answer to an error; where a repository has moved, the way to it."""
        if error.code == "RepoNotFound" and (where := self.moved()):
            return RedirectResponse(where, 307)
        error = at_gate.told(self.request, error)
        if self.page:
            return page_problems.page(self.request, error)
        nobody = not door.has_credentials(self.request, page=door.is_followed(self.request))
        return problems.answer(error, nobody=nobody)

    def moved(self) -> str | None:
        """This same address under the repository's new name, if it has one that the asker may see.

        Relative, because old clients follow no other redirect on HEAD.
        """
        if not {"owner", "name"} <= self.scope["path_params"].keys():
            return None
        try:
            kind, full_name = door.repo_named(self.request)
        except Invalid:  # no name at all
            return None
        with door.ground_of(self.request).read() as tx:
            now = repos.moved(tx, door.actor_of(self.request), kind, full_name)
        if now is None:
            return None
        return address.moved(
            self.scope["path"],
            self.scope["query_string"].decode("latin-1"),
            kind=kind,
            full_name=now,
        )

    async def send(self, message: Message) -> None:
        """Pass an answer on, with what every answer carries."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = answers.finished(
                message.get("headers", ()), self.request_id, page=self.page, more=self.headers
            )
            message = {**message, "headers": headers}
        await self._send(message)

    def note(self) -> None:
        """One line in the access log; neither queries nor secret paths stand in it."""
        if not access_log.isEnabledFor(logging.INFO):
            return
        path = self.scope["path"]
        if path.startswith(SECRET_PATHS):
            path = self.pattern or "(hidden)"
        access_log.info(
            "%s %s %s %d ms %s %s",
            self.scope["method"],
            path.encode("ascii", "backslashreplace").decode("ascii"),
            self.status,
            (perf_counter() - self.started) * 1_000,
            door.actor_of(self.request).name or "-",
            self.request_id,
        )


def _of_starlette(error: HTTPException) -> HubError:
    """What Starlette refuses by itself (a form it cannot read), in our words."""
    if error.status_code == 413:  # noqa: PLR2004
        return Excessive("The body of this request is too big.")
    if error.status_code == 404:  # noqa: PLR2004
        return Unknown("There is nothing at this address.", code="NotFound")
    return Invalid(str(error.detail))


async def _lifespan(receive: Receive, send: Send) -> None:
    """Nothing to start and nothing to stop: the ground is opened and closed by the command line."""
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
