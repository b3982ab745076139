"""The six presets: with which rules a commons can begin, and the few things one chooses. Pure.

Each preset is a file in `texts/`, complete and commented, fit for a small group that grows.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from iriai.base.errors import Invalid
from iriai.commons.charter import reading, writing
from iriai.commons.charter.rules import Charter, Parent, Path, Preset


def charter(preset: Preset | str, name: str) -> Charter:
    """What a preset says, as the charter of this commons."""
    return replace(reading.preset_charter(Preset(preset)), commons=name)


def text(preset: Preset | str, name: str, **choices: Any) -> str:
    """The file with which a commons begins; `choices` are those of `CHOICES`."""
    if not choices:
        return reading.preset_text(Preset(preset)).replace(
            "\ncommons: NAME", f"\ncommons: {name}", 1
        )
    return writing.text(chosen(charter(preset, name), **choices))


def chosen(charter: Charter, **choices: Any) -> Charter:
    """The charter with what its founders chose."""
    for name, value in choices.items():
        if name not in CHOICES:
            raise Invalid(f"There is no choice called {name}.")
        if value is not None:
            charter = CHOICES[name](charter, value)
    return charter


def _with_hours(charter: Charter, hours: int) -> Charter:
    ways = {
        name: replace(each, hours=hours) if each.path is Path.LAZY else each
        for name, each in charter.decisions.items()
    }
    return replace(charter, decisions=MappingProxyType(ways))


def _with_stewards(charter: Charter, seats: int) -> Charter:
    return _with_steward(charter, seats=seats)


def _with_term(charter: Charter, days: int) -> Charter:
    return _with_steward(charter, term_days=days)


def _with_steward(charter: Charter, **changed: int) -> Charter:
    if "steward" not in charter.roles:
        return charter
    roles = dict(charter.roles)
    roles["steward"] = replace(roles["steward"], **changed)  # type: ignore[arg-type]
    return replace(charter, roles=MappingProxyType(roles))


def _with_sponsors(charter: Charter, sponsors: int) -> Charter:
    admit = replace(charter.members.admit, sponsors=sponsors)
    return replace(charter, members=replace(charter.members, admit=admit))


def _with_wait(charter: Charter, days: int) -> Charter:
    return replace(charter, members=replace(charter.members, elector_after_days=days))


def _with_licences(charter: Charter, allow: tuple[str, ...]) -> Charter:
    return replace(charter, licences=replace(charter.licences, allow=tuple(allow)))


def _with_parent(charter: Charter, parent: Parent) -> Charter:
    return replace(charter, parent=parent)


CHOICES: Mapping[str, Callable[[Charter, Any], Charter]] = MappingProxyType(
    {
        "hours": _with_hours,
        "stewards": _with_stewards,
        "term_days": _with_term,
        "sponsors": _with_sponsors,
        "elector_after_days": _with_wait,
        "licences": _with_licences,
        "parent": _with_parent,
    }
)
"""What founders choose on one page; everything else is their preset's, until they change it."""
