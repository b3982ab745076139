"""The first rows of a table kept as text: separated values, or a JSON value on each line."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from iriai.readers.cells import Text, cut
from iriai.readers.refusals import Refused

LINE_LENGTH_MAX = 1 << 20

Table = dict[str, Any]


def read_csv(data: bytes, *, delimiter: str, whole: bool, most: int, columns: int) -> Table:
    """`{"head", "rows", "column_count", "complete"}`; `data` starts the file, `whole` is all."""
    text = _text(data, whole=whole)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    kept: list[list[str]] = []
    complete = whole
    try:
        for row in lines:
            if len(kept) > most:
                complete = False
                break
            if row:
                kept.append(row)
    except csv.Error:
        if whole or len(kept) < 2:  # noqa: PLR2004  nothing but a head
            raise Refused("These are not separated values.") from None
    if len(kept) < 2 or len(kept[0]) < 2:  # noqa: PLR2004  a table has a head and two columns
        raise Refused("These are not separated values.")
    width = min(len(kept[0]), columns)
    return {
        "head": [cut(each) for each in kept[0][:width]],
        "rows": [
            [cut(row[place]) if place < len(row) else None for place in range(width)]
            for row in kept[1:]
        ],
        "column_count": len(kept[0]),
        "complete": complete,
    }


def read_jsonl(data: bytes, *, whole: bool, most: int, columns: int) -> Table:
    """The same of lines of JSON: objects become columns by their keys."""
    kept: list[Any] = []
    complete = whole
    for value in _values(_text(data, whole=whole)):
        if len(kept) >= most:
            complete = False
            break
        kept.append(value)
    if not kept:
        raise Refused("There is no line of JSON here.")
    objects = [each if isinstance(each, dict) else {"value": each} for each in kept]
    names = list(dict.fromkeys(str(key) for each in objects for key in each))
    return {
        "head": [cut(name) for name in names[:columns]],
        "rows": [[_cell(each, name) for name in names[:columns]] for each in objects],
        "column_count": len(names),
        "complete": complete,
    }


def _text(data: bytes, *, whole: bool) -> str:
    if not whole:  # the last line is only begun
        data = data[: data.rfind(b"\n") + 1]
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise Refused("This is not UTF-8 text.") from None


def _values(text: str) -> Iterator[Any]:
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            yield json.loads(line[:LINE_LENGTH_MAX])
        except (ValueError, RecursionError):
            raise Refused("These are not lines of JSON.") from None


def _cell(row: dict[str, Any], name: str) -> Text:
    value = row.get(name)
    if value is None:
        return None
    return cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
