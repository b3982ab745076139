"""What can be read of a signed log: keys, checkpoints, tiles. All of it is public."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from iriai.base import events
from iriai.base.errors import Unknown
from iriai.base.events import Event, LogNode
from iriai.base.tx import Tx
from iriai.commons.tlog import tables
from iriai.commons.tlog.rules import TILE_HEIGHT, PublicKey, Tile, bundle

NOT_IN_LOG = "This part of the log is not there yet."
IN_PIECES = {"yield_per": 1_000}
"""Of one statement; an option of the connection would hold for all that follow."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a log and its time."""

    id: int
    key: PublicKey
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it was signed."""

    size: int
    root: bytes
    note: str
    signed_at: datetime


def keys(tx: Tx, commons_id: int) -> list[Key]:
    """Every key that has signed this commons' log, the present one last."""
    mine = tables.LogKey.commons_id == commons_id
    rows = tx.connection.execute(select(tables.LogKey.__table__).where(mine).order_by("id")).all()
    return [
        Key(row.id, PublicKey(row.origin, bytes(row.public)), row.began_at, row.ended_at)
        for row in rows
    ]


def key(tx: Tx, commons_id: int) -> Key | None:
    """The key that signs now; None where nothing was signed yet."""
    found = [each for each in keys(tx, commons_id) if each.ended_at is None]
    return found[-1] if found else None


def latest(tx: Tx, commons_id: int) -> Signed | None:
    """The newest signed checkpoint."""
    found = checkpoints(tx, commons_id, limit=1)
    return found[0] if found else None


def checkpoints(
    tx: Tx, commons_id: int, *, size: int | None = None, limit: int | None = None
) -> list[Signed]:
    """Signed checkpoints, the newest first, or the one of a size."""
    mine = tables.Checkpoint
    query = (
        select(mine.size, mine.root, mine.note, mine.signed_at)
        .where(mine.commons_id == commons_id)
        .order_by(mine.size.desc())
        .limit(limit)
    )
    if size is not None:
        query = query.where(mine.size == size)
    rows = tx.connection.execute(query).all()
    return [Signed(row[0], bytes(row[1]), row[2], row[3]) for row in rows]


def tile(tx: Tx, commons_id: int, level: int, asked: Tile) -> bytes:
    """The hashes of a tile, one after the other."""
    start, height = asked.start, level * TILE_HEIGHT
    if start + asked.width > events.head(tx, commons_id).size >> height:
        raise Unknown(NOT_IN_LOG, code="EntryNotFound")
    rows = tx.connection.execute(
        select(LogNode.hash)
        .where(
            LogNode.commons_id == commons_id,
            LogNode.level == height,
            LogNode.index.between(start, start + asked.width - 1),
        )
        .order_by(LogNode.index)
    ).scalars()
    return b"".join(rows)


def entry_tile(tx: Tx, commons_id: int, asked: Tile) -> bytes:
    """The entries of a tile, each behind its length."""
    found = list(entries(tx, commons_id, asked.start, asked.start + asked.width))
    if len(found) < asked.width:
        raise Unknown(NOT_IN_LOG, code="EntryNotFound")
    return bundle([text for _, text in found])


def entries(
    tx: Tx, commons_id: int, start: int = 0, end: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Sealed entries and their positions, in order, byte for byte as they were hashed."""
    query = select(Event.position, Event.entry).where(
        Event.commons_id == commons_id, Event.position >= start
    )
    if end is not None:
        query = query.where(Event.position < end)
    query = query.order_by(Event.position)
    with tx.connection.execute(query, execution_options=IN_PIECES) as rows:
        for position, text in rows:
            yield position or 0, text.encode()


def leaves(tx: Tx, commons_id: int) -> Iterator[tuple[int, bytes]]:
    """The kept hash of each entry, in order."""
    query = (
        select(LogNode.index, LogNode.hash)
        .where(LogNode.commons_id == commons_id, LogNode.level == 0)
        .order_by(LogNode.index)
    )
    with tx.connection.execute(query, execution_options=IN_PIECES) as rows:
        for index, value in rows:
            yield index, bytes(value)


def kept(tx: Tx, commons_id: int) -> Iterator[tuple[int | None, bytes, str | None]]:
    """Each entry in order with its position and what lies beside it; then those not sealed yet."""
    mine = select(Event.position, Event.entry, Event.hidden).where(Event.commons_id == commons_id)
    sealed = mine.where(Event.position.is_not(None)).order_by(Event.position)
    waiting = mine.where(Event.position.is_(None)).order_by(Event.id)
    for query in (sealed, waiting):
        with tx.connection.execute(query, execution_options=IN_PIECES) as rows:
            for position, text, hidden in rows:
                yield position, text.encode(), hidden
