"""`CHARTER.yaml` into a `Charter`, or why not: the line, the field and the rule. Pure.

The fields are those of `rules`, by their names. What a file does not say is as in its preset. The
reader goes on after a fault, so that whoever wrote the file hears of several at once.
"""

import difflib
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from iriai.base.errors import Invalid
from iriai.commons.charter import checks, rules
from iriai.commons.charter.document import Row, Scalar, Table, Value, document, shown
from iriai.commons.charter.fields import COMMONS, LATER, LIMITS, NAME, QUORUM, SHA256, Between
from iriai.commons.charter.rules import FILE_NAME, Action, Charter, Parent, Preset, Rung, Step

FAULTS_MAX = 5
"""So many are told at once."""

TEXTS_KEPT = 64
"""So many texts are remembered with what they say: one is read on several steps of its way."""

ITEMS_MAX = {
    "roles": rules.ROLES_MAX,
    "decisions": rules.DECISIONS_MAX,
    "licences.allow": rules.LICENCES_MAX,
}
_STEP = re.compile(r"(?P<rung>[a-z]+)(?:_(?P<days>[0-9]{1,5})d)?")
_BY = re.compile(r"(?P<count>[0-9]{1,2}) stewards?")
_PARENT = re.compile(r"(?P<commons>[^@]+)@sha256:(?P<digest>.+)")
_HERE = "iriai.commons.charter"


def read(text: bytes | str, *, commons: str | None = None) -> Charter:
    """The charter that this text is; with `commons`, it must be that one's. `Invalid` says why."""
    found, faults = examined(text, commons=commons)
    if faults:
        more = len(faults) - FAULTS_MAX
        said = " ".join(faults[:FAULTS_MAX]) + (f" And {more} more." if more > 0 else "")
        raise Invalid(said, code="Charter")
    return found


def examined(text: bytes | str, *, commons: str | None = None) -> tuple[Charter, list[str]]:
    """The charter as far as it can be understood, and all that is wrong with it, by line."""
    found, faults = _examined(text, commons)
    return found, list(faults)


@lru_cache(maxsize=TEXTS_KEPT)
def _examined(text: bytes | str, commons: str | None) -> tuple[Charter, tuple[str, ...]]:
    try:
        tree = document(text)
    except Invalid as error:
        return Charter(commons=commons or ""), (error.message,)
    reader = _Reader()
    found = reader.charter(tree)
    if not reader.faults:
        for field, rule in checks.faults(found, commons=commons):
            reader.fault(reader.line(field), field, rule)
    return found, tuple(
        f"{FILE_NAME}, line {line}: {field} {rule}." for line, field, rule in sorted(reader.faults)
    )


@lru_cache(maxsize=len(Preset))
def preset_text(preset: Preset) -> str:
    """The file of a preset, as it is shipped; its commons is called `NAME`."""
    return resources.files(_HERE).joinpath(f"texts/{preset}.yaml").read_text("utf-8")


@lru_cache(maxsize=len(Preset))
def preset_charter(preset: Preset) -> Charter:
    """What a preset says, of a commons called `NAME`."""
    bare = Charter(commons="NAME", preset=preset)
    if preset in (Preset.SOLO, Preset.OWNERS):
        return bare
    reader = _Reader()
    found = reader.charter(document(preset_text(preset)), bare)
    if reader.faults:
        raise RuntimeError(f"The preset {preset} is wrong: {reader.faults}")
    return found


class _Reader:
    """One reading: the lines of the fields, and the faults found so far."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.faults: list[tuple[int, str, str]] = []

    def fault(self, line: int, field: str, rule: str) -> None:
        """Note what is wrong."""
        self.faults.append((line, field, rule))

    def line(self, field: str) -> int:
        """Where a field stands, or the nearest that holds it."""
        while field and field not in self.lines:
            field = field.rpartition(".")[0]
        return self.lines.get(field, 1)

    def charter(self, tree: Table, base: Charter | None = None) -> Charter:
        """The whole file."""
        items = dict(tree.items)
        self.quorum(items.pop("quorum", None))
        tree = Table(tree.line, items)
        base = base or replace(preset_charter(self.preset(items)), commons="", parent=None)
        found: Charter = self.part(Charter, tree, "", base)
        if not COMMONS.fullmatch(found.commons):
            rule = "names the commons whose charter this is, such as “commons: afro-nlp”"
            self.fault(self.line("commons"), "commons", rule)
        return _with_procedures(found, items, base)

    def preset(self, items: Mapping[str, tuple[int, Value]]) -> Preset:
        """The preset whose rules hold where the file says nothing."""
        given = items.get("preset", (1, None))[1]
        if isinstance(given, Scalar) and given.value in set(Preset):
            return Preset(str(given.value))
        if given is None and ("decisions" in items or "actions" in items):
            return Preset.LANGUAGE_COMMUNITY
        return Preset.OWNERS

    def quorum(self, given: tuple[int, Value] | None) -> None:
        """A file may say how a quorum is worked out; there is one way."""
        if given is None:
            return
        value = given[1]
        said = str(value.value) if isinstance(value, Scalar) else ""
        if "".join(said.split()) != "".join(QUORUM.split()):
            self.fault(value.line, "quorum", f"is always “{QUORUM}”; change quorum_factor instead")

    def part(self, kind: type, given: Value, at: str, base: Any) -> Any:
        """A part of the charter, a field for each name."""
        if not isinstance(given, Table):
            self.fault(given.line, at, f"has fields of its own; here stands {shown(given)}")
            return base
        hints, known = _hints(kind), _names(kind)
        values: dict[str, Any] = {}
        for name, (line, value) in given.items.items():
            field = f"{at}.{name}" if at else name
            self.lines[field] = line
            if name not in known:
                self.fault(line, field, "is no field of a charter" + nearest(name, known))
                continue
            here = known[name]
            before = getattr(base, here, None)
            got = self.value(hints[here], value, field, before, limit=LIMITS.get((kind, here)))
            if got is not MISSING:
                values[here] = got
        return (
            kind(**values)
            if base is None and not self.missing(kind, values, given, at)
            else (base if base is None else replace(base, **values))
        )

    def missing(self, kind: type, values: Mapping[str, Any], given: Table, at: str) -> bool:
        """Whether a field that has no default was not given."""
        gone = [
            each.name
            for each in fields(kind)
            if each.default is MISSING
            and each.default_factory is MISSING
            and each.name not in values
        ]
        for name in gone:
            if name not in given.items:
                self.fault(given.line, f"{at}.{name}" if at else name, "must be said here")
        return bool(gone)

    def value(self, hint: Any, given: Value, at: str, base: Any, *, limit: Any) -> Any:
        """One value of this type; `MISSING` where it is wrong."""
        inner = [each for each in typing.get_args(hint) if each is not types.NoneType]
        is_optional = isinstance(hint, types.UnionType)
        if is_optional:
            if isinstance(given, Scalar) and given.value is None:
                return None
            hint = inner[0]
        if hint is Parent:
            return self.parent(given, at)
        if is_dataclass(hint):
            start = base if base is not None or at == "" else _bare(hint)
            return self.part(typing.cast("type", hint), given, at, start)
        origin = typing.get_origin(hint)
        if origin is tuple:
            return self.row(typing.get_args(hint)[0], given, at)
        if origin is Mapping:
            return self.mapping(typing.get_args(hint), given, at)
        if at.endswith("holds.by"):
            return self.by(given, at)
        return self.scalar(hint, given, at, limit)

    def scalar(self, hint: Any, given: Value, at: str, limit: Any) -> Any:
        """A number, a word, or yes or no."""
        value = given.value if isinstance(given, Scalar) else None
        words = tuple(str(each) for each in hint) if issubclass(hint, StrEnum) else None
        words = limit.words if limit is not None and not isinstance(limit, Between) else words
        if words is not None:
            good = isinstance(value, str) and value in words
            rule = f"is {_either(words)}"
        elif hint is bool:
            good, rule = isinstance(value, bool), "is true or false"
        elif hint is str:
            good, rule = isinstance(value, str) and 0 < len(value) <= 200, "is a word or a name"  # noqa: PLR2004
        else:
            numbers = (int, float) if hint is float else (int,)
            good = isinstance(value, numbers) and not isinstance(value, bool)
            least, most = (limit.least, limit.most) if limit else (0, 10**6)
            good = good and least <= float(typing.cast("float", value)) <= most
            kind = "a number" if hint is float else "a whole number"
            rule = f"is {kind} from {least:,} to {most:,}" if least != most else f"is {least}"
        if not good:
            self.fault(given.line, at, f"{rule}; here stands {shown(given)}")
            return MISSING
        return hint(value)

    def row(self, kind: Any, given: Value, at: str) -> Any:
        """Values one after another, each once."""
        if not isinstance(given, Row):
            self.fault(given.line, at, f"is a list, such as [a, b]; here stands {shown(given)}")
            return MISSING
        most = ITEMS_MAX.get(at, 20)
        if len(given.items) > most:
            self.fault(given.line, at, f"has at most {most} entries")
            return MISSING
        one: Callable[[Value], Any] = (
            (lambda each: self.step(each, at))
            if kind is Step
            else (lambda each: self.scalar(kind, each, at, None))
        )
        found = tuple(one(each) for each in given.items)
        if MISSING in found:
            return MISSING
        if len(set(found)) < len(found):
            self.fault(given.line, at, "names something twice")
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return tuple(each for each in kind if each in found)
        return found

    def mapping(self, kinds: tuple[Any, ...], given: Value, at: str) -> Any:
        """Roles, decisions or actions by their names."""
        if not isinstance(given, Table):
            self.fault(given.line, at, f"has fields of its own; here stands {shown(given)}")
            return MISSING
        if kinds[0] is Action:
            return self.actions(given)
        found: dict[str, Any] = {}
        if len(given.items) > ITEMS_MAX.get(at, 20):
            self.fault(given.line, at, f"has at most {ITEMS_MAX.get(at, 20)} entries")
        for name, (line, value) in given.items.items():
            field = f"{at}.{name}"
            self.lines[field] = line
            if not NAME.fullmatch(name) or name == rules.PANEL:
                self.fault(line, field, "has a name of small letters, digits, “-” and “_”")
                continue
            if kinds[1] is str:
                got = self.scalar(str, value, field, None)
            else:
                start = None if kinds[1] is rules.Procedure else kinds[1]()
                got = self.part(kinds[1], value, field, start)
            if got is not MISSING and got is not None:
                found[name] = got
        return MappingProxyType(found)

    def actions(self, given: Table) -> Mapping[Action, str]:
        """Which procedure decides each action."""
        found: dict[Action, str] = {}
        for name, (line, value) in given.items.items():
            field = f"actions.{name}"
            self.lines[field] = line
            if name in LATER:
                self.scalar(str, value, field, None)
            elif name not in set(Action):
                known = {str(each): str(each) for each in Action}
                self.fault(line, field, "is no action of a commons" + nearest(name, known))
            elif (got := self.scalar(str, value, field, None)) is not MISSING:
                found[Action(name)] = got
        return found

    def step(self, given: Value, at: str) -> Any:
        """A rung of the ladder, such as `throttle_14d`."""
        said = given.value if isinstance(given, Scalar) else None
        found = _STEP.fullmatch(said) if isinstance(said, str) else None
        if found is None or found["rung"] not in set(Rung):
            rule = f"names rungs such as throttle_14d; the rungs are {_either(tuple(Rung))}"
            self.fault(given.line, at, f"{rule}; here stands {shown(given)}")
            return MISSING
        days = int(found["days"]) if found["days"] else None
        most = rules.DAYS_MAX
        if days is not None and not 1 <= days <= most:
            self.fault(given.line, at, f"has rungs of 1 to {most:,} days; here stands “{said}”")
            return MISSING
        return Step(rung=Rung(found["rung"]), days=days)

    def by(self, given: Value, at: str) -> Any:
        """How many stewards: `2 stewards`, or the number alone."""
        said = given.value if isinstance(given, Scalar) else None
        found = _BY.fullmatch(said) if isinstance(said, str) else None
        count = int(found["count"]) if found else said
        limit = LIMITS[rules.Holds, "stewards"]
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= limit.most:  # type: ignore[union-attr]
            self.fault(given.line, at, f"is such as “2 stewards”; here stands {shown(given)}")
            return MISSING
        return count

    def parent(self, given: Value, at: str) -> Any:
        """The parent's charter: `name@sha256:…`."""
        said = given.value if isinstance(given, Scalar) else None
        found = _PARENT.fullmatch(said) if isinstance(said, str) else None
        if (
            found is None
            or not COMMONS.fullmatch(found["commons"])
            or not SHA256.fullmatch(found["digest"])
        ):
            rule = "is such as “name@sha256:…”, with all 64 digits of the parent's charter"
            self.fault(given.line, at, f"{rule}; here stands {shown(given)}")
            return MISSING
        return Parent(commons=found["commons"], digest=found["digest"])


def nearest(name: str, known: Mapping[str, str]) -> str:
    """What was meant, perhaps; else what there is, while that is short."""
    close = difflib.get_close_matches(name[:100], list(known), n=1, cutoff=0.5)
    if close:
        return f"; did you mean “{close[0]}”?"[:-1]
    return f"; there are {', '.join(known)}" if len(known) <= 12 else ""  # noqa: PLR2004


def _with_procedures(
    found: Charter, items: Mapping[str, tuple[int, Value]], base: Charter
) -> Charter:
    """With the actions that the file leaves to its preset, and the procedures these need."""
    given = items.get("actions", (1, None))[1]
    named = given.items if isinstance(given, Table) else {}
    actions = {each: found.actions.get(each, base.actions[each]) for each in Action}
    inherited = {actions[each] for each in Action if each not in named}
    decisions = dict(found.decisions)
    for name in sorted(inherited):
        if name not in decisions and name in base.decisions:
            decisions[name] = base.decisions[name]
    later = {
        name: str(named[name][1].value)  # type: ignore[union-attr]
        for name in LATER
        if name in named and isinstance(named[name][1], Scalar)
    }
    return replace(
        found,
        actions=MappingProxyType(actions),
        decisions=MappingProxyType(decisions),
        later=MappingProxyType(later) if named else base.later,
    )


def _bare(kind: Any) -> Any:
    """A part with nothing but defaults, or None where it has a field without one."""
    try:
        return kind()
    except TypeError:
        return None


@lru_cache(maxsize=64)
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


@lru_cache(maxsize=64)
def _names(kind: type) -> dict[str, str]:
    """What the fields of a part are called in a file."""
    known = {each.name: each.name for each in fields(kind) if each.name != "later"}
    if kind is rules.Holds:
        known = {"by" if name == "stewards" else name: name for name in known}
    return known


def _either(words: tuple[str, ...]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
