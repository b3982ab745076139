"""What was meant by a word that nothing has: known words a slip or two away."""

from sqlalchemy import bindparam, select

from iriai.base.tx import Tx
from iriai.search import index, rules, spelling, tokens, words
from iriai.search.rules import Asked, Order
from iriai.search.tables import SearchSpelling

LOOKED_UP_MAX = 400
UNSPACED_MIN = 3
"""From this length on, one character of a script without spaces may be wrong."""


def meant(tx: Tx, asked: Asked) -> dict[str, tuple[str, ...]]:
    """For each word that nothing has, the known words it may stand for; empty where none help."""
    found = {run: known_words(tx, run) for run in asked.runs if not _is_known(tx, asked.kind, run)}
    return {} if not all(found.values()) else found


def _is_known(tx: Tx, kind: str, run: str) -> bool:
    """Whether anything that everybody may see has this word, whole or in its name."""
    if tx.connection.execute(_KNOWN, {"number": spelling.number(run), "run": run}).first():
        return True
    look = index.Look(
        order=Order.TRENDING,
        clauses=[((tokens.fact(tokens.scope(kind), "is"),),), tokens.word(run)],
        words=[run] if tokens.needs_look(run) else [],
        is_sorted=False,
    )
    return bool(index.engine(tx.connection).matching(tx.connection, look))


_KNOWN = select(SearchSpelling.word).where(
    SearchSpelling.spelling == bindparam("number"), SearchSpelling.word == bindparam("run")
)


def known_words(tx: Tx, run: str) -> tuple[str, ...]:
    """The known words that may have been meant by this one, the likeliest first."""
    if words.is_unspaced(run):
        return (run,) if len(run) > UNSPACED_MIN else ()
    if not spelling.is_known_word(run):
        return ()
    numbers = spelling.spellings(run)
    asked = select(SearchSpelling.word).where(SearchSpelling.spelling.in_(numbers)).distinct()
    rated = []
    for word in tx.connection.execute(asked.limit(LOOKED_UP_MAX)).scalars():
        slips = spelling.distance(run, word, spelling.slips_allowed(run))
        if slips <= spelling.slips_allowed(run):
            rated.append((slips, word))
    return tuple(word for _slips, word in sorted(rated)[: rules.TYPO_WORDS_MAX])
