"""The first rows of a table in a repository, whatever holds it: CSV, TSV, lines of JSON, Parquet.

A look, not a query: so many rows and columns, so many bytes read, and each cell cut. The bytes are
read by the confined reader, a range of the file at a time. It blocks for a moment: call it outside
a transaction.
"""

from dataclasses import dataclass
from typing import Any

from iriai.base import sandbox
from iriai.base.errors import Invalid
from iriai.cards import reading
from iriai.cards.reading import ReadRange

ROWS_MAX = 100
COLUMNS_MAX = 40
CELLS_MAX = 2_000
TEXT_BYTES_MAX = 256 * 1024
WHOLE_BYTES_MAX = 2 * 1024 * 1024
PAGES_BYTES_MAX = 256 * 1024
DICTIONARY_BYTES_MAX = 256 * 1024

SEPARATORS = {"csv": ",", "tsv": "\t"}
LINES = ("jsonl", "ndjson")
PARQUET = ("parquet",)
ENDINGS = (*SEPARATORS, *LINES, *PARQUET)


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name, its type in a word or two, and why it has no cells, if so."""

    name: str
    kind: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """The first rows; a cell is None where nothing is.

    `count` is how many rows there are, None where nobody counted; `column_count` how many columns.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    count: int | None
    column_count: int


def ending(path: str) -> str:
    """The ending by which a file is known as a table; empty for any other."""
    found = path.rsplit("/", 1)[-1].lower().rpartition(".")[2]
    return found if found in ENDINGS else ""


def first(
    path: str, read: ReadRange, size: int, *, most: int = ROWS_MAX, columns: int = COLUMNS_MAX
) -> Rows:
    """The first rows of the file at `path`; `Invalid` says why there are none to show."""
    kind = ending(path)
    if kind in PARQUET:
        return _parquet(_at_once(read, size), size, most, columns)
    data = read(0, min(size, TEXT_BYTES_MAX))
    whole = len(data) == size
    options: dict[str, Any] = {"whole": whole, "most": most, "columns": columns}
    if kind in SEPARATORS:
        options["delimiter"] = SEPARATORS[kind]
    found = sandbox.call("csv" if kind in SEPARATORS else "jsonl", data, **options)
    rows = tuple(tuple(row) for row in found["rows"])
    return Rows(
        columns=tuple(Column(str(name)) for name in found["head"]),
        rows=rows,
        count=len(rows) if found["complete"] else None,
        column_count=int(found["column_count"]),
    )


def _parquet(read: ReadRange, size: int, most: int, columns_max: int) -> Rows:
    footer = reading.parquet_tail(read, size)
    said = sandbox.call("parquet_columns", footer, most=columns_max)
    columns = said["columns"]
    most = min(most, int(said["group_rows"]), max(1, CELLS_MAX // max(1, len(columns))))
    if not columns:
        raise Invalid("This table has no columns.")
    pieces = []
    for column in columns:
        parts = [
            _clamped(read, column["dictionary"], DICTIONARY_BYTES_MAX, size),
            _clamped(read, column["pages"], PAGES_BYTES_MAX, size),
        ]
        column["sizes"] = [len(part) for part in parts]
        pieces += parts
    found = sandbox.call("parquet_rows", b"".join(pieces), columns=columns, most=most)
    cells = [each.get("cells", []) for each in found]
    length = max((len(each) for each in cells), default=0)
    return Rows(
        columns=tuple(
            Column(column["name"], _kind(column), str(each.get("why", "")))
            for column, each in zip(columns, found, strict=True)
        ),
        rows=tuple(
            tuple(each[row] if row < len(each) else "…" for each in cells) for row in range(length)
        ),
        count=int(said["rows"]),
        column_count=int(said["column_count"]),
    )


def _at_once(read: ReadRange, size: int) -> ReadRange:
    """A small file is read whole, once, and not in many little ranges."""
    if size > WHOLE_BYTES_MAX:
        return read
    data = read(0, size)
    return lambda start, end: data[start:end]


def _clamped(read: ReadRange, place: list[int], most: int, size: int) -> bytes:
    """The start of a part of the file, as far as there is such a part."""
    start, end = int(place[0]), min(int(place[1]), int(place[0]) + most, size)
    return read(start, end) if 0 < start < end else b""


def _kind(column: dict[str, Any]) -> str:
    """A column's type as a person says it: `text`, `whole number`, `list of text`."""
    plain = {
        "BOOLEAN": "yes or no", "INT32": "whole number", "INT64": "whole number",
        "FLOAT": "number", "DOUBLE": "number", "INT96": "date and time",
    }  # fmt: skip
    meant = {
        "string": "text", "enum": "text", "json": "JSON", "date": "date", "time": "time",
        "timestamp": "date and time", "decimal": "number", "uuid": "UUID",
    }  # fmt: skip
    name = meant.get(column["meaning"]) or plain.get(column["physical"], "bytes")
    return "list of " * len(column["repeated"]) + name
