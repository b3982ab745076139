"""A pull request that members decide on stays as they were asked about it, until they have.

Otherwise whoever opened it could end a running vote by a push: what lands is what was voted on.
"""

from collections.abc import Iterable

from iriai.base.errors import Conflict
from iriai.base.tx import Ground
from iriai.commons.charter.rules import Action
from iriai.commons.proposals import queries as proposals
from iriai.commons.proposals.rules import Proposal
from iriai.repos import guarded
from iriai.repos.rules import PULLS, Repo

AMENDING = (Action.CHARTER_AMEND, Action.CHARTER_AMEND_ENTRENCHED)


def require_settled(ground: Ground, repo: Repo, refs: Iterable[str]) -> None:
    """Refuse to move a pull request of a charter while a proposal or a rival is about it."""
    numbers = {ref.removeprefix(PULLS) for ref in refs if ref.startswith(PULLS)}
    if not numbers or not guarded.is_charter(repo):
        return
    with ground.read() as tx:
        running = proposals.undecided(tx, repo.commons_id)
    for found in running:
        for number in numbers & _pulls(found):
            where = f"{ground.settings.url}/commons/{found.commons}/proposals/{found.number}"
            raise Conflict(
                f"Pull request {number} is before the members as proposal {found.number} "
                f"({where}), and stays as they were asked about it. Open another pull request for "
                "another text; or whoever proposed this one withdraws it, until the vote opens.",
                code="BeforeTheMembers",
            )


def _pulls(found: Proposal) -> set[str]:
    return {
        str((each.payload or {}).get("pull")) for each in found.options if each.action in AMENDING
    }
