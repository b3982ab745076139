"""Making collections, filling them, putting them in order, and recommending them."""

import secrets
from collections.abc import Sequence

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.collections import queries, rules
from iriai.collections.rules import Collection, ItemKind, Theme
from iriai.collections.tables import CollectionItem, CollectionRow, CollectionUpvote
from iriai.identity import queries as identity
from iriai.identity.rules import Actor, require_signed_in
from iriai.identity.tables import Account


def create(
    tx: Tx,
    actor: Actor,
    *,
    owner: str,
    title: str,
    description: str = "",
    is_private: bool = False,
) -> Collection:
    """Make an empty collection, the last of its owner's; `TitleTaken` where there is one."""
    account = identity.account(tx, owner)
    rules.require_may_keep(actor, account.id)
    _lock(tx, account.id)
    cleaned = rules.clean_title(title)
    _require_free(tx, actor, account.id, cleaned)
    kept = select(func.count(CollectionRow.id)).where(CollectionRow.owner_id == account.id)
    count = tx.connection.execute(kept).scalar_one()
    rules.require_room_for_another(count)
    key = secrets.token_hex(rules.KEY_BYTES)
    row = {
        "key": key,
        "owner_id": account.id,
        "title": cleaned,
        "title_key": fold(cleaned),
        "description": rules.clean_description(description),
        "is_private": is_private,
        "theme": Theme.ORANGE,
        "position": count,
        "upvotes": 0,
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    tx.connection.execute(insert(CollectionRow), row)
    made = queries.collection(tx, actor, account.name, key)
    tx.record(made.owner.commons_id, actor.name, "created", made.subject)
    return made


def change(
    tx: Tx,
    actor: Actor,
    found: Collection,
    *,
    title: str | None = None,
    description: str | None = None,
    is_private: bool | None = None,
    theme: str | None = None,
    position: int | None = None,
) -> Collection:
    """Change what is given. Another title makes another address; the old one still leads here."""
    rules.require_may_keep(actor, found.owner.id)
    _lock(tx, found.owner.id)
    values: dict[str, object] = {"updated_at": tx.now}
    if title is not None:
        cleaned = rules.clean_title(title)
        _require_free(tx, actor, found.owner.id, cleaned, but=found.id)
        values |= {"title": cleaned, "title_key": fold(cleaned)}
    if description is not None:
        values["description"] = rules.clean_description(description)
    if is_private is not None:
        values["is_private"] = is_private
    if theme is not None:
        values["theme"] = rules.clean_theme(theme)
    tx.connection.execute(update(CollectionRow).where(CollectionRow.id == found.id).values(values))
    if position is not None:
        asked = (
            select(CollectionRow.id)
            .where(CollectionRow.owner_id == found.owner.id)
            .order_by(CollectionRow.position, CollectionRow.id)
        )
        every = tx.connection.execute(asked).scalars().all()
        seen = [each.id for each in queries.kept_by(tx, actor, found.owner.id)]
        _put_in_order(tx, CollectionRow, rules.moved(every, found.id, position, seen=seen))
    made = queries.collection(tx, actor, found.owner.name, found.key)
    tx.record(made.owner.commons_id, actor.name, "changed", made.subject)
    return made


def remove(tx: Tx, actor: Actor, found: Collection) -> None:
    """Delete a collection; what it held stays where it is."""
    rules.require_may_keep(actor, found.owner.id)
    tx.connection.execute(
        delete(CollectionItem).where(
            or_(
                CollectionItem.collection_id == found.id,
                (CollectionItem.kind == ItemKind.COLLECTION) & (CollectionItem.target == found.key),
            )
        )
    )
    tx.connection.execute(
        delete(CollectionUpvote).where(CollectionUpvote.collection_id == found.id)
    )
    tx.connection.execute(delete(CollectionRow).where(CollectionRow.id == found.id))
    tx.record(found.owner.commons_id, actor.name, "deleted", found.subject)


def add(tx: Tx, actor: Actor, found: Collection, *, kind: str, name: str, note: str = "") -> None:
    """Put something that the actor can see at the end of a collection."""
    rules.require_may_keep(actor, found.owner.id)
    _lock(tx, found.owner.id)
    wanted = rules.clean_kind(kind)
    target = queries.target(tx, actor, wanted, rules.clean_item_id(wanted, name))
    order = _order(tx, found.id)
    rules.require_room(len(order))
    row = {
        "key": secrets.token_hex(rules.KEY_BYTES),
        "collection_id": found.id,
        "kind": wanted,
        "target": target,
        "note": rules.clean_note(note),
        "position": len(order),
        "added_at": tx.now,
    }
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(insert(CollectionItem), row)
    except IntegrityError:
        raise rules.has_item() from None
    _put_in_order(tx, CollectionItem, order)
    _touch(tx, actor, found, "added to")


def change_item(
    tx: Tx,
    actor: Actor,
    found: Collection,
    key: str,
    *,
    note: str | None = None,
    position: int | None = None,
) -> None:
    """Give an item another note or another place, counted from 0."""
    rules.require_may_keep(actor, found.owner.id)
    _lock(tx, found.owner.id)
    item = _item(tx, found, key)
    if note is not None:
        tx.connection.execute(
            update(CollectionItem)
            .where(CollectionItem.id == item)
            .values(note=rules.clean_note(note))
        )
    if position is not None:
        seen = [each.id for each in queries.items(tx, actor, [found.id])[found.id]]
        order = rules.moved(_order(tx, found.id), item, position, seen=seen)
        _put_in_order(tx, CollectionItem, order)
    _touch(tx, actor, found, "rearranged")


def take_out(tx: Tx, actor: Actor, found: Collection, key: str) -> None:
    """Take an item out of a collection."""
    rules.require_may_keep(actor, found.owner.id)
    _lock(tx, found.owner.id)
    item = _item(tx, found, key)
    tx.connection.execute(delete(CollectionItem).where(CollectionItem.id == item))
    _put_in_order(tx, CollectionItem, _order(tx, found.id))
    _touch(tx, actor, found, "took out of")


def recommend(tx: Tx, actor: Actor, found: Collection, *, wanted: bool) -> int:
    """Recommend a collection, or no longer. Returns how many do."""
    who = require_signed_in(actor)
    rules.require_may_vote(actor, found)
    _lock(tx, who)
    here = queries.recommends(tx, actor, found.id)
    if here == wanted:
        return found.upvotes
    if wanted:
        row = {"collection_id": found.id, "account_id": who, "since": tx.now}
        tx.connection.execute(insert(CollectionUpvote), row)
    else:
        tx.connection.execute(
            delete(CollectionUpvote).where(
                CollectionUpvote.collection_id == found.id, CollectionUpvote.account_id == who
            )
        )
    tx.record(
        found.owner.commons_id,
        actor.name,
        "recommended" if wanted else "no longer recommends",
        found.subject,
    )
    return tx.connection.execute(
        update(CollectionRow)
        .where(CollectionRow.id == found.id)
        .values(upvotes=CollectionRow.upvotes + (1 if wanted else -1))
        .returning(CollectionRow.upvotes)
    ).scalar_one()


def _require_free(
    tx: Tx, actor: Actor, owner_id: int, title: str, *, but: int | None = None
) -> None:
    asked = select(CollectionRow.id, CollectionRow.key, Account.name).join(
        Account, Account.id == CollectionRow.owner_id
    )
    asked = asked.where(CollectionRow.owner_id == owner_id, CollectionRow.title_key == fold(title))
    row = tx.connection.execute(asked).one_or_none()
    if row is not None and row.id != but:
        raise rules.TitleTaken(queries.collection(tx, actor, row.name, row.key).slug)


def _item(tx: Tx, found: Collection, key: str) -> int:
    asked = select(CollectionItem.id).where(
        CollectionItem.collection_id == found.id, CollectionItem.key == key
    )
    row = tx.connection.execute(asked).one_or_none()
    if row is None:
        raise rules.unknown_item()
    return int(row.id)


def _order(tx: Tx, collection_id: int) -> Sequence[int]:
    asked = (
        select(CollectionItem.id)
        .where(CollectionItem.collection_id == collection_id)
        .order_by(CollectionItem.position, CollectionItem.id)
    )
    return tx.connection.execute(asked).scalars().all()


def _put_in_order(
    tx: Tx, table: type[CollectionItem] | type[CollectionRow], order: Sequence[int]
) -> None:
    """Number rows from 0."""
    rows = [{"row": each, "place": place} for place, each in enumerate(order)]
    if rows:
        statement = update(table).where(table.id == bindparam("row"))
        tx.connection.execute(statement.values(position=bindparam("place")), rows)


def _touch(tx: Tx, actor: Actor, found: Collection, verb: str) -> None:
    tx.connection.execute(
        update(CollectionRow).where(CollectionRow.id == found.id).values(updated_at=tx.now)
    )
    tx.record(found.owner.commons_id, actor.name, verb, found.subject)


def _lock(tx: Tx, account_id: int) -> None:
    """One change at a time to what an account keeps, so that places and counts stay whole."""
    asked = select(Account.id).where(Account.id == account_id).with_for_update()
    tx.connection.execute(asked)
