"""What can be seen of buckets. There is no other way to get a `Bucket`."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, union_all

from iriai.base.batches import batches
from iriai.base.events import HUB
from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.buckets import rules
from iriai.buckets.rules import Bucket, Folder, StoredFile
from iriai.buckets.tables import BucketFile, BucketName, BucketRow
from iriai.identity.rules import Actor, circle
from iriai.identity.tables import Account, AccountName
from iriai.repos import past
from iriai.repos import queries as repos

LOOKUP_BATCH = 500

_BUCKET_COLUMNS: tuple[Any, ...] = (
    BucketRow.id,
    BucketRow.owner_id,
    Account.name.label("owner"),
    BucketRow.name,
    BucketRow.is_private,
    BucketRow.creator_id,
    BucketRow.created_at,
    BucketRow.updated_at,
    BucketRow.file_count,
    BucketRow.bytes,
    func.coalesce(Account.commons_id, HUB).label("commons_id"),
    Account.quota_bytes,
    BucketRow.counts_for_id,
)
_BUCKETS: Select[Any] = select(*_BUCKET_COLUMNS).join(Account, Account.id == BucketRow.owner_id)

_FILE_COLUMNS: tuple[Any, ...] = (
    BucketFile.path,
    BucketFile.xet_hash,
    BucketFile.sha256,
    BucketFile.size,
    BucketFile.modified_at,
    BucketFile.uploaded_at,
)
_FILES: Select[Any] = select(*_FILE_COLUMNS)


# -- buckets -------------------------------------------------------------------------------------


def bucket(tx: Tx, viewer: Actor, full_name: str) -> Bucket:
    """The bucket that has or had this name; missing and hidden are `Unknown` alike."""
    owner, _slash, name = full_name.partition("/")
    asked = (
        _BUCKETS.join(BucketName, BucketName.bucket_id == BucketRow.id)
        .join(AccountName, AccountName.account_id == BucketName.owner_id)
        .where(AccountName.name_key == fold(owner), BucketName.key == fold(name))
        .where(BucketRow.deleted_at.is_(None))
    )
    row = tx.connection.execute(asked).one_or_none()
    if row is None:
        raise rules.unknown_bucket()
    found = Bucket(*row)
    rules.require_read(viewer, found)
    return found


def by_id(tx: Tx, bucket_id: int) -> Bucket:
    """The bucket of this number, whoever asks: for actions and jobs, never for doors."""
    asked = _BUCKETS.where(BucketRow.id == bucket_id, BucketRow.deleted_at.is_(None))
    row = tx.connection.execute(asked).one_or_none()
    if row is None:
        raise rules.unknown_bucket()
    return Bucket(*row)


def readable(tx: Tx, viewer: Actor, bucket_ids: Collection[int]) -> Iterator[Bucket]:
    """Those of these buckets that `viewer` may read."""
    for some in batches(sorted(bucket_ids), LOOKUP_BATCH):
        rows = tx.connection.execute(_BUCKETS.where(BucketRow.id.in_(some), _readable(viewer)))
        yield from (Bucket(*row) for row in rows)


def buckets_of(
    tx: Tx,
    viewer: Actor,
    owner_id: int,
    *,
    search: str = "",
    after: str = "",
    limit: int = rules.PAGE_LENGTH,
) -> list[Bucket]:
    """What an account owns and `viewer` may read, by name, from the one behind `after`."""
    asked = _BUCKETS.where(BucketRow.owner_id == owner_id, _readable(viewer))
    if search:
        asked = asked.where(BucketRow.name_key.contains(fold(search), autoescape=True))
    asked = asked.where(BucketRow.name_key > after).order_by(BucketRow.name_key).limit(limit)
    return [Bucket(*row) for row in tx.connection.execute(asked)]


def readable_ids(viewer: Actor, *, owner_id: int | None = None) -> Select[Any]:
    """A SELECT of the numbers of all repositories and buckets whose files `viewer` may read.

    One's own deleted ones are among them until they are purged.
    """
    mine = select(BucketRow.id).where(_readable(viewer))
    if owner_id is not None:
        mine = mine.where(BucketRow.owner_id == owner_id)
    every = union_all(
        repos.readable_ids(viewer, owner_id=owner_id), mine, own_ids(viewer, owner_id=owner_id)
    )
    return select(every.subquery().c.id)


def own_ids(viewer: Actor, *, owner_id: int | None = None) -> Select[Any]:
    """A SELECT of the numbers of one's own repositories and buckets, of the deleted ones too."""
    mine = select(BucketRow.id).where(BucketRow.owner_id.in_(sorted(circle(viewer).owners)))
    if owner_id is not None:
        mine = mine.where(BucketRow.owner_id == owner_id)
    both = union_all(past.own_ids(viewer, owner_id=owner_id), mine).subquery()
    return select(both.c.id)


def _readable(viewer: Actor) -> ColumnElement[bool]:
    own = circle(viewer)
    reached: list[ColumnElement[bool]] = [false()]
    if own.owners:
        reached.append(BucketRow.owner_id.in_(sorted(own.owners)))
    if own.repos:
        mine = BucketRow.owner_id.in_(sorted(own.partly))
        reached.append(and_(BucketRow.id.in_(sorted(own.repos)), mine))
    return and_(BucketRow.deleted_at.is_(None), or_(~BucketRow.is_private, *reached))


# -- files ---------------------------------------------------------------------------------------


def file(tx: Tx, bucket: Bucket, path: str) -> StoredFile:
    """The file of this path."""
    found = files(tx, bucket, [path])
    if path not in found:
        raise rules.unknown_file(path)
    return found[path]


def files(tx: Tx, bucket: Bucket, paths: Collection[str]) -> dict[str, StoredFile]:
    """Those of these files that are there."""
    found: dict[str, StoredFile] = {}
    for some in batches(sorted(set(paths)), LOOKUP_BATCH):
        asked = _FILES.where(
            BucketFile.bucket_id == bucket.id,
            BucketFile.path.in_(some),
        )
        found.update((row.path, StoredFile(*row)) for row in tx.connection.execute(asked))
    return found


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a listing. `after`: where the next page begins, if there is one."""

    entries: Sequence[StoredFile | Folder]
    after: str | None


def listing(
    tx: Tx,
    bucket: Bucket,
    prefix: str,
    *,
    recursive: bool,
    after: str = "",
    limit: int = rules.PAGE_LENGTH,
) -> Page:
    """What begins with `prefix`, by path: all files, or the files and folders of one level.

    Of a folder only its first file is read; a page may end early where there are many large ones.
    """
    entries: list[StoredFile | Folder] = []
    for _ in range(rules.FOLDERS_SOUGHT_MAX):
        rows = _behind(tx, bucket, prefix, after, limit - len(entries) + 1)
        whole = len(rows) <= limit - len(entries)
        for row in rows[: limit - len(entries)]:
            if row.path < after:
                continue  # below a folder that stands there already
            folder = None if recursive else rules.folder_of(row.path, prefix)
            after = row.path + "\x01" if folder is None else folder + "0"
            entries.append(row if folder is None else Folder(folder, _newest(tx, bucket, folder)))
        if whole:
            return Page(entries, None)
        if len(entries) >= limit or recursive:
            break
    return Page(entries, after)


def _behind(tx: Tx, bucket: Bucket, prefix: str, after: str, limit: int) -> list[StoredFile]:
    """Files that begin with `prefix`, from `after` on."""
    asked = _FILES.where(
        BucketFile.bucket_id == bucket.id,
        BucketFile.path >= max(prefix, after),
        BucketFile.path < prefix + rules.PATH_END,
    )
    asked = asked.order_by(BucketFile.path).limit(limit)
    return [StoredFile(*row) for row in tx.connection.execute(asked)]


def _newest(tx: Tx, bucket: Bucket, folder: str) -> Any:
    """When a file below this folder was last sent. `0` is the character behind `/`."""
    asked = select(func.max(BucketFile.uploaded_at)).where(
        BucketFile.bucket_id == bucket.id,
        BucketFile.path >= folder + "/",
        BucketFile.path < folder + "0",
    )
    return tx.connection.execute(asked).scalar_one()
