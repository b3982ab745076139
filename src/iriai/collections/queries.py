"""What can be seen of collections: private ones by those who keep them, items by who may know them.

An item whose repository is private or gone is there for nobody who may not see that repository.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from iriai.base.batches import batches
from iriai.base.errors import Gone, Unknown
from iriai.base.events import HUB
from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.buckets import queries as buckets
from iriai.buckets.rules import Bucket
from iriai.collections import rules
from iriai.collections.rules import REPOSITORIES, Collection, ItemKind, Owner, Theme
from iriai.collections.tables import CollectionItem, CollectionRow, CollectionUpvote
from iriai.identity.rules import Actor, circle
from iriai.identity.tables import Account, AccountKind
from iriai.repos import queries as repos
from iriai.repos.rows import WITH_HEAD, as_repo, seen
from iriai.repos.rules import Repo
from iriai.repos.tables import RepoRow

LOOKUP_BATCH = 500
ASKED_MAX = 20


class Sort(StrEnum):
    """By what a list is ordered, the most or newest first."""

    UPDATED = "lastModified"
    TRENDING = "trending"
    UPVOTES = "upvotes"


@dataclass(frozen=True, slots=True)
class Item:
    """Something in a collection; `repo`, `collection` or `bucket` is what it is, if it is one.

    `position` counts what the viewer sees, from 0: a place left free would tell of what is hidden.
    """

    id: int
    key: str
    kind: ItemKind
    target: str
    note: str
    position: int
    repo: Repo | None = None
    collection: Collection | None = None
    bucket: Bucket | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which collections: of any of these owners, holding any of these things."""

    owners: Sequence[str] = ()
    holding: Sequence[tuple[ItemKind, str]] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """Some collections; `after` asks for the next ones, None when there are no more."""

    collections: Sequence[Collection]
    after: tuple[Any, int] | None


_COLUMNS: tuple[Any, ...] = (
    CollectionRow.id,
    CollectionRow.key,
    CollectionRow.title,
    CollectionRow.description,
    CollectionRow.is_private,
    CollectionRow.theme,
    CollectionRow.upvotes,
    CollectionRow.created_at,
    CollectionRow.updated_at,
    Account.id.label("owner_id"),
    Account.name,
    Account.fullname,
    Account.kind,
    Account.commons_id,
)


def collection(tx: Tx, viewer: Actor, namespace: str, slug: str) -> Collection:
    """The collection of this address, or of one it had; missing and private are alike."""
    key = rules.key_in(slug)
    if key is not None:
        asked = _joined(viewer).where(CollectionRow.key == key)
        found = [_collection(row) for row in tx.connection.execute(asked)]
    else:
        asked = _joined(viewer).where(Account.name_key == fold(namespace))
        asked = asked.order_by(CollectionRow.id).limit(rules.COLLECTIONS_MAX)
        rows = tx.connection.execute(asked)
        found = [each for each in map(_collection, rows) if rules.words(each.title) == slug]
    for each in found:
        if rules.may_see(viewer, each.owner.id, is_private=each.is_private):
            return each
    raise rules.unknown_collection()


def collections(
    tx: Tx,
    viewer: Actor,
    filters: Filters,
    sort: Sort = Sort.UPDATED,
    *,
    after: tuple[Any, int] | None = None,
    limit: int = rules.PAGE_LENGTH,
) -> Listed:
    """The collections that `viewer` may see, filtered and in order."""
    column: Any = CollectionRow.updated_at if sort is Sort.UPDATED else CollectionRow.upvotes
    asked = _joined(viewer).where(_visible(viewer))
    if filters.owners:
        keys = [fold(each) for each in filters.owners]
        asked = asked.where(Account.name_key.in_(keys))
    if filters.holding:
        targets = [_target(tx, viewer, kind, name) for kind, name in filters.holding[:ASKED_MAX]]
        holds = [
            and_(CollectionItem.kind == kind, CollectionItem.target == target)
            for kind, target in targets
            if target is not None
        ]
        having = select(CollectionItem.collection_id).where(or_(False, *holds))
        asked = asked.where(CollectionRow.id.in_(having))
    if after is not None:
        value, last = after
        asked = asked.where(or_(column < value, and_(column == value, CollectionRow.id < last)))
    asked = asked.order_by(column.desc(), CollectionRow.id.desc()).limit(limit + 1)
    rows = tx.connection.execute(asked).all()
    found = [_collection(row) for row in rows[:limit]]
    if len(rows) <= limit or not found:
        return Listed(found, None)
    value = found[-1].updated_at if sort is Sort.UPDATED else found[-1].upvotes
    return Listed(found, (value, found[-1].id))


def kept_by(tx: Tx, viewer: Actor, owner_id: int) -> Sequence[Collection]:
    """An account's collections that `viewer` may see, in its own order."""
    asked = _joined(viewer).where(CollectionRow.owner_id == owner_id, _visible(viewer))
    asked = asked.order_by(CollectionRow.position, CollectionRow.id).limit(rules.COLLECTIONS_MAX)
    return [_collection(row) for row in tx.connection.execute(asked)]


def items(tx: Tx, viewer: Actor, collection_ids: Sequence[int]) -> dict[int, list[Item]]:
    """What collections hold, in order, as far as `viewer` may know of it."""
    held: dict[int, list[Item]] = {each: [] for each in collection_ids}
    if not collection_ids:
        return held
    asked = (
        select(
            CollectionItem.collection_id,
            CollectionItem.id,
            CollectionItem.key,
            CollectionItem.kind,
            CollectionItem.target,
            CollectionItem.note,
        )
        .where(CollectionItem.collection_id.in_(list(collection_ids)))
        .order_by(CollectionItem.position, CollectionItem.id)
    )
    rows = tx.connection.execute(asked).all()
    known = _repos(tx, viewer, {int(row.target) for row in rows if row.kind in REPOSITORIES})
    others = _by_key(tx, viewer, {row.target for row in rows if row.kind == ItemKind.COLLECTION})
    kept = {int(row.target) for row in rows if row.kind == ItemKind.BUCKET}
    holders = {each.id: each for each in buckets.readable(tx, viewer, kept)}
    for row in rows:
        kind, here = ItemKind(row.kind), held[row.collection_id]
        repo = known.get(int(row.target)) if kind in REPOSITORIES else None
        other = others.get(row.target) if kind is ItemKind.COLLECTION else None
        bucket = holders.get(int(row.target)) if kind is ItemKind.BUCKET else None
        if kind is ItemKind.PAPER or any((repo, other, bucket)):
            place = len(here)
            here.append(
                Item(row.id, row.key, kind, row.target, row.note, place, repo, other, bucket)
            )
    return held


def target(tx: Tx, viewer: Actor, kind: ItemKind, name: str) -> str:
    """What a row keeps of a thing of this name, which `viewer` must be able to see."""
    if kind in REPOSITORIES:
        now = repos.moved(tx, viewer, kind, name) or name
        return str(repos.repo(tx, viewer, kind, now).id)
    if kind is ItemKind.BUCKET:
        return str(buckets.bucket(tx, viewer, name).id)
    if kind is ItemKind.COLLECTION:
        namespace, _, slug = name.rpartition("/")  # hub.js sends the key alone
        return collection(tx, viewer, namespace, slug).key
    return name


def recommends(tx: Tx, actor: Actor, collection_id: int) -> bool:
    """Whether the actor recommends a collection."""
    asked = select(CollectionUpvote.since).where(
        CollectionUpvote.collection_id == collection_id, CollectionUpvote.account_id == actor.id
    )
    return actor.id is not None and tx.connection.execute(asked).first() is not None


def _target(tx: Tx, viewer: Actor, kind: ItemKind, name: str) -> tuple[ItemKind, str | None]:
    try:
        return kind, target(tx, viewer, kind, rules.clean_item_id(kind, name))
    except (Unknown, Gone):
        return kind, None


def _repos(tx: Tx, viewer: Actor, ids: set[int]) -> dict[int, Repo]:
    found: dict[int, Repo] = {}
    for batch in batches(sorted(ids), LOOKUP_BATCH):
        rows = tx.connection.execute(WITH_HEAD.where(RepoRow.id.in_(batch), seen(viewer)))
        found |= {row[0]: as_repo(row, row[-1]) for row in rows}
    return found


def _by_key(tx: Tx, viewer: Actor, keys: set[str]) -> dict[str, Collection]:
    found: dict[str, Collection] = {}
    for batch in batches(sorted(keys), LOOKUP_BATCH):
        asked = _joined(viewer).where(CollectionRow.key.in_(batch), _visible(viewer))
        found |= {row.key: _collection(row) for row in tx.connection.execute(asked)}
    return found


def _visible(viewer: Actor, row: type[CollectionRow] = CollectionRow) -> ColumnElement[bool]:
    mine = circle(viewer).owners
    return or_(row.is_private.is_(False), row.owner_id.in_(sorted(mine)))


def _joined(viewer: Actor) -> Select[Any]:
    return (
        select(*_COLUMNS, _place(viewer).label("position"))
        .join(Account, Account.id == CollectionRow.owner_id)
        .where(Account.deleted_at.is_(None))
    )


def _place(viewer: Actor) -> ScalarSelect[int]:
    """Where it stands among its owner's, counted over those that `viewer` sees."""
    other = aliased(CollectionRow)
    here, there = CollectionRow.position, other.position
    is_before = or_(there < here, and_(there == here, other.id < CollectionRow.id))
    asked = select(func.count(other.id)).where(other.owner_id == CollectionRow.owner_id, is_before)
    return asked.where(_visible(viewer, other)).scalar_subquery()


def _collection(row: Row[Any]) -> Collection:
    return Collection(
        id=row.id,
        key=row.key,
        owner=Owner(
            id=row.owner_id,
            name=row.name,
            fullname=row.fullname,
            is_organisation=row.kind == AccountKind.ORGANISATION,
            commons_id=HUB if row.commons_id is None else row.commons_id,
        ),
        title=row.title,
        description=row.description,
        is_private=row.is_private,
        theme=Theme(row.theme),
        position=row.position,
        upvotes=row.upvotes,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
