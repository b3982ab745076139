"""Sign a log: settle its key, change it, and sign checkpoints.

The private key is a fact of the instance, under the public key's hash. The public one stands in the
log from the first day, and a change of keys is an entry like any other: who trusted the old key
reads there, under a checkpoint that the old key signed, which one follows.
"""

import secrets
from typing import Any
from urllib.parse import urlsplit

from iriai.base import events, instance
from iriai.base.errors import Unavailable
from iriai.base.tx import Ground, Tx
from iriai.commons import queries as commons_queries
from iriai.commons.tlog import queries, tables
from iriai.commons.tlog.queries import Key, Signed
from iriai.commons.tlog.rules import (
    KEY_BYTES,
    Checkpoint,
    PublicKey,
    clean_origin,
    public_of,
    signed,
)

SECRET = "log_key/{hash}"  # noqa: S105 - the name of the fact
SYSTEM = "system:log"


def origin(tx: Tx, commons_id: int) -> str:
    """What a log is called: its address without the scheme, as it is when its key is made."""
    name = commons_queries.named(tx, commons_id).name
    place = urlsplit(tx.ground.settings.url)
    return clean_origin(f"{place.netloc}{place.path.rstrip('/')}/api/commons/{name}/log")


def settle_key(tx: Tx, commons_id: int) -> Key:
    """The key that signs this log; a first one is made, kept, and said in the log."""
    found = queries.key(tx, commons_id)
    if found is not None:
        return found
    commons_queries.lock(tx, commons_id)
    return queries.key(tx, commons_id) or _make(
        tx, commons_id, origin(tx, commons_id), SYSTEM, None
    )


def rotate(tx: Tx, commons_id: int, *, by: str) -> Key:
    """Sign with a fresh key from now on; the log says which follows which."""
    commons_queries.lock(tx, commons_id)
    before = settle_key(tx, commons_id)
    row = tx.session.get_one(tables.LogKey, before.id)
    row.ended_at = tx.now
    return _make(tx, commons_id, before.key.name, by, before.key)


def adopt(tx: Tx, commons_id: int, *, by: str) -> Key:
    """Sign from now on a log that came from elsewhere; whoever signed it there signs no more."""
    before = queries.key(tx, commons_id)
    if before is not None:
        tx.session.get_one(tables.LogKey, before.id).ended_at = tx.now
    follows = before.key if before is not None else None
    return _make(tx, commons_id, origin(tx, commons_id), by, follows)


def _make(tx: Tx, commons_id: int, name: str, by: str, before: PublicKey | None) -> Key:
    seed = secrets.token_bytes(KEY_BYTES)
    made = PublicKey(name, public_of(seed))
    instance.settle(tx, SECRET.format(hash=made.hash.hex()), seed.hex())
    row = tables.LogKey(
        commons_id=commons_id,
        origin=name,
        public=made.public,
        hash=made.hash.hex(),
        began_at=tx.now,
    )
    tx.session.add(row)
    follows: dict[str, Any] = {} if before is None else {"follows": before.text}
    subject = f"key/{name}/{made.hash.hex()}"
    tx.record(commons_id, by, "published", subject, key=made.text, **follows)
    return Key(row.id, made, tx.now, None)


def checkpoint(ground: Ground, commons_id: int) -> Signed:
    """Seal what waits and sign the log as it stands; nothing new is signed of what is signed."""
    with ground.write() as tx:
        settle_key(tx, commons_id)
    events.seal(ground, commons_id)
    with ground.write() as tx:
        head, before = events.head(tx, commons_id), queries.latest(tx, commons_id)
        if before is not None and before.size == head.size:
            return before
        key = settle_key(tx, commons_id)
        said = Checkpoint(key.key.name, head.size, head.root)
        found = Signed(head.size, head.root, signed(said.text, key.key, _seed(tx, key)), tx.now)
        tx.connection.execute(
            tx.insert(tables.Checkpoint).on_conflict_do_nothing(),
            {
                "commons_id": commons_id,
                "size": found.size,
                "root": found.root,
                "note": found.note,
                "signed_at": found.signed_at,
            },
        )
        return found


def _seed(tx: Tx, key: Key) -> bytes:
    kept = instance.fact(tx, SECRET.format(hash=key.key.hash.hex()))
    if kept is None:
        raise Unavailable(
            f"The private key of the log {key.key.name} is not on this hub; give the log a fresh "
            "one with `iriai commons log rotate-key`."
        )
    return bytes.fromhex(kept)
