"""Who stands before the store: the holder of a Xet token, and what they may read elsewhere."""

from starlette.requests import Request

from iriai.api import door
from iriai.base.errors import Denied
from iriai.base.tx import Tx
from iriai.blobs import passes, queries
from iriai.blobs.passes import XetPass
from iriai.identity import queries as identity
from iriai.identity.rules import ANYONE, Actor
from iriai.repos import queries as repos
from iriai.repos import rules as repo_rules
from iriai.repos.rules import Repo


def holder(request: Request, *, write: bool = False) -> XetPass:
    """The pass in this request's Authorization."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Denied("This needs a Xet token.", code="Unauthenticated")
    ground = door.ground_of(request)
    now = int(ground.clock().timestamp())
    return passes.opened(ground.secret, token.strip(), now=now, write=write)


def standing(tx: Tx, held: XetPass) -> tuple[Actor, Repo]:
    """Whoever got the pass and the repository it is for, judged as they are now.

    A pass lives for minutes, and rights can be lost meanwhile.
    """
    actor = ANYONE
    if held.account_id is not None:
        actor = identity.actor(tx, held.account_id, held.token_id)
    repo = repos.by_id(tx, held.repo_id, actor)
    repo_rules.require_read(actor, repo)
    if held.may_write and not repo_rules.may_write(actor, repo):
        repo_rules.require_propose(actor, repo)
    return actor, repo


def dedup_readable(tx: Tx, actor: Actor, repo: Repo) -> queries.Readable:
    """The repositories with which an upload to `repo` may share chunks."""
    scope = tx.ground.settings.dedup_scope
    if scope == "off":
        return queries.nowhere()
    if scope == "namespace":
        return repos.readable_ids(actor, owner_id=repo.owner_id)
    return repos.readable_ids(actor)
