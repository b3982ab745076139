"""The text of a charter as a tree of values that know their line. Pure, and bounded.

A charter is small and plain YAML: one document, at most 64 KB, a few thousand values, no aliases,
no tags, no key twice. It is read event by event with PyYAML's parser in Python, and left at the
first thing that a charter does not need, so that no text takes longer than its length.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from iriai.base.errors import Invalid
from iriai.commons.charter.rules import FILE_BYTES_MAX, FILE_NAME

DEPTH_MAX = 8
VALUES_MAX = 4_000
SHOWN_LENGTH_MAX = 60

_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,15}\.[0-9]{0,15}|\.[0-9]{1,15})(?:[eE][+-]?[0-9]{1,3})?")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value: text, number, yes or no, or nothing."""

    line: int
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Row:
    """Values one after another."""

    line: int
    items: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Values by name, each with the line of its name."""

    line: int
    items: dict[str, tuple[int, "Value"]]


Value = Scalar | Row | Table


def document(text: bytes | str) -> Table:
    """What stands in the text, or `Invalid` with the line and what is wrong there."""
    raw = text.encode() if isinstance(text, str) else text
    if len(raw) > FILE_BYTES_MAX:
        raise Invalid(f"{FILE_NAME} has at most {FILE_BYTES_MAX // 1024} KB.", code="Charter")
    try:
        plain = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise wrong(line, "a charter is text in UTF-8, and this is not") from None
    try:
        found = _Building(yaml.parse(plain, Loader=yaml.SafeLoader)).whole()
    except yaml.reader.ReaderError as error:
        line = plain.count("\n", 0, error.position) + 1
        named = f"U+{int(error.character):04X}"
        raise wrong(line, f"the character {named} has no place in a charter") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = str(getattr(error, "problem", None) or "it cannot be read")
        raise wrong(mark.line + 1 if mark else 1, f"this is not YAML: {said}") from None
    if not isinstance(found, Table):
        raise wrong(1, "a charter is made of lines of the form “field: value”")
    return found


def wrong(line: int, said: str) -> Invalid:
    """What is wrong, and in which line."""
    return Invalid(f"{FILE_NAME}, line {line}: {said.rstrip('.')}.", code="Charter")


def shown(value: Value) -> str:
    """A value as a message quotes it."""
    if isinstance(value, Table):
        return "fields of its own"
    if isinstance(value, Row):
        return "a list"
    if value.value is None:
        return "nothing"
    if isinstance(value.value, bool):
        return f"“{'true' if value.value else 'false'}”"
    said = str(value.value)
    return f"“{said[:SHOWN_LENGTH_MAX]}{'…' if len(said) > SHOWN_LENGTH_MAX else ''}”"


class _Building:
    """Values made of events, counted as they come."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.count = 0

    def next(self) -> Any:
        """The next event that matters, once it is one that a charter may have."""
        event = next(self.events)
        self.count += 1
        line = event.start_mark.line + 1
        if self.count > VALUES_MAX:
            raise wrong(line, f"a charter has at most {VALUES_MAX:,} values")
        if isinstance(event, yaml.AliasEvent):
            raise wrong(line, "aliases (*name) are not used in a charter; write the value again")
        if getattr(event, "anchor", None) is not None:
            raise wrong(line, "anchors (&name) are not used in a charter")
        if getattr(event, "tag", None) is not None:
            raise wrong(line, f"tags such as {str(event.tag)[:40]} are not used in a charter")
        return event

    def whole(self) -> Value:
        """The one document there is."""
        event = self.next()  # the stream's start
        event = self.next()
        if isinstance(event, yaml.StreamEndEvent):
            raise wrong(1, "the file is empty")
        found = self.value(self.next(), 0)
        self.next()  # the document's end
        event = self.next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise wrong(event.start_mark.line + 1, "a charter is one document, without a second")
        return found

    def value(self, event: Any, depth: int) -> Value:
        """The value that begins with this event."""
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(line, event.value if event.style else plain(event.value))
        if depth >= DEPTH_MAX:
            raise wrong(line, f"a charter nests at most {DEPTH_MAX} levels")
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(event := self.next(), yaml.SequenceEndEvent):
                items.append(self.value(event, depth + 1))
            return Row(line, tuple(items))
        return self.table(line, depth)

    def table(self, line: int, depth: int) -> Table:
        """Names and their values, each name once."""
        items: dict[str, tuple[int, Value]] = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            at = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise wrong(at, "the name of a field is plain text")
            name = str(event.value)
            if name in items:
                raise wrong(at, f"“{name[:SHOWN_LENGTH_MAX]}” stands here a second time")
            items[name] = (at, self.value(self.next(), depth + 1))
        return Table(line, items)


def plain(text: str) -> str | int | float | bool | None:
    """What an unquoted word means: a number, yes or no, nothing, or itself."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return _WORDS.get(text.lower(), text)
