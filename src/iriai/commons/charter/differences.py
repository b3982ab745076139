"""What changes between two charters, in plain words. Pure.

`changes` says each difference in a sentence, and says something exactly when something differs:
both charters are laid out flat, field by field, and every field has words.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from iriai.commons.charter import phrases
from iriai.commons.charter.rules import Charter, Parent, Procedure, Recall, Role, Step


def changes(before: Charter, after: Charter) -> list[str]:
    """What differs, a sentence each; nothing when nothing does."""
    was, now = flat(before), flat(after)
    found: list[str] = []
    for field in dict.fromkeys([*was, *now]):
        if field not in now:
            if not any(other in was and other not in now for other in _above(field)):
                found.append(f"{phrases.name_of(field)} goes.")
        elif field not in was:
            if not any(other in now and other not in was for other in _above(field)):
                found.append(_comes(field, now[field]))
        elif was[field] != now[field]:
            found.append(_changes(field, was[field], now[field]))
    return found


def _above(field: str) -> Iterator[str]:
    """The parts that hold this field."""
    while "." in field:
        field = field.rpartition(".")[0]
        yield field


def _comes(field: str, value: Any) -> str:
    if isinstance(value, Part):
        return f"{phrases.name_of(field)} comes: {value.text}."
    return f"{phrases.name_of(field)} comes: {phrases.value(field, value)}."


def _changes(field: str, was: Any, now: Any) -> str:
    name = phrases.name_of(field)
    if isinstance(was, tuple) and isinstance(now, tuple):
        return f"{name}: {_difference(field, was, now)}."
    return f"{name} becomes {phrases.value(field, now)}; it was {phrases.value(field, was)}."


def _difference(field: str, was: tuple[Any, ...], now: tuple[Any, ...]) -> str:
    gone = [phrases.value(field, each) for each in was if each not in now]
    come = [phrases.value(field, each) for each in now if each not in was]
    if not gone and not come:
        return "the same in another order, " + phrases.listed(
            [phrases.value(field, each) for each in now]
        )
    said = [f"{phrases.listed(come)} added"] if come else []
    said += [f"{phrases.listed(gone)} taken out"] if gone else []
    if not now:
        said.append("none is left" + (", so any is allowed" if field == "licences.allow" else ""))
    elif not was and field == "licences.allow":
        said.append("until now any was allowed")
    return "; ".join(said)


@dataclass(frozen=True, slots=True)
class Part:
    """That a part is there at all, such as a role; its fields follow. All parts are equal."""

    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Part)

    def __hash__(self) -> int:
        return 0


def flat(charter: Charter) -> dict[str, Any]:
    """Every value of a charter by its dotted field."""
    found: dict[str, Any] = {}
    _lay_out("", charter, found)
    return found


def _lay_out(at: str, value: Any, found: dict[str, Any]) -> None:
    if isinstance(value, Role):
        found[at] = Part(phrases.role(at.rpartition(".")[2], value).rstrip("."))
    elif isinstance(value, Procedure):
        found[at] = Part(phrases.procedure(value))
    if isinstance(value, Parent | Step | Recall) or not (
        is_dataclass(value) or isinstance(value, Mapping)
    ):
        found[at] = value
        return
    if isinstance(value, Mapping):
        pairs = [(str(name), each) for name, each in value.items()]
    else:
        pairs = [(each.name, getattr(value, each.name)) for each in fields(value)]
    for name, each in pairs:
        named = "by" if at == "holds" and name == "stewards" else name
        named = named if at or name != "later" else "actions"
        _lay_out(f"{at}.{named}" if at else named, each, found)
