"""What may be done to what belongs to others. Only `commons/enactment/` calls these.

Whether it may be done was decided there; here it is done and recorded.
"""

from iriai.base.tx import Tx
from iriai.identity.rules import Actor
from iriai.repos import queries, register, rules
from iriai.repos.records import record
from iriai.repos.rules import Repo


def delete(tx: Tx, actor: Actor, repo: Repo) -> None:
    """Delete a repository; its name is never free again, its bytes go after a grace."""
    repo = queries.by_id(tx, repo.id)
    rules.require_see(actor, repo)
    register.given_up(tx, actor, repo)


def move(tx: Tx, actor: Actor, repo: Repo, *, to_owner: str, to_name: str) -> Repo:
    """Give a repository another name or owner; the old name leads to the new one."""
    repo = queries.by_id(tx, repo.id)
    rules.require_see(actor, repo)
    return register.renamed(tx, actor, repo, to_owner=to_owner, to_name=to_name)


def relicense(tx: Tx, actor: Actor, repo: Repo, *, before: str | None, after: str | None) -> None:
    """Note that a repository's licence changes with the commit that lands in this transaction."""
    record(tx, actor, "relicensed", repo, before=before, after=after)
