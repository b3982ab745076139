"""YAML front matter: the small, safe part of YAML that cards need.

No aliases (341 bytes of them can ask for gigabytes), no duplicate keys, no tags that build
objects, 32 levels at most. Words follow YAML 1.2, so that `language: no` is Norwegian; dates stay
text, since JSON has none.
"""

import math
import re
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from iriai.readers.refusals import Refused

DEPTH_MAX = 32
TEXT_BYTES_MAX = 64 * 1024
INTEGER_DIGITS_MAX = 19  # past 64 bits a number is kept as its text

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CardLoader(_BASE):  # type: ignore[misc]  # PyYAML's C classes are untyped
    """PyYAML's safe loader without aliases, duplicates, dates and YAML 1.1 words."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:  # noqa: ARG002
        """A mapping whose keys are text and occur once."""
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise Refused(f"Metadata keys must be plain text (line {_line(key_node)}).")
            key = key_node.value
            if key in mapping:
                raise Refused(f'"{key[:80]}" is given twice (line {_line(key_node)}).')
            mapping[key] = self.construct_object(value_node, deep=True)
        return mapping


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _mapping(loader: CardLoader, node: Any) -> dict[str, Any]:
    return loader.construct_mapping(node)


def _unknown(_loader: CardLoader, node: Any) -> None:
    raise Refused(f"Metadata may not use YAML tags such as {str(node.tag)[:60]}.")


def _integer(loader: CardLoader, node: Any) -> int | str:
    text = loader.construct_scalar(node)
    if len(text) > INTEGER_DIGITS_MAX:
        return str(text)
    if text.lower().startswith(("0x", "0o")):
        return int(text, 0)
    return int(text)


def _float(loader: CardLoader, node: Any) -> float | str:
    text = str(loader.construct_scalar(node))
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


_BOOLEANS = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_NULLS = re.compile(r"^(?:~|null|Null|NULL|)$")
_INTEGERS = re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$")
_FLOATS = re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")

CardLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", _BOOLEANS, "tTfF"),
    ("int", _INTEGERS, "-+0123456789"),
    ("float", _FLOATS, "-+.0123456789"),
    ("null", _NULLS, ["~", "n", "N", ""]),
):
    CardLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _pattern, list(_first))
CardLoader.yaml_constructors = {
    "tag:yaml.org,2002:null": _BASE.construct_yaml_null,
    "tag:yaml.org,2002:bool": _BASE.construct_yaml_bool,
    "tag:yaml.org,2002:int": _integer,
    "tag:yaml.org,2002:float": _float,
    "tag:yaml.org,2002:str": _BASE.construct_yaml_str,
    "tag:yaml.org,2002:seq": lambda loader, node: loader.construct_sequence(node, deep=True),
    "tag:yaml.org,2002:map": _mapping,
    None: _unknown,
}


def read_front_matter(data: bytes) -> dict[str, Any]:
    """The mapping in a card's YAML block, as JSON would have it."""
    value = read_yaml(data)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused("Metadata must be a mapping: lines of the form `key: value`.")
    return value


def read_yaml(data: bytes) -> Any:
    """Whatever a small YAML file holds, as JSON would have it."""
    if len(data) > TEXT_BYTES_MAX:
        raise Refused(f"Metadata may take at most {TEXT_BYTES_MAX // 1024} KiB.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("Metadata must be UTF-8 text.") from None
    try:
        _require_flat(text)
        return _load(text)
    except ConstructorError as error:
        raise Refused(f"Metadata is not valid YAML: {error.problem}.") from None
    except yaml.YAMLError as error:
        raise Refused(_sentence(error)) from None


def _require_flat(text: str) -> None:
    """Refuse aliases and deep nesting from the events alone, before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=_BASE):
        if isinstance(event, yaml.AliasEvent):
            raise Refused("Metadata may not use YAML aliases (*name).")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_MAX:
                raise Refused(f"Metadata may nest at most {DEPTH_MAX} levels.")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _load(text: str) -> Any:
    loader = CardLoader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _sentence(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or "it cannot be parsed"
    mark = getattr(error, "problem_mark", None)
    where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
    return f"Metadata is not valid YAML: {problem}{where}."
