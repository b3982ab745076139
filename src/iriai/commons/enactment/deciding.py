"""Whether an act on what more than one person holds may be done at once, and by whom.

The charter in force says it: whoever it lets decide at once may act, on every door alike. Everyone
else is told by which rule, and where to propose it. Under `solo` and `owners` what is everyday
(making a repository, merging, gates, who sees it) goes by the roles of the organisation, as on any
hub; what cannot be undone is for its administrators.
"""

from iriai.base.errors import Denied
from iriai.base.tx import Ground, Tx
from iriai.commons import queries
from iriai.commons.charter import queries as charters
from iriai.commons.charter import rights
from iriai.commons.charter.rules import Action, Charter, Who
from iriai.commons.membership import queries as membership
from iriai.commons.membership.rules import MAINTAINER, STEWARD, Standing, State
from iriai.commons.proposals import rules as proposals
from iriai.identity.rules import (
    Act,
    Actor,
    Subject,
    require_may,
    require_reach,
    require_unrestrained,
)
from iriai.repos.guarded import is_charter
from iriai.repos.rules import HeldBy, Repo

EVERYDAY = frozenset(
    {
        Action.RESOURCE_CREATE,
        Action.RESOURCE_MERGE,
        Action.RESOURCE_GATE,
        Action.RESOURCE_VISIBILITY,
    }
)
"""What follows the organisation's roles while its owners decide."""

TAKING_OUT = frozenset({Action.RESOURCE_TRANSFER, Action.RESOURCE_DELETE})
"""By what owners keep something from the commons while the notice runs."""

VERBS = {
    Action.RESOURCE_CREATE: "make a repository for",
    Action.RESOURCE_MERGE: "change the main branch of",
    Action.RESOURCE_LABEL: "label",
    Action.RESOURCE_DELIST: "delist",
    Action.RESOURCE_GATE: "change who may read or discuss",
    Action.RESOURCE_FREEZE: "freeze",
    Action.RESOURCE_VISIBILITY: "change the visibility of",
    Action.RESOURCE_RELICENSE: "relicense",
    Action.RESOURCE_TRANSFER: "move",
    Action.RESOURCE_DELETE: "delete",
    Action.RESOURCE_RETURN: "give back",
    Action.CHARTER_AMEND: "change",
}


def propose_url(ground: Ground, commons: str, action: Action) -> str:
    """Where one proposes what only a commons decides."""
    return f"{ground.settings.url}/commons/{commons}/proposals/new?action={action}"


def may_at_once(
    charter: Charter,
    standing: Standing,
    action: Action,
    *,
    repo_id: int | None = None,
    owners: int = 1,
    brought: bool = False,
) -> bool:
    """Whether somebody who stands so may do this alone, by the charter. Pure.

    `brought`: they brought the repository in, and so merge like its maintainers while they are a
    member. Caretakers merge too, and nothing else. `owners`: how many owners there are.
    """
    terms = charter.procedure(action)
    if terms is None:
        return False
    if terms.who is Who.ALL_OWNERS and owners > 1:
        return False
    if proposals.decides_at_once(terms, standing, repo_id):
        return True
    if action is not Action.RESOURCE_MERGE or not proposals.is_at_once(terms):
        return False
    if terms.who is Who.MAINTAINERS and brought and standing.is_member:
        return True
    return standing.cares(STEWARD) or standing.cares(MAINTAINER)


def decide(tx: Tx, actor: Actor, action: Action, repo: Repo) -> None:
    """Whether `actor` may do this to a repository at once, or else where it can be proposed."""
    decide_for(tx, actor, action, owner_id=repo.owner_id, owner=repo.owner, repo=repo)


def decide_for(
    tx: Tx, actor: Actor, action: Action, *, owner_id: int, owner: str, repo: Repo | None = None
) -> Charter:
    """The same for a commons, about a repository or none. Returns the charter it was judged by."""
    commons_id = queries.of(tx, owner_id)
    charter = charters.in_force(tx, commons_id)
    if action in EVERYDAY and not charter.is_collective:
        return charter
    subject = Subject(owner_id, None if repo is None else repo.id, is_public=True)
    if actor.id is None:
        require_may(actor, Act.DISCUSS, subject)  # says to sign in
    require_unrestrained(actor, Act.WRITE, subject)
    require_reach(actor, Act.ADMINISTER, subject)
    if repo is not None and action in TAKING_OUT and may_take_out(tx, actor, repo):
        return charter
    standing = membership.standing(tx, commons_id, actor.id)
    owners = 0 if charter.is_collective else len(membership.electors(tx, commons_id))
    repo_id = None if repo is None else repo.id
    brought = repo is not None and repo.creator_id == actor.id
    if not may_at_once(charter, standing, action, repo_id=repo_id, owners=owners, brought=brought):
        what = owner if repo is None else repo.full_name
        votes = membership.votes(tx, commons_id)
        raise refused(tx.ground, charter, owner, action, what, electors=votes)
    return charter


def may_take_out(tx: Tx, actor: Actor, repo: Repo) -> bool:
    """Whether somebody may still keep a repository from the commons: move it, or delete it.

    Whoever administered the organisation when its owners left it to the members may, as before,
    while the notice runs. What stays keeps its history: see `is_promised`.
    """
    if repo.held_by is not HeldBy.OWNERS or is_charter(repo) or actor.id is None:
        return False
    if charters.taking_over(tx, repo.owner_id) is None:
        return False
    row = membership.member(tx, queries.of(tx, repo.owner_id), actor.id)
    return row is not None and row.is_founder and row.state is State.MEMBER


def refused(
    ground: Ground,
    charter: Charter,
    owner: str,
    action: Action,
    what: str,
    *,
    electors: int = 0,
) -> Denied:
    """The refusal: what, by which rule in words, and where to propose it."""
    who = rights.who(charter, action, electors=electors)
    return Denied(
        f"{what} is held by the commons {owner}; to {VERBS.get(action, str(action))} it is decided "
        f"by its charter ({action}): {who} Propose it at "
        f"{propose_url(ground, owner, action)}",
        code="HeldByCommons" if charter.is_collective else "NotAnAdministrator",
    )


def is_collective(tx: Tx, owner_id: int) -> bool:
    """Whether members decide about what this account owns."""
    return charters.in_force(tx, queries.of(tx, owner_id)).is_collective


def is_promised(tx: Tx, repo: Repo) -> bool:
    """Whether a commons will hold it once its notice is over: till then nobody rewrites it."""
    return repo.held_by is HeldBy.OWNERS and is_collective(tx, repo.owner_id)


def holder(tx: Tx, owner_id: int, *, is_organisation: bool) -> HeldBy:
    """Who decides about what this account owns."""
    if not is_organisation:
        return HeldBy.PERSON
    return HeldBy.COMMONS if is_collective(tx, owner_id) else HeldBy.OWNERS
