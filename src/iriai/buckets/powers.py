"""What may be done to buckets that belong to others. Only `commons/enactment/` calls these."""

from iriai.base.tx import Tx
from iriai.buckets import actions, queries
from iriai.buckets.rules import Bucket
from iriai.identity.rules import Actor


def delete(tx: Tx, actor: Actor, bucket: Bucket) -> None:
    """Delete a bucket as it was decided: at once for everybody, what it held after a grace."""
    actions.give_up(tx, actor, queries.by_id(tx, bucket.id))
