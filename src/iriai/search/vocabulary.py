"""The words that everybody may see, kept by their spellings so that slips can be put right.

Words of names and tags are always taken in; those of cards while there is room. A slow walk over
all of them forgets what nothing has any more.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, delete, func, select, tuple_

from iriai.base.batches import batches
from iriai.base.tx import Ground, Tx
from iriai.repos.rules import Kind
from iriai.search import index, spelling, tokens
from iriai.search.tables import SearchSpelling

ROWS_MAX = 5_000_000
"""Beyond so many spellings, about 500,000 words, those of cards are no longer taken in."""
KEPT_MAX = 200_000
WALK_BEGINS, WALKED_AT_ONCE = -(1 << 63), 5_000
FORGOTTEN_AT_ONCE = 200


@dataclass(slots=True)
class _Noted:
    """What this process knows of one database's words.

    `kept` has words that are kept already, and whether as named; `room` is how many spellings more
    may be taken in, at the least; `walked` the spelling that the walk has come to.
    """

    kept: set[tuple[str, bool]] = field(default_factory=set)
    room: int = 0
    walked: int = WALK_BEGINS


_noted: WeakKeyDictionary[Engine, _Noted] = WeakKeyDictionary()


def keep(ground: Ground, named: Collection[str], worded: Collection[str]) -> None:
    """Take in words of names and tags, and words of cards."""
    noted = _noted.setdefault(ground.engine, _Noted())
    kept = noted.kept
    names = [
        word for word in sorted(named) if spelling.is_known_word(word) and (word, True) not in kept
    ]
    others = [
        word
        for word in sorted(set(worded) - set(named))
        if spelling.is_card_word(word) and (word, False) not in kept and (word, True) not in kept
    ]
    if not names and not others:
        return
    rows, more = _rows(names, named=True), _rows(others, named=False)
    if more and not _has_room(ground, noted, len(rows) + len(more)):
        more = []
    with ground.write() as tx:
        _put(tx, rows, more)
    if len(kept) + len(names) + len(others) > KEPT_MAX:
        kept.clear()
    kept.update((word, True) for word in names)
    kept.update((word, False) for word in others)


def forget(ground: Ground) -> int:
    """Walk on over some of the words; how many are forgotten, as nothing public has them."""
    noted = _noted.setdefault(ground.engine, _Noted())
    asked = (
        select(SearchSpelling.spelling, SearchSpelling.word)
        .where(SearchSpelling.spelling > noted.walked)
        .order_by(SearchSpelling.spelling, SearchSpelling.word)
        .limit(WALKED_AT_ONCE)
    )
    with ground.read() as tx:
        rows = tx.connection.execute(asked).all()
        itself = [row.word for row in rows if row.spelling == spelling.number(row.word)]
        gone = [word for word in itself if not times(tx, word, tuple(Kind), 1)]
    for some in batches(gone, FORGOTTEN_AT_ONCE):
        _drop(ground, some)
    noted.kept.difference_update((word, named) for word in gone for named in (True, False))
    noted.walked = rows[-1].spelling if len(rows) == WALKED_AT_ONCE else WALK_BEGINS
    return len(gone)


def times(tx: Tx, word: str, kinds: Sequence[str], most: int) -> int:
    """How many repositories of these kinds that everybody may see have a word, up to `most`."""
    public = tuple((tokens.fact(tokens.scope(kind), "is"),) for kind in kinds)
    engine = index.engine(tx.connection)
    return engine.count(tx.connection, [public, ((word,),)], (), most)


def _rows(words: Sequence[str], *, named: bool) -> list[dict[str, Any]]:
    return [
        {"spelling": number, "word": word, "named": named}
        for word in words
        for number in sorted(spelling.spellings(word))
    ]


def _has_room(ground: Ground, noted: _Noted, rows: int) -> bool:
    if noted.room < rows:
        with ground.read() as tx:
            had = tx.connection.execute(select(func.count()).select_from(SearchSpelling)).scalar()
        noted.room = ROWS_MAX - (had or 0)
    noted.room -= rows
    return noted.room >= 0


def _put(tx: Tx, named: Sequence[dict[str, Any]], more: Sequence[dict[str, Any]]) -> None:
    put = tx.insert(SearchSpelling)
    if named:
        also = put.on_conflict_do_update(
            index_elements=["spelling", "word"], set_={"named": put.excluded.named}
        )
        tx.connection.execute(also, list(named))
    if more:
        tx.connection.execute(put.on_conflict_do_nothing(), list(more))


def _drop(ground: Ground, words: Sequence[str]) -> None:
    keys = [(number, word) for word in words for number in spelling.spellings(word)]
    with ground.write() as tx:
        for some in batches(keys, FORGOTTEN_AT_ONCE):
            where = tuple_(SearchSpelling.spelling, SearchSpelling.word).in_(some)
            tx.connection.execute(delete(SearchSpelling).where(where))
