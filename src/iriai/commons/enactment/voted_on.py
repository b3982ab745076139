"""A pull request that members decide on stays as they were asked about it, until they have.

Otherwise whoever opened it could put something else under a decision that is taken, or end a vote
by a push. So a proposal names the revision, a push to the pull request is refused while that is
undecided (asked in the transaction that would land it), and what lands is what was voted on.
"""

from collections.abc import Iterable

from iriai.base.errors import Conflict
from iriai.base.tx import Tx
from iriai.commons.charter.rules import Action
from iriai.commons.proposals import queries as proposals
from iriai.commons.proposals.rules import Proposal
from iriai.discussions import actions as discussions
from iriai.discussions.rules import Event
from iriai.identity.rules import Actor
from iriai.repos import guarded
from iriai.repos.rules import PULLS, HeldBy, Repo

NUMBERED = {
    Action.RESOURCE_MERGE: "number",
    Action.CHARTER_AMEND: "pull",
    Action.CHARTER_AMEND_ENTRENCHED: "pull",
}
"""What is decided about a pull request, and which word of its payload has the number."""


def require_settled(tx: Tx, repo: Repo, refs: Iterable[str]) -> None:
    """Refuse to move a pull request while a proposal or a rival is about it."""
    numbers = {ref.removeprefix(PULLS) for ref in refs if ref.startswith(PULLS)}
    if numbers and repo.held_by is not HeldBy.PERSON:
        _require_settled(tx, repo, numbers)


def require_the_same(decided: str | None, now: str) -> None:
    """What lands is the revision that was decided on, where one was."""
    if decided not in (None, now):
        raise Conflict("The pull request has changed since it was proposed; propose it anew.")


def change_status(
    tx: Tx, actor: Actor, repo: Repo, number: int, *, status: str, text: str = ""
) -> Event:
    """Open or close a discussion; a charter's pull request stays open while it is voted on."""
    if guarded.is_charter(repo):
        _require_settled(tx, repo, {str(number)})
    return discussions.change_status(tx, actor, repo, number, status=status, text=text)


def _require_settled(tx: Tx, repo: Repo, numbers: set[str]) -> None:
    for found in proposals.undecided(tx, repo.commons_id):
        for number in numbers & _pulls(found, repo):
            url = tx.ground.settings.url
            where = f"{url}/commons/{found.commons}/proposals/{found.number}"
            raise Conflict(
                f"Pull request {number} is before the members as proposal {found.number} "
                f"({where}), and stays as they were asked about it. Open another pull request for "
                "another text; or whoever proposed this one withdraws it, until the vote opens.",
                code="BeforeTheMembers",
            )


def _pulls(found: Proposal, repo: Repo) -> set[str]:
    """The pull requests of this repository that a proposal is about."""
    pulls = set()
    for each in found.options:
        payload = each.payload or {}
        if each.action in NUMBERED and payload.get("repo_id") == repo.id:
            pulls.add(str(payload.get(NUMBERED[each.action])))
    return pulls
