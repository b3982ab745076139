"""Buckets of an organisation: deleted by whom its charter lets, else by the commons' decision."""

from typing import Any

from iriai.base.errors import Invalid
from iriai.base.tx import Tx
from iriai.buckets import actions, powers, queries, rules
from iriai.buckets.rules import Bucket
from iriai.commons.charter.rules import Action
from iriai.commons.enactment.deciding import decide_for
from iriai.identity import queries as identity
from iriai.identity.rules import Actor

PREFIX = "buckets/"
"""How a proposal names a bucket: `buckets/lab/runs`."""


def delete_bucket(tx: Tx, actor: Actor, bucket: Bucket) -> None:
    """Delete a bucket; what belongs to a commons goes by its charter, as repositories do."""
    if not identity.account(tx, bucket.owner).is_organisation:
        actions.delete(tx, actor, bucket)
        return
    rules.require_read(actor, bucket)
    decide_for(tx, actor, Action.RESOURCE_DELETE, owner_id=bucket.owner_id, owner=bucket.owner)
    powers.delete(tx, actor, bucket)


def named(tx: Tx, owner: Actor, address: str) -> dict[str, Any]:
    """How a payload keeps the bucket that it names, which must be this commons' own."""
    found = queries.bucket(tx, owner, address.strip().strip("/").removeprefix(PREFIX))
    if found.owner_id != owner.id:
        raise Invalid("A commons decides about its own buckets, and this is none of them.")
    shown = f"bucket {found.id} (private)" if found.is_private else f"{PREFIX}{found.full_name}"
    return {"bucket_id": found.id, "repo": shown}


def bury(tx: Tx, actor: Actor, bucket_id: int) -> Bucket:
    """Delete a bucket as it was decided."""
    found = queries.by_id(tx, bucket_id)
    if found.owner_id != actor.id:
        raise Invalid("This bucket belongs to somebody else now.")
    powers.delete(tx, actor, found)
    return found
