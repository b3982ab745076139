"""A `Charter` as the text of `CHARTER.yaml`: everything said, a line for each thing, with comments.

One line for each field makes a pull request's diff say exactly what changes. Only what a decision's
path reads is written of it, besides what differs from the default, so that reading the text gives
the same charter back.
"""

import re
from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum
from typing import Any

from iriai.commons.charter.document import plain
from iriai.commons.charter.fields import QUORUM
from iriai.commons.charter.reading import preset_text
from iriai.commons.charter.rules import Charter, Path, Procedure, Role, Step

_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@+-]*")
READ = {
    Path.AT_ONCE: ("who",),
    Path.LAZY: ("hours", "second", "on_objection"),
    Path.VOTE: ("deliberate_days", "vote_days", "ratio", "quorum_factor", "ballot"),
}
_COMMENTS = {
    "parent": "whose charter this one narrows, by the SHA-256 of its text",
    "roles": "the offices, and for how long each is held",
    "decisions": "the ways in which decisions are reached",
    "actions": "which of these ways each thing takes",
    "licences": "which licences what the commons holds may have; none named: any",
    "gates": "how requests for gated repositories are answered",
    "sanctions": "the ladder, from the mildest; it is climbed one rung at a time",
    "holds": "what can be stopped at once, for a short time",
    "appeals": "whoever is sanctioned or refused can appeal; a panel is drawn by lot",
    "removal": "how soon a request to remove data is answered",
    "pool": "how the pot is cut; the three shares add up to 1",
    "rights": "what every member keeps, whatever is decided",
    "operator": "what whoever runs the machines may do in an emergency",
}
_MEMBERS = {
    "kinds": "how many votes a member of each kind has",
    "admit": "so many members vouch, or so many contributions were merged; then it is decided",
    "emeritus_after_days": "who is away for so long leaves the count of a quorum, and may return",
    "max_share_per_institution": "one institution has at most this share of votes and of panels",
}


def text(charter: Charter) -> str:
    """The file of this charter; `reading.read` makes the same charter of it."""
    return "\n".join(_lines(charter)) + "\n"


def story(charter: Charter) -> str:
    """What the file of its preset begins with: for whom such a charter is."""
    lines = preset_text(charter.preset).splitlines()
    head = lines[: next(at for at, line in enumerate(lines) if not line.startswith("#"))]
    return " ".join(line.removeprefix("#").strip() for line in head)


def _lines(charter: Charter) -> Iterator[str]:
    words = story(charter).split(". ")
    yield from (f"# {each.strip().rstrip('.')}." for each in words if each.strip())
    yield ""
    yield f"charter: {charter.charter}"
    yield f"commons: {_scalar(charter.commons)}"
    yield f"preset: {charter.preset}"
    if charter.parent is not None:
        yield f"# {_COMMENTS['parent']}"
        yield f"parent: {charter.parent.commons}@sha256:{charter.parent.digest}"
    for name in (each.name for each in fields(charter)):
        if name in ("charter", "commons", "preset", "parent", "later"):
            continue
        yield ""
        if name in _COMMENTS:
            yield f"# {_COMMENTS[name]}"
        yield from _section(charter, name)


def _section(charter: Charter, name: str) -> Iterator[str]:
    value = getattr(charter, name)
    if name == "roles":
        yield from _named("roles", value, _role)
    elif name == "decisions":
        yield from _named("decisions", value, _procedure)
        yield "# the quorum of a vote never exceeds the number of active electors"
        yield f'quorum: "{QUORUM}"'
    elif name == "actions":
        yield "actions:"
        yield from (f"  {each}: {_scalar(value[each])}" for each in value)
        yield from (f"  {each}: {_scalar(way)}" for each, way in charter.later.items())
    elif name == "rights":
        yield f"rights: {_scalar(value)}"
    else:
        yield f"{name}:"
        for each in fields(value):
            inner = getattr(value, each.name)
            if name == "members" and each.name in _MEMBERS:
                yield f"  # {_MEMBERS[each.name]}"
            yield f"  {_pair(each.name, inner)}"


def _named(name: str, parts: Any, pairs: Any) -> Iterator[str]:
    if not parts:
        yield f"{name}: {{}}"
        return
    yield f"{name}:"
    for each, part in parts.items():
        said = [pair for pair in pairs(part) if pair]
        yield f"  {each}:" + ("" if said else " {}")
        yield from (f"    {pair}" for pair in said)


def _role(role: Role) -> Iterator[str]:
    bare = Role()
    for each in fields(role):
        value = getattr(role, each.name)
        if each.name == "term_days" or value != getattr(bare, each.name):
            yield _pair(each.name, value)


def _procedure(procedure: Procedure) -> Iterator[str]:
    bare = Procedure(path=procedure.path)
    for each in fields(procedure):
        value = getattr(procedure, each.name)
        read = each.name == "path" or each.name in READ[procedure.path]
        if read or value != getattr(bare, each.name):
            yield _pair(each.name, value)


def _pair(name: str, value: Any) -> str:
    if name == "stewards":
        return f"by: {value} steward{'' if value == 1 else 's'}"
    return f"{name}: {_scalar(value)}"


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(_scalar(each) for each in value) + "]"
    if isinstance(value, Step):
        return f"{value.rung}_{value.days}d" if value.days is not None else str(value.rung)
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, str):
        return value if _SAFE.fullmatch(value) and plain(value) == value else _quoted(value)
    if isinstance(value, int | float):
        return _number(value)
    pairs = (_pair(each.name, getattr(value, each.name)) for each in fields(value))
    return "{" + ", ".join(pairs) + "}"


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    said = f"{value:.12f}".rstrip("0")
    return said + "0" if said.endswith(".") else said


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
