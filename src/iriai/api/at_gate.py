"""What a door says to somebody whom a gate shuts out: where their request stands, and where to go.

Every client prints it, for it is the message of the error: who waits need not ask again, who was
refused reads why, and everybody finds the page to ask at.
"""

from starlette.requests import Request

from iriai.api import address, door
from iriai.base.errors import HubError
from iriai.gates import queries, rules
from iriai.repos.rules import AtGate


def told(request: Request, error: HubError) -> HubError:
    """The error, and where a gate is why, with what its asker is to know of their request."""
    if not isinstance(error, AtGate):
        return error
    repo = error.repo
    with door.ground_of(request).read() as tx:
        mine = queries.own(tx, door.actor_of(request), repo)
    where = address.repo_url(door.base_url(request), repo.kind, repo.full_name) + "/ask-access"
    error.message = rules.shut_out(repo, mine, where=where)
    return error
