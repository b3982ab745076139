"""What can be done with buckets. Each action is one change and one event."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import insert, select, update

from iriai.base.batches import batches
from iriai.base.errors import HubError
from iriai.base.names import clean_repo_name, fold
from iriai.base.tx import Tx
from iriai.blobs import actions as blobs
from iriai.blobs import queries as held
from iriai.blobs.queries import Named
from iriai.blobs.rules import Origin
from iriai.buckets import changes, queries, rules
from iriai.buckets.rules import Bucket, Failure, Operation, Put, Remove, Source, StoredFile
from iriai.buckets.tables import BucketFile, BucketName, BucketRow
from iriai.identity import queries as identity
from iriai.identity.rules import Act, Actor, Subject, require_may
from iriai.identity.tables import Account
from iriai.repos import queries as repos
from iriai.repos import room, withheld
from iriai.repos.rules import Kind
from iriai.repos.tables import RepoId

BATCH = 500
PURGE_GRACE = timedelta(days=7)


# -- buckets as wholes ---------------------------------------------------------------------------


def create(tx: Tx, actor: Actor, *, owner: str, name: str, is_private: bool) -> Bucket:
    """A new, empty bucket."""
    account = _owner_for(tx, actor, owner)
    name = clean_repo_name(name)
    taken = insert(RepoId).values(taken_at=tx.now).returning(RepoId.id)
    number = int(tx.connection.execute(taken).scalar_one())
    row = {
        "id": number,
        "owner_id": account.id,
        "name": name,
        "name_key": fold(name),
        "is_private": is_private,
        "creator_id": actor.id,
        "created_at": tx.now,
        "updated_at": tx.now,
        "file_count": 0,
        "bytes": 0,
    }
    _require_free(tx, account, name)
    tx.connection.execute(insert(BucketRow), row)
    _claim(tx, account, name, number)
    made = queries.by_id(tx, number)
    record(tx, actor, "created", made)
    return made


def change_visibility(tx: Tx, actor: Actor, bucket: Bucket, *, is_private: bool) -> Bucket:
    """Hide a bucket from everyone but its members, or show it."""
    rules.require_administer(actor, bucket)
    return shown(tx, actor, bucket, is_private=is_private)


def booked(tx: Tx, actor: Actor, bucket: Bucket, account_id: int | None, *, name: str) -> None:
    """Let a bucket count for an institution's part of the pot; None: for its creator's."""
    _change(tx, bucket, counts_for_id=account_id)
    record(tx, actor, "booked", bucket, counts_for=name)


def shown(tx: Tx, actor: Actor, bucket: Bucket, *, is_private: bool) -> Bucket:
    """Hide or show a bucket, once it is settled that it may be."""
    if bucket.is_private == is_private:
        return bucket
    _change(tx, bucket, is_private=is_private, updated_at=tx.now)
    made = queries.by_id(tx, bucket.id)
    record(tx, actor, "changed", made, visibility="private" if is_private else "public")
    return made


def move(tx: Tx, actor: Actor, bucket: Bucket, *, to_owner: str, to_name: str) -> Bucket:
    """Give a bucket another name or owner; the old name leads to it until it is taken anew."""
    rules.require_administer(actor, bucket)
    return renamed(tx, actor, bucket, _owner_for(tx, actor, to_owner), to_name)


def renamed(tx: Tx, actor: Actor, bucket: Bucket, account: Account, to_name: str) -> Bucket:
    """Give a bucket another name or owner, once it is settled that it may be."""
    name = clean_repo_name(to_name)
    _require_free(tx, account, name, bucket)
    _claim(tx, account, name, bucket.id)
    _change(tx, bucket, owner_id=account.id, name=name, name_key=fold(name), updated_at=tx.now)
    made = queries.by_id(tx, bucket.id)
    earlier = {} if bucket.is_private else {"earlier": bucket.full_name}
    record(tx, actor, "moved", made, **earlier)
    return made


def delete(tx: Tx, actor: Actor, bucket: Bucket) -> None:
    """Delete one's own bucket: at once for everybody, what it held after a grace."""
    rules.require_administer(actor, bucket)
    give_up(tx, actor, bucket)


def give_up(tx: Tx, actor: Actor, bucket: Bucket) -> None:
    """Delete a bucket, once it is settled that it may be."""
    bucket = _locked(tx, bucket)
    _change(tx, bucket, deleted_at=tx.now, updated_at=tx.now)
    tx.connection.execute(delete_rows(BucketName).where(BucketName.bucket_id == bucket.id))
    tx.enqueue(
        "buckets.purge",
        {"bucket_id": bucket.id},
        key=f"buckets.purge:{bucket.id}",
        delay=PURGE_GRACE,
    )
    room.count_bucket(tx, bucket, -bucket.bytes)
    record(tx, actor, "deleted", bucket)


def record(tx: Tx, actor: Actor, verb: str, bucket: Bucket, **facts: Any) -> None:
    """Say what happened to a bucket; of a private one, the log shows its number alone."""
    if bucket.is_private:
        private = {"bucket": bucket.full_name, **facts}
        tx.record(bucket.commons_id, actor.name, verb, bucket.subject, private=private)
    else:
        tx.record(bucket.commons_id, actor.name, verb, bucket.subject, **facts)


def _change(tx: Tx, bucket: Bucket, **values: Any) -> None:
    changed = update(BucketRow).where(BucketRow.id == bucket.id, BucketRow.deleted_at.is_(None))
    if tx.connection.execute(changed.values(**values)).rowcount != 1:
        raise rules.unknown_bucket()


def _locked(tx: Tx, bucket: Bucket) -> Bucket:
    """A bucket as it is now, and stays for all others until the transaction ends."""
    locked = select(BucketRow.id).where(BucketRow.id == bucket.id).with_for_update()
    tx.connection.execute(locked).all()
    return queries.by_id(tx, bucket.id)


def _owner_for(tx: Tx, actor: Actor, owner: str) -> Account:
    """The account in whose name `actor` may make or receive a bucket."""
    found = identity.account(tx, owner)
    require_may(actor, Act.CREATE, Subject(found.id))
    return found


def _require_free(tx: Tx, owner: Account, name: str, bucket: Bucket | None = None) -> None:
    """No bucket there has this name now."""
    there = select(BucketRow.id).where(
        BucketRow.owner_id == owner.id,
        BucketRow.name_key == fold(name),
        BucketRow.deleted_at.is_(None),
    )
    found = tx.connection.execute(there).scalar_one_or_none()
    if found is not None and (bucket is None or found != bucket.id):
        raise rules.exists_already(f"{owner.name}/{name}")


def _claim(tx: Tx, owner: Account, name: str, bucket_id: int) -> None:
    """Let a name lead to this bucket; `Conflict` where somebody was faster."""
    key = fold(name)
    tx.connection.execute(
        delete_rows(BucketName).where(BucketName.owner_id == owner.id, BucketName.key == key)
    )
    row = {"owner_id": owner.id, "key": key, "bucket_id": bucket_id}
    if not blobs.insert_new(tx, BucketName, [row]):
        raise rules.exists_already(f"{owner.name}/{name}")


# -- files ---------------------------------------------------------------------------------------


@dataclass
class Done:
    """What became of a batch."""

    added: int = 0
    removed: int = 0
    failures: list[Failure] = field(default_factory=list)


def batch(tx: Tx, actor: Actor, bucket: Bucket, operations: Sequence[Operation]) -> Done:
    """Make these changes in their order, those that can be made; a removal of nothing is made.

    A file's content must have been sent to this bucket, or be in a source that the asker may read.
    """
    rules.require_write(actor, bucket)
    bucket = _locked(tx, bucket)
    contents = _contents(tx, actor, bucket, operations)
    before = queries.files(tx, bucket, [each.path for each in operations])
    done, after = Done(), dict[str, StoredFile | None](before)
    copied: set[str] = set()
    for each in operations:
        if isinstance(each, Remove):
            after[each.path] = None
            continue
        made = _stored(tx, each, contents.get(each.source))
        if isinstance(made, Failure):
            done.failures.append(made)
            continue
        after[each.path] = made
        if each.source is not None and made.size:
            copied.add(made.sha256)
    blobs.hold(tx, bucket.id, copied, Origin.COPIED)
    changed = {path: made for path, made in after.items() if made != before.get(path)}
    if changed:
        _write(tx, bucket, before, changed)
        changes.note(tx, bucket, before, changed)
        done.added = sum(made is not None for made in changed.values())
        done.removed = len(changed) - done.added
        record(tx, actor, "changed", bucket, added=done.added, removed=done.removed)
    return done


Contents = Mapping[str, Named] | str
"""What a source holds, by Xet hash; or why nothing can be copied from there."""


def _contents(
    tx: Tx, actor: Actor, bucket: Bucket, operations: Iterable[Operation]
) -> dict[Source | None, Contents]:
    wanted: dict[Source | None, set[str]] = defaultdict(set)
    for each in operations:
        if isinstance(each, Put):
            wanted[each.source].add(each.xet_hash)
    found: dict[Source | None, Contents] = {}
    for source, names in wanted.items():
        try:
            number = bucket.id if source is None else _readable(tx, actor, source)
        except HubError as error:
            found[source] = error.message
        else:
            found[source] = held.files_named(tx, number, names)
    return found


def _readable(tx: Tx, actor: Actor, source: Source) -> int:
    """The number of a repository or bucket from which `actor` may copy.

    Out of one in which something is held or was removed nothing is copied by its hash.
    """
    if source.kind == "bucket":
        return queries.bucket(tx, actor, source.full_name).id
    found = repos.readable(tx, actor, Kind(source.kind), source.full_name)
    withheld.require_served(tx, found)
    return found.id


def _stored(tx: Tx, put: Put, contents: Contents | None) -> StoredFile | Failure:
    """The file as it will be, or why it cannot."""
    fault = rules.path_fault(put.path)
    if fault is not None:
        return Failure(put.path, fault)
    if isinstance(contents, str):
        return Failure(put.path, contents)
    found = (contents or {}).get(put.xet_hash)
    if put.xet_hash == rules.EMPTY_XET_HASH:
        found = Named(rules.EMPTY_SHA256, 0)
    if found is None:
        where = "sent to this bucket" if put.source is None else "found in the source"
        return Failure(put.path, f"No file of the hash {put.xet_hash} was {where}.")
    return StoredFile(put.path, put.xet_hash, found.sha256, found.size, put.modified_at, tx.now)


def _write(
    tx: Tx,
    bucket: Bucket,
    before: Mapping[str, StoredFile],
    changed: Mapping[str, StoredFile | None],
) -> None:
    """Put these rows in place of those, and count again."""
    gone = [before[path] for path in changed if path in before]
    made = [each for each in changed.values() if each is not None]
    file_count = bucket.file_count + len(made) - len(gone)
    rules.require_room(file_count)
    for some in batches(sorted(each.path for each in gone), BATCH):
        mine = BucketFile.path.in_(some)
        tx.connection.execute(
            delete_rows(BucketFile).where(BucketFile.bucket_id == bucket.id, mine)
        )
    rows = [
        {
            "bucket_id": bucket.id,
            "path": each.path,
            "xet_hash": each.xet_hash,
            "sha256": each.sha256,
            "size": each.size,
            "modified_at": each.modified_at,
            "uploaded_at": each.uploaded_at,
        }
        for each in made
    ]
    if rows:
        tx.connection.execute(insert(BucketFile), rows)
    used = bucket.bytes + sum(each.size for each in made) - sum(each.size for each in gone)
    _change(tx, bucket, file_count=file_count, bytes=used, updated_at=tx.now)
    if used != bucket.bytes:
        room.count_bucket(tx, bucket, used - bucket.bytes)
    if used > bucket.bytes:
        room.require(tx, bucket)
