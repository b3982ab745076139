"""Repositories called by a single word (`gpt2`), as old code and the clients' own tests do.

Every repository here has an owner. So such an address is the one of a repository whose owner nobody
can be: the same handler judges it, and its answer is to the byte that for a missing repository.
"""

from collections.abc import Iterable

from iriai.base.routing import DeclaredRoute, route
from iriai.base.switchboard import Found, Switchboard

NOBODYS = "-"
"""No account has this name: it is not one (`base/names.py`)."""

OWNED, OWNERLESS = "/{owner}/{name}", "/{name}"


class Ownerless:
    """The same routes without the owner. They are asked where no other route fits."""

    def __init__(self, routes: Iterable[DeclaredRoute]) -> None:
        self._board = Switchboard(twin(each) for each in routes if OWNED in each.path)

    def find(self, method: str, path: str) -> Found | frozenset[str]:
        """The route for this path, with the owner put in; no methods are promised otherwise."""
        found = self._board.find(method, path)
        if not isinstance(found, Found):
            return frozenset()
        found.params["owner"] = NOBODYS
        return found


def twin(made: DeclaredRoute) -> DeclaredRoute:
    """The same route, for a name alone."""
    path = made.path.replace(OWNED, OWNERLESS, 1)
    return route(path, made.endpoint, methods=sorted(made.methods or ()), access=made.access)
