"""Git's patterns for paths, in time that no pattern can blow up. Pure.

A pattern is taken apart at its slashes. A part `**` stands for any number of folders; every other
part matches one name, as a regular expression in which each `*` takes as little as it can and never
takes it back (atomic groups), which decides a glob exactly and in linear time. `WM_PATHNAME` rules.
"""

import re
from functools import lru_cache

PATTERN_LENGTH_MAX = 1_000
_NOTHING = "(?!)"


class Pattern:
    """One pattern, matched against a path or, where it has no slash, against a name."""

    def __init__(self, text: str) -> None:
        self.on_name = "/" not in text
        parts = text.removeprefix("/").split("/")
        if len(text) > PATTERN_LENGTH_MAX:
            parts = [_NOTHING]
        self._parts = [None if part == "**" and not self.on_name else _name(part) for part in parts]

    def matches(self, path: str) -> bool:
        """Whether the path, or its last name, is what the pattern says."""
        names = path.split("/")
        if self.on_name:
            names = names[-1:]
        return self._fits(names)

    def _fits(self, names: list[str]) -> bool:
        """Which lengths of the path each part can have got to, part by part."""
        reached = {0}
        for at, part in enumerate(self._parts):
            if part is not None:
                reached = {
                    place + 1
                    for place in reached
                    if place < len(names) and part.fullmatch(names[place])
                }
            elif at == len(self._parts) - 1:  # `a/**` is what is in `a`, not `a` itself
                return any(place < len(names) for place in reached)
            elif reached:
                reached = set(range(min(reached), len(names) + 1))
        return len(names) in reached


@lru_cache(maxsize=4_096)
def _name(part: str) -> re.Pattern[str]:
    """A pattern of one name."""
    pieces: list[str] = [""]
    at = 0
    while at < len(part):
        char = part[at]
        if char == "*":
            pieces.append("")
            at += 1
            continue
        if char == "[":
            piece, at = _bracket(part, at)
        elif char == "\\" and at + 1 < len(part):
            piece, at = re.escape(part[at + 1]), at + 2
        else:
            piece, at = "." if char == "?" else re.escape(char), at + 1
        pieces[-1] += piece
    first, *rest = pieces
    if rest:
        *middle, last = rest
        first += "".join(f"(?>.*?{piece})" for piece in middle if piece) + f".*{last}"
    return re.compile(first, re.DOTALL)


def _bracket(part: str, at: int) -> tuple[str, int]:
    """A set like `[a-z]` or `[!0-9]`; an unclosed one matches nothing."""
    end = at + 1
    if end < len(part) and part[end] in "!^":
        end += 1
    if end < len(part) and part[end] == "]":
        end += 1
    while end < len(part) and part[end] != "]":
        end += 2 if part[end] == "\\" else 1
    if end >= len(part):
        return _NOTHING, len(part)
    inside = part[at + 1 : end]
    negated = inside[:1] in ("!", "^")
    body = inside[1:] if negated else inside
    body = re.sub(r"([\[\]^&~|])", r"\\\1", body.replace("\\", ""))
    candidate = f"[{'^' if negated else ''}{body}]"
    try:
        re.compile(candidate)
    except re.error:
        return _NOTHING, end + 1
    return candidate, end + 1
