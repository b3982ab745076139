"""Who stands before the store: the holder of a Xet token, and what they may read elsewhere."""

from dataclasses import dataclass

from starlette.requests import Request

from iriai.api import door
from iriai.base import instance
from iriai.base.errors import Denied
from iriai.base.tx import Tx
from iriai.blobs import passes, queries
from iriai.blobs.passes import XetPass
from iriai.buckets import queries as buckets
from iriai.buckets import rules as bucket_rules
from iriai.buckets.rules import Bucket
from iriai.identity import queries as identity
from iriai.identity.rules import ANYONE, Actor, circle
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


@dataclass(frozen=True, slots=True)
class Standing:
    """Whoever got a pass, as they are now, and what it is for."""

    actor: Actor
    holder: Repo | Bucket

    @property
    def owner_id(self) -> int:
        """Whose it is."""
        return self.holder.owner_id


def standing(tx: Tx, held: XetPass) -> Standing:
    """Whoever got the pass and the repository or bucket it is for, judged as they are now.

    A pass lives for minutes, and rights can be lost meanwhile.
    """
    actor = ANYONE
    if held.account_id is not None:
        actor = identity.actor(tx, held.account_id, held.token_id)
    if held.is_bucket:
        bucket = buckets.by_id(tx, held.repo_id)
        require = bucket_rules.require_write if held.may_write else bucket_rules.require_read
        require(actor, bucket)
        return Standing(actor, bucket)
    repo = repos.by_id(tx, held.repo_id, actor)
    repo_rules.require_read(actor, repo)
    if held.may_write and not repo_rules.may_write(actor, repo):
        repo_rules.require_propose(actor, repo)
    return Standing(actor, repo)


def dedup_readable(tx: Tx, there: Standing) -> queries.Readable:
    """The repositories and buckets with which an upload may share chunks."""
    scope = tx.ground.settings.dedup_scope
    if scope == "off":
        return queries.nowhere()
    if scope == "namespace":
        return buckets.readable_ids(there.actor, owner_id=there.owner_id)
    return buckets.readable_ids(there.actor)


def dedup_own(tx: Tx, there: Standing) -> queries.Readable:
    """What is the sender's own: what they sent there they need not send again, committed or not."""
    scope = tx.ground.settings.dedup_scope
    if scope == "off":
        return queries.nowhere()
    if scope == "namespace":
        return buckets.own_ids(there.actor, owner_id=there.owner_id)
    return buckets.own_ids(there.actor)


def circle_number(tx: Tx, there: Standing) -> int:
    """The number of the uploads that may share chunks with one to here; of no others.

    hf_xet remembers for weeks what it sent to an address, and does not send it there again: where
    another account on that machine, or another token, could not name it, the upload would fail.
    Made of what `dedup_own` and `dedup_readable` are made of, and keyed: it tells nothing. It is
    another one after each shard that counted on what is not there (`forget`).
    """
    scope, own = tx.ground.settings.dedup_scope, circle(there.actor)
    within = there.owner_id if scope == "namespace" else 0
    if scope == "off" or there.owner_id not in own.owners:
        within = there.holder.id
    return passes.circle_number(
        tx.ground.secret,
        instance.fact(tx, instance.GENERATION) or "1",
        f"{scope} {within}",
        instance.fact(tx, _forgotten(there.actor.id)) or "0",
        *(" ".join(map(str, sorted(ids))) for ids in (own.owners, own.partly, own.repos)),
    )


def forget(tx: Tx, held: XetPass) -> None:
    """Let this account's uploads begin at addresses where its clients remember nothing.

    What they remember was wrong: sent to where it cannot be reached any more, or swept here. One
    fact is kept for each account that this ever happened to.
    """
    name = _forgotten(held.account_id)
    instance.change(tx, name, str(int(instance.fact(tx, name) or 0) + 1))


def _forgotten(account_id: int | None) -> str:
    """The fact of how often an account's clients were made to forget."""
    return f"xet_forgotten_{account_id}"
