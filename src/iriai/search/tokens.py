"""A repository in tokens, and a question in clauses of them. Pure.

Words and pieces of names are tokens as they are. A tag or another fact is hashed together with its
*scope*: the kind of repository, and whether everybody or one owner's people may see it. So each
list of the index is about as long as it must be, what nobody may see costs nobody time, and a
question asks for the scopes of whoever asks it.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b

from iriai.search import words
from iriai.search.rules import Asked, app_tags

Clause = tuple[tuple[str, ...], ...]
"""Groups of tokens, of which one must stand whole."""

SIZE_BITS_MAX = 63


def scope(kind: str, owner_id: int | None = None) -> str:
    """Repositories of a kind: those that everybody may see, or one owner's private ones."""
    return f"{kind} {'public' if owner_id is None else owner_id}"


@lru_cache(maxsize=50_000)
def fact(scope: str, name: str, value: object = "") -> str:
    """A fact about the repositories of a scope, as one token."""
    said = f"{scope} {name} {value}".encode()
    return words.FACT + blake2b(said, digest_size=8).hexdigest()


def tag(scope: str, name: str) -> str:
    """A tag as one token, whatever it holds."""
    return fact(scope, "tag", name)


def clauses(asked: Asked, scopes: Sequence[str], owner_id: int | None = None) -> list[Clause]:
    """What must hold of a repository's tokens; at least one clause is about the scopes."""
    facts = [("tag", each) for each in asked.facets]
    facts += [
        (name, str(value))
        for name, value in (
            ("owner", owner_id),
            ("pipeline", asked.pipeline_tag),
            ("library", asked.library),
            ("licence", asked.licence),
            ("gated", asked.gated),
        )
        if value is not None
    ]
    made: list[Clause] = [
        tuple((fact(each, name, value),) for each in scopes) for name, value in facts
    ]
    if asked.sdks:
        made.append(tuple((fact(each, "sdk", sdk),) for each in scopes for sdk in asked.sdks))
    if asked.apps:
        groups = [group for app in asked.apps for group in app_tags(app)]
        made.append(
            tuple(tuple(tag(each, one) for one in group) for each in scopes for group in groups)
        )
    if asked.parameters_min is not None or asked.parameters_max is not None:
        sizes = _sizes(asked)
        made.append(tuple((fact(each, "size", bits),) for each in scopes for bits in sizes))
    if not made:
        made.append(tuple((fact(each, "is"),) for each in scopes))
    stand_ins = asked.stand_ins or {}
    return made + [word(run, stand_ins.get(run, ())) for run in asked.runs]


def _sizes(asked: Asked) -> range:
    """How many bits the numbers of parameters between the bounds take."""
    most = asked.parameters_max
    high = most.bit_length() if most is not None else SIZE_BITS_MAX
    return range((asked.parameters_min or 0).bit_length(), min(high, SIZE_BITS_MAX) + 1)


def word(run: str, stand_ins: Iterable[str] = ()) -> Clause:
    """A word anywhere, or in the middle of a name; or, for one that nothing has, those meant."""
    if words.is_unspaced(run):
        if stand_ins and len(run) > words.TRIGRAM:
            return tuple(_without(run, at) for at in range(len(run)))
        return (tuple(words.pairs(run)),)
    if stand_ins:
        return tuple((word,) for word in stand_ins)
    groups: list[tuple[str, ...]] = [(run,)]
    if len(run) >= words.TRIGRAM:
        groups.append(tuple(words.NAME + gram for gram in words.trigrams(run)))
    else:
        groups.append((words.START + run,))
    return tuple(groups)


def needs_look(run: str) -> bool:
    """Whether trigrams alone do not prove that a name holds this word."""
    return len(run) > words.TRIGRAM and not words.is_unspaced(run)


def _without(run: str, at: int) -> tuple[str, ...]:
    """The pairs that a run keeps when one of its characters is another one."""
    kept = [run[place : place + 2] for place in range(len(run) - 1) if place not in {at - 1, at}]
    return tuple(kept)
