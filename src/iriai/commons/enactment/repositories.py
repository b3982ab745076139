"""What is done to a repository as a whole: deleted, moved, shown or hidden.

What a person holds is theirs: their acts go straight to `repos.actions`. What an organisation or a
commons holds is touched only by a decision, which under `solo` and `owners` is the word of an
administrator.
"""

from typing import Any

from iriai.base.tx import Tx
from iriai.commons.charter.rules import Action
from iriai.commons.enactment.deciding import decide
from iriai.identity.rules import Actor
from iriai.repos import actions as repos
from iriai.repos import powers
from iriai.repos.rules import HeldBy, Repo


def delete_repository(tx: Tx, actor: Actor, repo: Repo) -> None:
    """Delete a repository; its name is never free again, its bytes go after a grace."""
    if repo.held_by is HeldBy.PERSON:
        repos.delete(tx, actor, repo)
        return
    decide(tx, actor, Action.RESOURCE_DELETE, repo)
    powers.delete(tx, actor, repo)


def move_repository(tx: Tx, actor: Actor, repo: Repo, *, to_owner: str, to_name: str) -> Repo:
    """Give a repository a new name or a new owner; its old name leads to the new one."""
    if repo.held_by is HeldBy.PERSON:
        return repos.move(tx, actor, repo, to_owner=to_owner, to_name=to_name)
    decide(tx, actor, Action.RESOURCE_TRANSFER, repo)
    return powers.move(tx, actor, repo, to_owner=to_owner, to_name=to_name)


def change_settings(tx: Tx, actor: Actor, repo: Repo, **settings: Any) -> Repo:
    """Change a repository's settings. Who sees what the commons holds, only the commons decides."""
    if repo.held_by is HeldBy.COMMONS and settings.get("visibility") is not None:
        decide(tx, actor, Action.RESOURCE_VISIBILITY, repo)
    return repos.change_settings(tx, actor, repo, **settings)
