"""A charter as a form: its values as fields in words, and what somebody sent put back in. Pure.

What a decision's path does not read is left out. The result is written and read again by whoever
takes it, so that a form can make nothing that a file could not say.
"""

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from iriai.base.errors import Invalid
from iriai.commons.charter import phrases, rules
from iriai.commons.charter.fields import LIMITS, MAY_BE_PANELS, PANEL, Between, OneOf
from iriai.commons.charter.rules import Action, Charter, Procedure, Role, Rung, Step
from iriai.commons.charter.writing import READ

LISTED = ("licences.allow", "sanctions.ladder")
_TITLES = {
    "members": "Who belongs",
    "decisions": "How it is decided",
    "actions": "What takes which decision",
    "roles": "Who looks after the day",
    "licences": "Licences",
    "gates": "Gates",
    "sanctions": "Sanctions",
    "holds": "Emergency holds",
    "appeals": "Appeals",
    "removal": "Removal of data",
    "pool": "The pot",
    "operator": "The operator",
}
_LABELS = {
    "members.kinds.person": "Votes of a person",
    "members.kinds.institution": "Votes of an institution",
    "members.admit.sponsors": "Members who vouch for a newcomer",
    "members.admit.or_contributions": "Or merged contributions, instead",
    "members.elector_after_days": "Until a member has a vote (days)",
    "members.emeritus_after_days": "Absence after which one is not counted any more (days)",
    "members.max_share_per_institution": "Greatest part of the votes of one institution (1 is all)",
}
_UNITS = {"_days": " (days)", "_hours": " (hours)", "_share": " (1 is all)"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form."""

    name: str
    label: str
    value: str
    options: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together."""

    key: str
    title: str
    fields: tuple[Field, ...]


def groups(charter: Charter) -> list[Group]:
    """The form, filled with what holds now."""
    return [
        Group(key, title, tuple(_fields(charter, key, getattr(charter, key), Charter)))
        for key, title in _TITLES.items()
        if getattr(charter, key)
    ]


def edited(charter: Charter, given: Mapping[str, str]) -> Charter:
    """The charter with the values that were sent; a field that was not sent stays."""
    for group in groups(charter):
        for field in group.fields:
            said = given.get(field.name)
            if said is not None and said.strip() != field.value:
                value = _meant(field, said.strip())
                charter = typing.cast("Charter", _put(charter, field.name.split("."), value))
    return charter


def _fields(charter: Charter, at: str, value: Any, _owner: type) -> Iterator[Field]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            if isinstance(each, Procedure | Role):
                yield from _fields(charter, f"{at}.{name}", each, type(value))
            else:
                yield _action(charter, Action(name), each)
        return
    for each in fields(value):
        inner = getattr(value, each.name)
        name = f"{at}.{each.name}"
        if isinstance(value, Procedure) and each.name not in READ[value.path]:
            continue
        if is_dataclass(inner):
            yield from _fields(charter, name, inner, type(value))
        elif name in LISTED or isinstance(inner, int | float | StrEnum):
            yield _field(charter, name, inner, type(value))


def _action(charter: Charter, action: Action, way: str) -> Field:
    ways = (*charter.decisions, PANEL) if action in MAY_BE_PANELS else tuple(charter.decisions)
    return Field(f"actions.{action}", phrases.ACTIONS[action].capitalize(), way, ways)


def _field(charter: Charter, name: str, value: Any, owner: type) -> Field:
    label = phrases.name_of(name.replace("holds.stewards", "holds.by"))
    label = label.partition(", ")[2].capitalize() or label
    if name.startswith(("decisions.", "roles.")):
        label = f"“{name.split('.')[1]}”: {phrases.name_of(name).partition(', ')[2]}"
    label += next((said for end, said in _UNITS.items() if name.endswith(end)), "")
    label = _LABELS.get(name, label)
    if isinstance(value, tuple):
        return Field(name, label, ", ".join(_word(each) for each in value))
    if isinstance(value, bool):
        return Field(name, label, "true" if value else "false", ("true", "false"))
    if isinstance(value, StrEnum):
        return Field(name, label, str(value), _words(owner, name.rpartition(".")[2], charter))
    limit = LIMITS.get((owner, name.rpartition(".")[2]))
    least, most = (limit.least, limit.most) if isinstance(limit, Between) else (None, None)
    whole = isinstance(value, int)
    return Field(name, label, f"{value:.12g}", least=least, most=most, is_whole=whole)


def _words(owner: type, name: str, charter: Charter) -> tuple[str, ...]:
    limit = LIMITS.get((owner, name))
    if isinstance(limit, OneOf):
        return limit.words
    hint = typing.get_type_hints(owner)[name]
    if isinstance(hint, types.UnionType):
        hint = typing.get_args(hint)[0]
    words = tuple(str(each) for each in hint)
    if hint is rules.Who:
        owners = {rules.Who.OWNERS, rules.Who.ALL_OWNERS}
        return tuple(each for each in words if (each in owners) != charter.is_collective)
    return words


def _word(value: Any) -> str:
    if isinstance(value, Step):
        return f"{value.rung}_{value.days}d" if value.days is not None else str(value.rung)
    return str(value)


def _meant(field: Field, said: str) -> Any:
    """What somebody meant by what they sent, or `Invalid`."""
    if field.options:
        if said not in field.options:
            raise Invalid(f"{field.label}: choose one of {', '.join(field.options)}.")
        return said
    if field.name in LISTED:
        words = [each.strip() for each in said.replace("\n", ",").split(",") if each.strip()]
        if field.name == "sanctions.ladder":
            return tuple(_step(each) for each in words[: len(Rung)])
        return tuple(dict.fromkeys(words[: rules.LICENCES_MAX]))
    try:
        return int(said) if field.is_whole else float(said)
    except ValueError:
        kind = "a whole number" if field.is_whole else "a number"
        raise Invalid(f"{field.label}: this is {kind}.") from None


def _step(said: str) -> Step:
    rung, _, rest = said.partition("_")
    days = rest.removesuffix("d")
    if rung not in set(Rung) or (rest and not days.isdecimal()):
        raise Invalid(f"The ladder has rungs such as throttle_14d, not “{said[:40]}”.")
    return Step(rung=Rung(rung), days=int(days[:5]) if days else None)


def _put(part: Any, path: list[str], value: Any) -> Any:
    """The part with another value at this place."""
    if isinstance(part, Mapping):
        name: Any = path[0]
        if all(isinstance(each, Action) for each in part):
            return MappingProxyType(dict(part) | {Action(".".join(path)): value})
        return MappingProxyType(dict(part) | {name: _put(part[name], path[1:], value)})
    before = getattr(part, path[0])
    if len(path) > 1:
        return replace(part, **{path[0]: _put(before, path[1:], value)})
    if isinstance(before, StrEnum):
        value = type(before)(value)
    elif isinstance(before, bool):
        value = value == "true"
    return replace(part, **{path[0]: value})
