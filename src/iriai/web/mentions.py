"""`@names` and `#numbers` in what people say, as links where there is such an account or thread.

It works on HTML that was cleaned before, in which every tag is whole and every attribute quoted,
and leaves alone what stands in code or in a link. One statement asks for all that a page calls.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from iriai.base.tx import Ground
from iriai.discussions import queries
from iriai.discussions.rules import CALLED
from iriai.repos.rules import Repo
from iriai.web import links

CALLED_MAX = 500
"""How many different names and numbers of a page are looked up; more stay text."""

_TAG = re.compile(r'(<(?:[^>"]|"[^"]*")*>)')
_LEFT_ALONE = re.compile(r"</?(?:a|code|kbd|pre|samp)\b")


def linked(ground: Ground, repo: Repo, pieces: Sequence[str]) -> list[str]:
    """These pieces of clean HTML from the discussions of `repo`, each with its links."""
    wanted = list(called(pieces))
    if not wanted:
        return list(pieces)
    names = {each: each[1:] for each in wanted if each.startswith("@")}
    numbers = [int(each[1:]) for each in wanted if each not in names]
    with ground.read() as tx:
        known = queries.known(tx, repo.id, names.values(), numbers)
    where = {
        each: links.account(known.names[name])
        for each, name in names.items()
        if name in known.names
    }
    where |= {
        f"#{number}": links.repo(repo, "discussions", str(number)) for number in known.numbers
    }
    return [_with_links(piece, where) for piece in pieces]


def called(pieces: Sequence[str]) -> Iterator[str]:
    """What the texts of these pieces call, as it is written, each once and so many at most."""
    found = (
        call[0]
        for piece in pieces
        for text, stays in _texts(piece)
        if not stays
        for call in CALLED.finditer(text)
    )
    return islice(dict.fromkeys(found), CALLED_MAX)


def _with_links(piece: str, where: Mapping[str, str]) -> str:
    def link(call: re.Match[str]) -> str:
        address = where.get(call[0])
        return call[0] if address is None else f'<a href="{address}">{call[0]}</a>'

    return "".join(text if stays else CALLED.sub(link, text) for text, stays in _texts(piece))


def _texts(piece: str) -> Iterator[tuple[str, bool]]:
    """Each text and tag in order, and whether it stays as it is."""
    depth = 0
    for at, each in enumerate(_TAG.split(piece)):
        is_tag = at % 2 == 1
        if is_tag and _LEFT_ALONE.match(each):
            depth += -1 if each.startswith("</") else 1
        yield each, is_tag or depth > 0
