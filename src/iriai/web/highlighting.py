"""Colours for text, found in a process that has nothing to lose.

A highlighter is a pile of regular expressions, and text can be written to make them run for hours;
so this module is loaded by a confined process (`base.sandbox`) and bounded in time. It gives plain
JSON, lines of `[class, text]`, which the pages escape like any other text.
"""

from collections.abc import Callable
from typing import Any

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES, _TokenType

from iriai.web.languages import LANGUAGES

LEXERS: dict[str, Lexer] = {
    alias: get_lexer_by_name(alias, stripnl=False, ensurenl=False)
    for alias in sorted(set(LANGUAGES.values()))
}
"""Made when the module is loaded: later the process cannot open a file any more."""


def lines(data: bytes, *, language: str) -> list[list[list[str]]]:
    """The text of `data` as lines of pieces, each with the short class of its colour."""
    made: list[list[list[str]]] = [[]]
    for kind, text in LEXERS[language].get_tokens(data.decode("utf-8", "replace")):
        name = _class(kind)
        for at, piece in enumerate(text.split("\n")):
            if at:
                made.append([])
            if piece:
                made[-1].append([name, piece])
    return made


def _class(kind: _TokenType) -> str:
    """The nearest class that a style sheet knows."""
    while kind not in STANDARD_TYPES and kind.parent is not None:
        kind = kind.parent
    return STANDARD_TYPES.get(kind, "")


READERS: dict[str, Callable[..., Any]] = {"lines": lines}
