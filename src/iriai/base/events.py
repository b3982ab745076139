"""The log: what was done, by whom, in which commons.

An action records its event in its own transaction (`tx.record`). An event is canonical JSON in two
halves. The *public* half is what everyone may read for ever. The *private* half (reasons that name
a person, addresses) is kept beside it, and stands in the public half only as the SHA-256 of a
random salt and its own canonical JSON: erasing both later leaves every proof valid.

A job *seals* events into their commons' Merkle tree (RFC 9162): it gives each the next position,
keeps the hashes of the complete subtrees that it finishes, and moves the head. Positions are the
order of the log; `id` is only the order in which transactions asked for one.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from sqlalchemy import (
    Index,
    Text,
    UniqueConstraint,
    and_,
    false,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base import merkle
from iriai.base.db import BigId, Table
from iriai.base.errors import Excessive

if TYPE_CHECKING:
    from iriai.base.tx import Ground, Tx

T = TypeVar("T")

HUB = 1
"""The commons of the hub itself: what belongs to no organisation is recorded there."""

SEAL_BATCH = 1_000
ENTRY_BYTES_MAX = 65_535
"""What the length of an entry has room for in a tile of entries (c2sp.org/tlog-tiles)."""
SALT_BYTES = 32


class Event(Table):
    """One thing that was done."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("commons_id", "position"),
        Index(
            "ix_events_unsealed",
            "commons_id",
            "id",
            sqlite_where=text("position IS NULL"),
            postgresql_where=text("position IS NULL"),
        ),
        Index("ix_events_subject", "subject"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId)
    position: Mapped[int | None] = mapped_column(BigId)
    at: Mapped[datetime]
    actor: Mapped[str]
    verb: Mapped[str]
    subject: Mapped[str]
    entry: Mapped[str] = mapped_column(Text)
    salt: Mapped[bytes | None]
    private: Mapped[str | None] = mapped_column(Text)
    hidden: Mapped[str | None] = mapped_column(Text)


class LogNode(Table):
    """The hash of one complete subtree of a commons' tree."""

    __tablename__ = "log_nodes"
    commons_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class LogHead(Table):
    """How far a commons' log is sealed, and the root of its tree."""

    __tablename__ = "log_heads"
    commons_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigId, default=0)
    root: Mapped[bytes]
    sealed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Head:
    """A sealed log: how many entries, and the root over them."""

    size: int
    root: bytes
    sealed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a log, said in a sentence."""

    commons_id: int
    position: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event of a transaction that is still open: its row, and its public half as a value."""

    id: int
    commons_id: int
    entry: Mapping[str, Any]
    row: Mapping[str, Any]


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no white space: the same value gives the same bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def private_digest(salt: bytes, private: bytes) -> str:
    """How a private payload stands in the public entry."""
    return hashlib.sha256(salt + private).hexdigest()


def hidden_digest(hidden: str) -> str:
    """How what lies beside an entry about rows stands in it; it has a salt of its own."""
    return hashlib.sha256(hidden.encode()).hexdigest()


def record(
    tx: "Tx",
    commons_id: int,
    actor: str,
    verb: str,
    subject: str,
    *,
    private: Mapping[str, Any] | None = None,
    **public: Any,
) -> Recorded:
    """Write down what happened, in the transaction of the change itself."""
    salt = kept = None
    entry: dict[str, Any] = {
        "at": tx.now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "commons": commons_id,
        "actor": actor,
        "verb": verb,
        "subject": subject,
        "facts": public,
    }
    if private is not None:
        salt, kept = secrets.token_bytes(SALT_BYTES), canonical(private)
        entry["private"] = private_digest(salt, kept)
    row: dict[str, Any] = {
        "commons_id": commons_id,
        "at": tx.now,
        "actor": actor,
        "verb": verb,
        "subject": subject,
        "entry": canonical(entry).decode(),
        "salt": salt,
        "private": None if kept is None else kept.decode(),
        "hidden": None,
    }
    if len(row["entry"].encode()) > ENTRY_BYTES_MAX:
        raise Excessive("This is more than one entry of the log can hold; say it in fewer words.")
    made = tx.connection.execute(insert(Event), row).inserted_primary_key or (0,)
    return Recorded(made[0], commons_id, entry, row)


def erase(tx: "Tx", event_id: int) -> None:
    """Forget an event's private payload and salt; its entry and every proof stay."""
    tx.connection.execute(update(Event).where(Event.id == event_id).values(salt=None, private=None))


def head(tx: "Tx", commons_id: int) -> Head:
    """The sealed log of a commons; an unsealed one is the empty tree."""
    row = tx.connection.execute(
        select(LogHead.size, LogHead.root, LogHead.sealed_at).where(
            LogHead.commons_id == commons_id
        )
    ).one_or_none()
    return Head(0, merkle.EMPTY_ROOT, None) if row is None else Head(row[0], row[1], row[2])


def nodes(tx: "Tx", commons_id: int) -> merkle.Nodes:
    """The kept subtree hashes of a commons, for the functions of `base.merkle`."""

    def node(level: int, index: int) -> bytes:
        found = tx.connection.execute(
            select(LogNode.hash).where(
                LogNode.commons_id == commons_id, LogNode.level == level, LogNode.index == index
            )
        ).scalar_one()
        return bytes(found)

    return node


def proven(tx: "Tx", commons_id: int, work: Callable[[merkle.Nodes], T]) -> T:
    """What `work` makes of the kept hashes, all of them fetched by one statement.

    It is run twice: to learn what it asks for, and with that.
    """
    wanted: set[tuple[int, int]] = set()

    def asked(level: int, index: int) -> bytes:
        wanted.add((level, index))
        return merkle.EMPTY_ROOT

    work(asked)
    mine = LogNode.commons_id == commons_id  # in each term: SQLite then uses the key for each
    each = (and_(mine, LogNode.level == level, LogNode.index == at) for level, at in wanted)
    rows = tx.connection.execute(
        select(LogNode.level, LogNode.index, LogNode.hash).where(or_(false(), *each))
    )
    found = {(level, index): bytes(value) for level, index, value in rows}
    return work(lambda level, index: found[level, index])


def seal(ground: "Ground", only: int | None = None) -> int:
    """Give every unsealed event its place in its commons' tree. Returns how many.

    With `only`, those of that commons.
    """
    waiting = select(Event.commons_id).where(Event.position.is_(None)).distinct()
    if only is not None:
        waiting = waiting.where(Event.commons_id == only)
    with ground.read() as tx:
        commons = list(tx.connection.execute(waiting).scalars())
    sealed = 0
    for commons_id in commons:
        while batch := _seal_batch(ground, commons_id):
            sealed += batch
    return sealed


def _seal_batch(ground: "Ground", commons_id: int) -> int:
    with ground.write() as tx:
        size = _locked_size(tx, commons_id)
        rows = tx.connection.execute(
            select(Event.id, Event.entry)
            .where(Event.commons_id == commons_id, Event.position.is_(None))
            .order_by(Event.id)
            .limit(SEAL_BATCH)
        ).all()
        if not rows:
            return 0
        fresh: dict[tuple[int, int], bytes] = {}
        kept = nodes(tx, commons_id)

        def node(level: int, index: int) -> bytes:
            return fresh.get((level, index)) or kept(level, index)

        for offset, (_, entry) in enumerate(rows):
            leaf = merkle.leaf_hash(entry.encode())
            for level, index, value in merkle.appended(size + offset, leaf, node):
                fresh[level, index] = value
        tx.connection.execute(
            insert(LogNode),
            [
                {"commons_id": commons_id, "level": level, "index": index, "hash": value}
                for (level, index), value in fresh.items()
            ],
        )
        for offset, (event_id, _) in enumerate(rows):
            tx.connection.execute(
                update(Event).where(Event.id == event_id).values(position=size + offset)
            )
        grown = size + len(rows)
        tx.connection.execute(
            update(LogHead)
            .where(LogHead.commons_id == commons_id)
            .values(size=grown, root=merkle.root(grown, node), sealed_at=tx.now)
        )
        return len(rows)


def _locked_size(tx: "Tx", commons_id: int) -> int:
    """The size of the sealed log, its row locked (SQLite: by the writer lock)."""
    asked = select(LogHead.size).where(LogHead.commons_id == commons_id).with_for_update()
    found = tx.connection.execute(asked).scalar_one_or_none()
    if found is None:
        row = {"commons_id": commons_id, "root": merkle.EMPTY_ROOT, "sealed_at": tx.now}
        fresh = tx.insert(LogHead).values(**row, size=0).on_conflict_do_nothing()
        tx.connection.execute(fresh)  # waits for whoever is just making it
        found = tx.connection.execute(asked).scalar_one()
    return int(found)


def entries(
    tx: "Tx", commons_id: int, *, before: int | None = None, limit: int = 50
) -> list[Event]:
    """Sealed entries, newest first, from the one before position `before`."""
    query = select(Event).where(Event.commons_id == commons_id, Event.position.is_not(None))
    if before is not None:
        query = query.where(Event.position < before)
    return list(tx.session.scalars(query.order_by(Event.position.desc()).limit(limit)))


def unsealed(tx: "Tx", commons_id: int) -> int:
    """How many events wait to be sealed."""
    return tx.connection.execute(
        select(func.count())
        .select_from(Event)
        .where(Event.commons_id == commons_id, Event.position.is_(None))
    ).scalar_one()
