"""Where git finds a repository: with and without `.git`, as model, dataset or space."""

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from iriai.api.address import PREFIX_OF_KIND
from iriai.api.git import fetching, pushing
from iriai.api.git.visitors import plainly
from iriai.base.errors import Invalid
from iriai.base.routing import Access, DeclaredRoute, route

SERVICES = {fetching.SERVICE: fetching.advertise, pushing.SERVICE: pushing.advertise}


@plainly
async def advertise(request: Request) -> Response:
    """The refs, for the service that is asked for; git's old "dumb" protocol is not spoken."""
    service = SERVICES.get(request.query_params.get("service", ""))
    if service is None:
        raise Invalid("This hub speaks git's smart protocol only; use a current git.")
    return await service(request)


def _routes() -> Iterator[DeclaredRoute]:
    for prefix in PREFIX_OF_KIND.values():
        for suffix in ("", ".git"):
            base = f"/{prefix}{{owner}}/{{name}}{suffix}"
            yield route(f"{base}/info/refs", advertise, methods=["GET"], access=Access.ANYONE)
            yield route(
                f"{base}/{fetching.SERVICE}",
                plainly(fetching.fetch),
                methods=["POST"],
                access=Access.REPO_READ,
            )
            yield route(
                f"{base}/{pushing.SERVICE}",
                plainly(pushing.push),
                methods=["POST"],
                access=Access.REPO_WRITE,
            )


ROUTES = list(_routes())
