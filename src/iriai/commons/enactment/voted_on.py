"""A pull request that members decide on stays as they were asked about it, until they have.

Otherwise whoever opened it could end a running vote by a push: what lands is what was voted on.
"""

from collections.abc import Iterable

from iriai.base.errors import Conflict
from iriai.base.tx import Ground, Tx
from iriai.commons.charter.rules import Action
from iriai.commons.proposals import queries as proposals
from iriai.commons.proposals.rules import Proposal
from iriai.discussions import actions as discussions
from iriai.discussions.rules import Event
from iriai.identity.rules import Actor
from iriai.repos import guarded
from iriai.repos.rules import PULLS, Repo

AMENDING = (Action.CHARTER_AMEND, Action.CHARTER_AMEND_ENTRENCHED)


def require_settled(ground: Ground, repo: Repo, refs: Iterable[str]) -> None:
    """Refuse to move a pull request of a charter while a proposal or a rival is about it."""
    numbers = {ref.removeprefix(PULLS) for ref in refs if ref.startswith(PULLS)}
    if numbers and guarded.is_charter(repo):
        with ground.read() as tx:
            _require_settled(tx, repo, numbers)


def change_status(
    tx: Tx, actor: Actor, repo: Repo, number: int, *, status: str, text: str = ""
) -> Event:
    """Open or close a discussion; a charter's pull request stays open while it is voted on."""
    if guarded.is_charter(repo):
        _require_settled(tx, repo, {str(number)})
    return discussions.change_status(tx, actor, repo, number, status=status, text=text)


def _require_settled(tx: Tx, repo: Repo, numbers: set[str]) -> None:
    for found in proposals.undecided(tx, repo.commons_id):
        for number in numbers & _pulls(found):
            url = tx.ground.settings.url
            where = f"{url}/commons/{found.commons}/proposals/{found.number}"
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
