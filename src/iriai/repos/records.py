"""Events about repositories. What is private is named in the log by its number alone."""

from typing import Any

from iriai.base.tx import Tx
from iriai.identity.rules import Actor
from iriai.repos.rules import Repo


def record(tx: Tx, actor: Actor, verb: str, repo: Repo, **facts: Any) -> None:
    """Say what happened to a repository, in its owner's commons."""
    if repo.is_private:
        private = {"repo": repo.address, **facts}
        tx.record(repo.commons_id, actor.name, verb, repo.subject, private=private)
    else:
        tx.record(repo.commons_id, actor.name, verb, repo.subject, **facts)
