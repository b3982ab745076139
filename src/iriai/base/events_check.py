"""Check logs by themselves: entries, what lies beside them, and the hashes kept of their trees."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from iriai.base import events, merkle
from iriai.base.events import Event, Finding, LogHead, LogNode

if TYPE_CHECKING:
    from iriai.base.tx import Ground, Tx

IN_PIECES = {"yield_per": 1_000}


def check(ground: "Ground", only: int | None = None) -> Iterator[Finding]:
    """Recompute every tree from its entries; whatever does not agree is a finding.

    With `only`, the tree of that commons.
    """
    wanted = select(LogHead.commons_id, LogHead.size, LogHead.root).order_by(LogHead.commons_id)
    if only is not None:
        wanted = wanted.where(LogHead.commons_id == only)
    with ground.read() as tx:
        heads = tx.connection.execute(wanted).all()
        for commons_id, size, root in heads:
            yield from _check_one(tx, commons_id, size, bytes(root))


def _check_one(tx: "Tx", commons_id: int, size: int, root: bytes) -> Iterator[Finding]:
    made: dict[tuple[int, int], bytes] = {}
    leaf_of = and_(
        LogNode.commons_id == commons_id, LogNode.level == 0, LogNode.index == Event.position
    )
    rows = tx.connection.execution_options(stream_results=True).execute(
        select(Event.position, Event.entry, Event.salt, Event.private, Event.hidden, LogNode.hash)
        .outerjoin(LogNode, leaf_of)
        .where(Event.commons_id == commons_id, Event.position.is_not(None))
        .order_by(Event.position)
    )
    expected = 0
    for position, entry, salt, private, hidden, kept in rows:
        if position != expected:
            yield Finding(commons_id, expected, f"Entry {expected:,} of the log is missing.")
            return
        expected += 1
        leaf = merkle.leaf_hash(entry.encode())
        for level, index, value in merkle.appended(position, leaf, lambda a, b: made[a, b]):
            made[level, index] = value
        if kept is None or bytes(kept) != leaf:
            yield Finding(commons_id, position, f"Entry {position:,} of the log was changed.")
        for part in _changed_beside(entry, salt, private, hidden):
            message = f"The {part} part of entry {position:,} was changed."
            yield Finding(commons_id, position, message)
    if expected != size:
        yield Finding(
            commons_id, None, f"The log holds {expected:,} entries, its head says {size:,}."
        )
    elif merkle.root(size, lambda a, b: made[a, b]) != root:
        yield Finding(commons_id, None, "The root of the log is not the one of its entries.")
    yield from wrong_hashes(tx, commons_id)


def wrong_hashes(tx: "Tx", commons_id: int) -> Iterator[Finding]:
    """Which kept hashes are not those of the two below them: proofs are made of these.

    Where several lie above each other only the lowest is named; the lowest of all are the entries'.
    """
    size = events.head(tx, commons_id).size
    mine = select(LogNode.level, func.count()).where(LogNode.commons_id == commons_id)
    counts = {row[0]: row[1] for row in tx.connection.execute(mine.group_by(LogNode.level))}
    for level in range(max(size.bit_length(), *(each + 1 for each in counts), 0)):
        count, should = counts.get(level, 0), size >> level
        if count != should:
            message = f"Of level {level} the tree has {count:,} hashes, and not {should:,}."
            yield Finding(commons_id, None, message)
    left, right = aliased(LogNode), aliased(LogNode)
    pairs = select(LogNode.level, LogNode.index, LogNode.hash, left.hash, right.hash)
    for side, more in ((left, 0), (right, 1)):
        below = and_(side.level == LogNode.level - 1, side.index == LogNode.index * 2 + more)
        pairs = pairs.outerjoin(side, and_(side.commons_id == commons_id, below))
    pairs = pairs.where(LogNode.commons_id == commons_id, LogNode.level > 0)
    wrong: set[tuple[int, int]] = set()
    rows = tx.connection.execute(pairs.order_by(LogNode.level), execution_options=IN_PIECES)
    for level, index, kept, *pair in rows:
        good = None not in pair and merkle.node_hash(*map(bytes, pair)) == bytes(kept)
        if good:
            continue
        wrong.add((level, index))
        if not wrong & {(level - 1, index * 2), (level - 1, index * 2 + 1)}:
            first, last = index << level, ((index + 1) << level) - 1
            message = f"The kept hash of entries {first:,} to {last:,} is not made of those below."
            yield Finding(commons_id, first, message)


def _changed_beside(
    entry: str, salt: bytes | None, private: str | None, hidden: str | None
) -> list[str]:
    """Which of the parts that lie beside an entry are not what it says."""
    beside = {}
    if salt is not None and private is not None:
        beside["private"] = events.private_digest(bytes(salt), private.encode())
    if hidden is not None:
        beside["hidden"] = events.hidden_digest(hidden)
    claimed = orjson.loads(entry) if beside else {}
    return [part for part, digest in beside.items() if claimed.get(part) != digest]
