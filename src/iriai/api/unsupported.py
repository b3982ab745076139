"""What this hub does not do, said clearly: a 501 with a sentence, which no client tries again.

Running spaces, jobs, inference and kernels need machines that a hub of files does not have. The
files of a space are served like any others.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from iriai.base.errors import Unavailable
from iriai.base.routing import Access, DeclaredRoute, route

ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def without(what: str) -> Callable[[Request], Awaitable[Response]]:
    """A handler that says what is missing."""

    async def refuse(_request: Request) -> Response:
        raise Unavailable(f"This hub does not {what}.", code="NotImplemented")

    refuse.__doc__ = f"Answered with a 501: this hub does not {what}."

    return refuse


OF_A_SPACE = {
    "dev-mode": "run spaces",
    "hardware": "run spaces",
    "logs/{tail:path}": "run spaces",
    "pause": "run spaces",
    "restart": "run spaces",
    "runtime": "run spaces",
    "secrets": "run spaces, and keeps no secrets for them",
    "sleeptime": "run spaces",
    "storage": "run spaces",
    "variables": "run spaces",
    "volumes": "run spaces",
}
PREFIXES = {
    "/api/endpoints": "run inference",
    "/api/jobs": "run jobs",
    "/api/kernels": "host kernels",
    "/api/scheduled-jobs": "run jobs",
    "/kernels": "host kernels",
}
SINGLE = {
    "/api/spaces/hardware": "run spaces",
    "/api/spaces/templates": "offer templates of spaces",
    "/api/spaces/zero-gpu/quota": "run spaces",
}


def _routes() -> list[DeclaredRoute]:
    paths = [(f"/api/spaces/{{owner}}/{{name}}/{verb}", what) for verb, what in OF_A_SPACE.items()]
    paths += [
        (path, what)
        for prefix, what in PREFIXES.items()
        for path in (prefix, f"{prefix}/{{tail:path}}")
    ]
    paths += list(SINGLE.items())
    return [
        route(path, without(what), methods=ANY_METHOD, access=Access.ANYONE) for path, what in paths
    ]


ROUTES = _routes()
