"""What may be done to buckets that belong to others. Only `commons/enactment/` calls these."""

from iriai.base.tx import Tx
from iriai.buckets import actions, queries
from iriai.buckets.rules import Bucket
from iriai.identity.rules import Actor
from iriai.identity.tables import Account


def delete(tx: Tx, actor: Actor, bucket: Bucket) -> None:
    """Delete a bucket as it was decided: at once for everybody, what it held after a grace."""
    actions.give_up(tx, actor, queries.by_id(tx, bucket.id))


def move(tx: Tx, actor: Actor, bucket: Bucket, *, to: Account, to_name: str) -> Bucket:
    """Give a bucket another name or owner as it was decided; the old name leads to it."""
    return actions.renamed(tx, actor, queries.by_id(tx, bucket.id), to, to_name)


def book(tx: Tx, actor: Actor, bucket: Bucket, account_id: int | None, *, name: str) -> None:
    """Let a bucket count for an institution's part of the pot; None: for its creator's."""
    actions.booked(tx, actor, queries.by_id(tx, bucket.id), account_id, name=name)


def show(tx: Tx, actor: Actor, bucket: Bucket, *, is_private: bool) -> Bucket:
    """Hide a bucket from everyone but its members, or show it, as it was decided."""
    return actions.shown(tx, actor, queries.by_id(tx, bucket.id), is_private=is_private)
