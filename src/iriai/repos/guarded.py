"""The repository of a charter, which nobody changes by hand. Pure.

`datasets/<organisation>/charter` is an ordinary repository to read, clone and open pull requests
on. Its main branch moves only by a decision of its commons; it is not deleted, moved or hidden.
"""

from collections.abc import Iterable

from iriai.base.errors import Denied
from iriai.base.names import RESERVED_DATASETS, fold
from iriai.repos.rules import HEADS, MAIN, TAGS, HeldBy, Kind, Repo

CHARTER_NAME = "charter"
RULES = frozenset({"CHARTER.yaml", "README.md"})
"""What main of a charter's repository holds."""
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


def require_history_kept(repo: Repo, ref: str, *, hub: str) -> None:
    """What a commons holds keeps its past: nobody rewrites or drops its branches and tags."""
    if repo.held_by is HeldBy.COMMONS and ref.startswith((HEADS, TAGS)):
        raise Denied(
            f"{repo.full_name} is held by the commons {repo.owner}, so the history of its branches "
            "and its tags stay as they are. What must go from it is decided; propose it at "
            f"{hub}/commons/{repo.owner}/proposals/new?action=resource.delete",
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


def require_rules_stay(repo: Repo, paths: Iterable[str], *, hub: str) -> None:
    """The rules in force are there for everybody to read, by whichever name they are asked for."""
    if not RULES.isdisjoint(paths):
        require_ordinary(repo, hub=hub, act="held or removed")
