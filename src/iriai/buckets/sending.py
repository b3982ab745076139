"""Files that a browser sends to a bucket: kept whole, cut into chunks at once, then put in place.

Clients cut files up themselves. What comes in a form is converted here, outside any transaction, so
that it is read like everything else in a bucket.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iriai.base.errors import Unavailable
from iriai.base.tx import Ground
from iriai.blobs import converting, receiving
from iriai.blobs import queries as blobs
from iriai.buckets import actions, queries, rules
from iriai.buckets.actions import Done
from iriai.buckets.rules import Bucket, Put
from iriai.identity.rules import Actor
from iriai.repos import room


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that came, in a staging file that is consumed."""

    path: str
    staged: Path
    size: int
    sha256: str


def send(ground: Ground, actor: Actor, bucket: Bucket, files: Sequence[Sent]) -> Done:
    """Put these files into a bucket, in one batch."""
    rules.require_write(actor, bucket)
    puts = [Put(each.path, _xet_hash(ground, bucket, each)) for each in files]
    with ground.write() as tx:
        return actions.batch(tx, actor, queries.by_id(tx, bucket.id), puts)


def _xet_hash(ground: Ground, bucket: Bucket, sent: Sent) -> str:
    if sent.size == 0:
        return rules.EMPTY_XET_HASH
    with ground.read() as tx:
        room.require(tx, bucket, more=sent.size)
    receiving.receive_object(ground, bucket.id, sent.sha256, sent.size, sent.staged)
    converting.convert(ground, sent.sha256)
    with ground.read() as tx:
        stored = blobs.object(tx, bucket.id, sent.sha256)
    if stored is None or stored.xet_hash is None:
        raise Unavailable("This file could not be kept in chunks; try again.")
    return stored.xet_hash
