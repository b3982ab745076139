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


def holder(request: Request, *, write: bool = False) -> XetPass:
    """The pass in this request's Authorization."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Denied("This needs a Xet token.", code="Unauthenticated")
    ground = door.ground_of(request)
    now = int(ground.clock().timestamp())
    return passes.opened(ground.secret, token.strip(), now=now, write=write)


def sender(tx: Tx, held: XetPass) -> Actor:
    """Whoever got the pass, as they are now; `Denied` when their access token is gone."""
    if held.account_id is None:
        return ANYONE
    return identity.actor(tx, held.account_id, held.token_id)


def dedup_readable(tx: Tx, held: XetPass) -> queries.Readable:
    """The repositories with which this upload may share chunks."""
    scope = tx.ground.settings.dedup_scope
    if scope == "off":
        return queries.nowhere()
    actor = sender(tx, held)
    if scope == "namespace":
        owner_id = repos.by_id(tx, held.repo_id).owner_id
        return repos.readable_ids(actor, owner_id=owner_id)
    return repos.readable_ids(actor)
