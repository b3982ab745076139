"""Words out of text, in any script, so that a writer and a reader of the index agree. Pure.

Text is folded (NFKC, case, accents) and cut where neither letters, digits nor marks stand. Scripts
written without spaces give every pair of neighbouring characters instead. Names also give their
trigrams, so that `bert` finds `distilbert`, and the beginnings of their words.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

WORD_LENGTH_MAX = 40
TRIGRAM = 3
NAME, START, FACT = "·", "¬", "¤"
"""What tokens begin with that are no words: a name's trigram, a beginning, a fact."""

_ACCENT = re.compile("[\u0300-\u036f]")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
"""Thai, Lao, Burmese, Khmer, kana, Han, Hangul: no spaces, or too much glued to each word."""


class _Spacing(dict[int, str | int]):
    """A table for `str.translate`: letters, digits and marks stay, all else is a space."""

    def __missing__(self, code: int) -> str | int:
        kept = unicodedata.category(chr(code))[0] in "LNM"
        self[code] = code if kept else " "
        return self[code]


_SPACING = _Spacing()


def folded(text: str) -> str:
    """Text as it is compared: `Café-2` and `cafe 2` are the same."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if plain.isascii():
        return plain.translate(_SPACING)
    bare = _ACCENT.sub("", unicodedata.normalize("NFD", plain))
    return unicodedata.normalize("NFC", bare).translate(_SPACING)


def words(text: str) -> Iterator[str]:
    """The words of a text, and the pairs of what has no spaces, in order, repeated as they are."""
    plain = folded(text)
    if plain.isascii():
        yield from (piece[:WORD_LENGTH_MAX] for piece in plain.split())
        return
    for piece in plain.split():
        yield from _pieces(piece)


def name_tokens(*names: str) -> set[str]:
    """The tokens of names: words, trigrams, beginnings, and each name as one word."""
    made: set[str] = set()
    for name in names:
        pieces = folded(name).split()
        made.add("".join(pieces)[:WORD_LENGTH_MAX])
        for piece in pieces:
            made.update(_pieces(piece))
            made.update(NAME + gram for gram in trigrams(piece))
            made.update((START + piece[:1], START + piece[:2]))
    made.discard("")
    return made


def trigrams(word: str) -> list[str]:
    """Each three neighbouring characters; none of a shorter word."""
    return [word[at : at + TRIGRAM] for at in range(len(word) - TRIGRAM + 1)]


def is_unspaced(word: str) -> bool:
    """Whether a word is of a script without spaces."""
    return _UNSPACED.fullmatch(word) is not None


def runs(text: str) -> Iterator[str]:
    """The words of what somebody asks for, those of scripts without spaces in one piece."""
    for piece in folded(text).split():
        yield from (part[:WORD_LENGTH_MAX] for part in _parts(piece))


def pairs(run: str) -> list[str]:
    """Each two neighbouring characters of a script without spaces; one alone is itself."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def _parts(piece: str) -> Iterable[str]:
    if piece.isascii():
        return (piece,)
    marked = _UNSPACED.sub(lambda found: f" {found.group()} ", piece)
    return marked.split()


def _pieces(piece: str) -> Iterator[str]:
    for part in _parts(piece):
        if is_unspaced(part):
            yield from pairs(part)
            yield from part
        else:
            yield part[:WORD_LENGTH_MAX]
