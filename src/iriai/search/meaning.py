"""What was meant by a word that nothing has: known words a slip or two away.

The fewest slips come first, then words of names and tags, then what most repositories have.
"""

from sqlalchemy import select

from iriai.base.tx import Tx
from iriai.search import index, rules, spelling, tokens, vocabulary, words
from iriai.search.rules import Asked
from iriai.search.tables import SearchSpelling

LOOKED_UP_MAX = 400
WEIGHED_MAX = 40
TIMES_MAX = 100
"""Up to how often a word is counted."""
UNSPACED_MIN = 3
"""From this length on, one character of a script without spaces may be wrong."""


def meant(tx: Tx, asked: Asked) -> dict[str, tuple[str, ...]]:
    """For each word that nothing has, the known words it may stand for; empty where none help."""
    found = {
        run: known_words(tx, asked.kind, run)
        for run in asked.runs
        if not _is_known(tx, asked.kind, run)
    }
    return {} if not all(found.values()) else found


def _is_known(tx: Tx, kind: str, run: str) -> bool:
    """Whether anything that everybody may see has this word, whole or in its name."""
    public = ((tokens.fact(tokens.scope(kind), "is"),),)
    looked = [run] if tokens.needs_look(run) else []
    engine = index.engine(tx.connection)
    return engine.count(tx.connection, [public, tokens.word(run)], looked, 1) > 0


def known_words(tx: Tx, kind: str, run: str) -> tuple[str, ...]:
    """The known words that may have been meant by this one, the likeliest first."""
    if words.is_unspaced(run):
        return (run,) if len(run) > UNSPACED_MIN else ()
    if not spelling.is_known_word(run):
        return ()
    asked = (
        select(SearchSpelling.word, SearchSpelling.named)
        .where(SearchSpelling.spelling.in_(spelling.spellings(run)))
        .distinct()
        .order_by(SearchSpelling.named.desc(), SearchSpelling.word)
        .limit(LOOKED_UP_MAX)
    )
    rated = []
    for word, named in tx.connection.execute(asked):
        slips = spelling.distance(run, word, spelling.slips_allowed(run))
        if slips <= spelling.slips_allowed(run):
            rated.append((slips, not named, word))
    weighed = []
    for slips, unnamed, word in sorted(rated)[:WEIGHED_MAX]:
        times = vocabulary.times(tx, word, (kind,), TIMES_MAX)
        if times:
            weighed.append((slips, unnamed, -times, word))
    return tuple(each[-1] for each in sorted(weighed)[: rules.TYPO_WORDS_MAX])
