"""The columns of a Parquet file, and where the first values of each lie.

A column here is a leaf of the schema. Structures become columns of their own with a dotted name;
lists stay lists. What a file says of itself is hostile: whoever reads the named places clamps them.
"""

from collections.abc import Iterator
from typing import Any

from iriai.readers.parquet import COLUMNS_MAX, DEPTH_MAX, LOGICAL, TYPES, Thrift
from iriai.readers.refusals import Refused

NAME_LENGTH_MAX = 200
CONVERTED = {
    0: "string", 4: "enum", 5: "decimal", 6: "date", 7: "time ms", 8: "time us",
    9: "timestamp ms", 10: "timestamp us", 11: "unsigned", 12: "unsigned", 13: "unsigned",
    14: "unsigned", 19: "json", 20: "bson",
}  # fmt: skip
UNITS = {1: "ms", 2: "us", 3: "ns"}
WRAPPINGS = (("list", "element"), ("list", "item"), ("bag", "array_element"), ("list", "array"))
REQUIRED, OPTIONAL, REPEATED = range(3)

Fields = dict[int, Any]


def read_parquet_columns(data: bytes, *, most: int) -> dict[str, Any]:
    """Rows, and of the first `most` columns the places; `data` is the footer."""
    footer = Thrift(data).struct()
    schema, groups = footer.get(2), footer.get(4)
    if not isinstance(schema, list) or len(schema) > COLUMNS_MAX:
        raise Refused("The Parquet footer makes no sense.")
    leaves = list(_leaves(schema))
    group = groups[0] if isinstance(groups, list) and groups else {}
    chunks = group.get(1) if isinstance(group, dict) else None
    chunks = chunks if isinstance(chunks, list) else []
    found = []
    for leaf, chunk in zip(leaves[:most], chunks, strict=False):
        about = chunk.get(3) if isinstance(chunk, dict) else None
        found.append({**leaf, **_place(about if isinstance(about, dict) else {})})
    return {
        "rows": _whole(footer.get(3)),
        "group_rows": _whole(group.get(3)) if isinstance(group, dict) else 0,
        "column_count": len(leaves),
        "columns": found,
    }


def _leaves(schema: list[Any]) -> Iterator[dict[str, Any]]:
    """Name, type and levels of each leaf."""
    path: list[list[Any]] = []  # name, children to come, repetition
    for element in schema[1:]:
        if not isinstance(element, dict):
            raise Refused("The Parquet footer makes no sense.")
        while path and path[-1][1] == 0:
            path.pop()
        if path:
            path[-1][1] -= 1
        raw = element.get(4)
        name = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
        step = [name, _whole(element.get(5)), element.get(3, REQUIRED)]
        if step[1] > 0:
            if len(path) >= DEPTH_MAX:
                raise Refused("The Parquet schema is too deep.")
            path.append(step)
            continue
        yield {**_type(element), **_levels([*path, step])}


def _levels(path: list[list[Any]]) -> dict[str, Any]:
    defined, repeated = 0, []
    for _name, _children, repetition in path:
        defined += repetition in (OPTIONAL, REPEATED)
        if repetition == REPEATED:
            repeated.append(defined)
    names = [step[0] for step in path]
    for pair in WRAPPINGS:
        for at in range(len(names) - 2, 0, -1):
            if tuple(names[at : at + 2]) == pair:
                del names[at : at + 2]
    return {"name": ".".join(names)[:NAME_LENGTH_MAX], "defined": defined, "repeated": repeated}


def _type(element: Fields) -> dict[str, Any]:
    """The physical type and what is meant by it, in a word and its unit."""
    physical = TYPES.get(_whole(element.get(1), -1), "")
    meaning, _, unit = CONVERTED.get(_whole(element.get(6), -1), "").partition(" ")
    scale, logical = _whole(element.get(7)), element.get(10)
    if isinstance(logical, dict) and logical:
        number, about = next(iter(logical.items()))
        meaning = LOGICAL.get(number, "")
        about = about if isinstance(about, dict) else {}
        if meaning in ("time", "timestamp"):
            given = about.get(2)
            unit = UNITS.get(next(iter(given), 0), "") if isinstance(given, dict) else ""
        if meaning == "decimal":
            scale = _whole(about.get(1))
        if meaning == "integer":
            meaning = "" if about.get(2, True) else "unsigned"
    return {
        "physical": physical,
        "length": _whole(element.get(2)),
        "meaning": meaning,
        "unit": unit,
        "scale": scale,
    }


def _place(about: Fields) -> dict[str, Any]:
    """Codec, and where the dictionary and the pages of the first row group start and end."""
    pages, dictionary = _whole(about.get(9)), _whole(about.get(11))
    start = dictionary if 0 < dictionary < pages else pages
    return {
        "codec": _whole(about.get(4)),
        "dictionary": [start, pages],
        "pages": [pages, start + _whole(about.get(7))],
    }


def _whole(value: Any, otherwise: int = 0) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and value >= 0 else otherwise
