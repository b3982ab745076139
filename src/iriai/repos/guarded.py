"""The repository of a charter, which nobody changes by hand. Pure.

`datasets/<organisation>/charter` is an ordinary repository to read, clone and open pull requests
on. Its main branch moves only by a decision of its commons; it is not deleted, moved or hidden.
"""

from iriai.base.errors import Denied
from iriai.base.names import RESERVED_DATASETS, fold
from iriai.repos.rules import MAIN, Kind, Repo

CHARTER_NAME = "charter"
PROPOSE = "/commons/{owner}/proposals/new?action=charter.amend"


def is_charter(repo: Repo) -> bool:
    """Whether this is where a commons keeps its charter."""
    return repo.kind is Kind.DATASET and fold(repo.name) in RESERVED_DATASETS


def require_by_hand(repo: Repo, ref: str, *, hub: str) -> None:
    """Main of a charter is moved by a decision alone. `hub`: this hub's own address."""
    if ref == MAIN and is_charter(repo):
        raise Denied(
            f"Nobody changes the charter of {repo.owner} by hand: charter.amend is decided by its "
            "members, and the decision merges the pull request. Open a pull request, then propose "
            f"it at {hub}{PROPOSE.format(owner=repo.owner)}",
            code="HeldByCommons",
        )


def require_ordinary(repo: Repo, *, hub: str, act: str) -> None:
    """A charter's repository stays as and where it is."""
    if is_charter(repo):
        raise Denied(
            f"The charter of {repo.owner} cannot be {act}: it is what its members agreed on. They "
            f"change it (charter.amend) by a decision; propose one at {hub}"
            f"{PROPOSE.format(owner=repo.owner)}",
            code="HeldByCommons",
        )
