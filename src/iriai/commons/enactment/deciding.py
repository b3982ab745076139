"""Whether an act on what more than one person holds may be done at once, and by whom.

What is not decided at once is proposed: the refusal says by which rule, and where.
"""

from iriai.base.tx import Ground, Tx
from iriai.commons import queries, rules
from iriai.commons.charter.rules import Action
from iriai.identity.rules import Actor
from iriai.repos.rules import HeldBy, Repo, held_by_commons

VERBS = {
    Action.RESOURCE_DELETE: rules.Act.DELETE,
    Action.RESOURCE_TRANSFER: rules.Act.MOVE,
    Action.RESOURCE_RELICENSE: rules.Act.RELICENSE,
    Action.RESOURCE_VISIBILITY: rules.Act.CHANGE_VISIBILITY,
}


def propose_url(ground: Ground, commons: str, action: Action) -> str:
    """Where one proposes what only a commons decides."""
    return f"{ground.settings.url}/commons/{commons}/proposals/new?action={action}"


def decide(tx: Tx, actor: Actor, action: Action, repo: Repo) -> None:
    """Whether `actor` may do this to a repository at once, or else where it can be proposed."""
    verb = VERBS[action]
    if repo.held_by is HeldBy.COMMONS:
        at = propose_url(tx.ground, repo.owner, action)
        raise held_by_commons(repo, propose_at=at, act=verb)
    preset = queries.preset(tx, queries.of(tx, repo.owner_id))
    rules.require_may_decide(preset, verb, actor.roles.get(repo.owner_id))
