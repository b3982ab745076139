"""Readers of the log: whoever derives something from it keeps a place in each commons.

A reader is given sealed entries in the order of the log, and its place moves in the very
transaction in which it keeps what it made of them: none is lost and none is read twice, whenever a
worker dies. Positions have no gaps, and only sealed events have one, so a place is one number. A
reader that fails at an entry stops there, logged, until it is mended; others go on.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table
from iriai.base.errors import Unavailable
from iriai.base.events import Event, LogHead

if TYPE_CHECKING:
    from iriai.base.tx import Ground, Tx

BATCH = 100

log = logging.getLogger(__name__)


class LogCursor(Table):
    """How far a reader has read in a commons: the position it reads next."""

    __tablename__ = "log_cursors"
    reader: Mapped[str] = mapped_column(primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigId, default=0)


@dataclass(frozen=True, slots=True)
class Entry:
    """A sealed event. `private` is what it says besides to those it concerns, if not erased."""

    commons_id: int
    position: int
    at: datetime
    actor: str
    verb: str
    subject: str
    facts: Mapping[str, Any]
    private: Mapping[str, Any]


Take = Callable[["Tx", Sequence[Entry]], None]

READERS: dict[str, Take] = {}


def reader(name: str) -> Callable[[Take], Take]:
    """Register a function as what a reader of this name does with entries."""

    def register(take: Take) -> Take:
        READERS[name] = take
        return take

    return register


def read_all(ground: "Ground") -> int:
    """Let every reader read what is new to it. Returns how many entries were read."""
    return sum(read_on(ground, name, take) for name, take in READERS.items())


def read_on(ground: "Ground", name: str, take: Take) -> int:
    """Let one reader read on in every commons, in batches."""
    done = 0
    for commons_id in _behind(ground, name):
        try:
            while count := _read_batch(ground, name, commons_id, take):
                done += count
        except Unavailable:
            raise
        except Exception:
            log.exception("The reader %s stops in the log of commons %s.", name, commons_id)
    return done


def _behind(ground: "Ground", name: str) -> list[int]:
    place = func.coalesce(LogCursor.position, 0)
    asked = (
        select(LogHead.commons_id)
        .outerjoin(
            LogCursor,
            (LogCursor.commons_id == LogHead.commons_id) & (LogCursor.reader == name),
        )
        .where(LogHead.size > place)
        .order_by(LogHead.commons_id)
    )
    with ground.read() as tx:
        return list(tx.connection.execute(asked).scalars())


def _read_batch(ground: "Ground", name: str, commons_id: int, take: Take) -> int:
    with ground.write() as tx:
        place = _locked_place(tx, name, commons_id)
        rows = tx.connection.execute(
            select(
                Event.position,
                Event.at,
                Event.actor,
                Event.verb,
                Event.subject,
                Event.entry,
                Event.private,
            )
            .where(Event.commons_id == commons_id, Event.position >= place)
            .order_by(Event.position)
            .limit(BATCH)
        ).all()
        if not rows:
            return 0
        take(tx, [_entry(commons_id, row) for row in rows])
        tx.connection.execute(
            update(LogCursor)
            .where(LogCursor.reader == name, LogCursor.commons_id == commons_id)
            .values(position=rows[-1].position + 1)
        )
        return len(rows)


def _locked_place(tx: "Tx", name: str, commons_id: int) -> int:
    fresh = {"reader": name, "commons_id": commons_id, "position": 0}
    tx.connection.execute(tx.insert(LogCursor).on_conflict_do_nothing(), fresh)
    return tx.connection.execute(
        select(LogCursor.position)
        .where(LogCursor.reader == name, LogCursor.commons_id == commons_id)
        .with_for_update()
    ).scalar_one()


def _entry(commons_id: int, row: Any) -> Entry:
    facts = orjson.loads(row.entry).get("facts", {})
    kept = orjson.loads(row.private) if row.private is not None else {}
    return Entry(commons_id, row.position, row.at, row.actor, row.verb, row.subject, facts, kept)
