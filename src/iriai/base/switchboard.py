"""From a path to its route, in one walk over the path's segments.

A list of two hundred routes, each tried with its own regular expression, costs as much as the rest
of a request. So the routes are laid out as a tree by segment: a literal word first, then a pattern
(`{name}.git`, `{number:int}`), then any segment, then any tail. The first leaf that has the method
wins; a leaf without it is remembered for the 405.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from starlette.routing import Route

PARAMETER = re.compile(r"{([a-zA-Z_][a-zA-Z0-9_]*)(?::([a-z]+))?}")
WHOLE_SEGMENT = re.compile(r"{([a-zA-Z_][a-zA-Z0-9_]*)}")
TAIL = re.compile(r"{([a-zA-Z_][a-zA-Z0-9_]*):path}")
PATTERN_OF_TYPE = {None: "[^/]+", "str": "[^/]+", "int": "[0-9]{1,18}"}


@dataclass(slots=True)
class Found:
    """A route, and what its parameters are in this path (still percent-encoded)."""

    route: Route
    params: dict[str, str]


@dataclass(slots=True)
class _Leaf:
    methods: dict[str, tuple[Route, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    patterns: list[tuple[re.Pattern[str], "_Node"]] = field(default_factory=list)
    any: "_Node | None" = None
    here: _Leaf | None = None
    tail: _Leaf | None = None


class Switchboard:
    """All routes of the app. Two routes for one method and one shape of path are a mistake."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for each in routes:
            self._add(each)

    def find(self, method: str, path: str) -> Found | frozenset[str]:
        """The route, or the methods that this path does have (none: nothing is there)."""
        segments = path.split("/")[1:]
        allowed: set[str] = set()
        values: list[str] = []
        found = _walk(self._root, segments, 0, values, method, allowed)
        if found is None:
            return frozenset(allowed)
        made, names = found
        return Found(made, dict(zip(names, values, strict=True)))

    def _add(self, made: Route) -> None:
        node, names = self._root, []
        segments = made.path.split("/")[1:]
        for position, segment in enumerate(segments):
            if tail := TAIL.fullmatch(segment):
                if position != len(segments) - 1:
                    raise ValueError(f"In {made.path} something follows the tail.")
                names.append(tail.group(1))
                node.tail = node.tail or _Leaf()
                return _put(node.tail, made, names)
            node = _child(node, segment, names)
        node.here = node.here or _Leaf()
        return _put(node.here, made, names)


def _child(node: _Node, segment: str, names: list[str]) -> _Node:
    """The node below for one segment of a route, made where it is missing."""
    if "{" not in segment:
        return node.literals.setdefault(segment, _Node())
    if whole := WHOLE_SEGMENT.fullmatch(segment):
        names.append(whole.group(1))
        node.any = node.any or _Node()
        return node.any
    pattern, last = "", 0
    for parameter in PARAMETER.finditer(segment):
        names.append(parameter.group(1))
        pattern += re.escape(segment[last : parameter.start()])
        pattern += f"({PATTERN_OF_TYPE[parameter.group(2)]})"
        last = parameter.end()
    pattern += re.escape(segment[last:])
    for known, below in node.patterns:
        if known.pattern == pattern:
            return below
    node.patterns.append((re.compile(pattern), _Node()))
    return node.patterns[-1][1]


def _put(leaf: _Leaf, made: Route, names: Sequence[str]) -> None:
    for method in made.methods or {"GET"}:
        if method in leaf.methods:
            other = leaf.methods[method][0].path
            raise ValueError(f"{method} {made.path} and {method} {other} are the same route.")
        leaf.methods[method] = (made, tuple(names))


def _walk(  # noqa: PLR0917 - the hot recursion
    node: _Node,
    segments: list[str],
    position: int,
    values: list[str],
    method: str,
    allowed: set[str],
) -> tuple[Route, tuple[str, ...]] | None:
    """Depth first, most particular first; `values` holds the parameters of the path walked."""
    if position == len(segments):
        return _leaf(node.here, method, allowed)
    segment, depth = segments[position], len(values)
    below = node.literals.get(segment)
    if below and (found := _walk(below, segments, position + 1, values, method, allowed)):
        return found
    for pattern, below in node.patterns:
        if match := pattern.fullmatch(segment):
            values.extend(match.groups())
            if found := _walk(below, segments, position + 1, values, method, allowed):
                return found
            del values[depth:]
    if node.any and segment:
        values.append(segment)
        if found := _walk(node.any, segments, position + 1, values, method, allowed):
            return found
        del values[depth:]
    if node.tail and (found := _leaf(node.tail, method, allowed)):
        values.append("/".join(segments[position:]))
        return found
    return None


def _leaf(
    leaf: _Leaf | None, method: str, allowed: set[str]
) -> tuple[Route, tuple[str, ...]] | None:
    if leaf is None:
        return None
    allowed.update(leaf.methods)
    return leaf.methods.get(method)
