"""Whether this process serves: asked by load balancers, by the command line and by tests."""

from starlette.requests import Request
from starlette.responses import Response

from iriai import __version__
from iriai.api import door
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.identity import queries as identity


@door.reading
def healthz(_request: Request, tx: Tx) -> Response:
    """Ready, and the database answers; 503 where it does not."""
    identity.has_people(tx)
    return door.json_answer({"status": "ok", "version": __version__})


ROUTES: list[DeclaredRoute] = [
    route("/healthz", healthz, methods=["GET", "HEAD"], access=Access.ANYONE),
]
