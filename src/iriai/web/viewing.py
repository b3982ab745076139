"""How one file is shown: as coloured text, Markdown, a picture, a table, a header, or not at all.

What is too long or not text is offered for download. Text comes a page of lines at a time, so that
a page stays light. Whatever parses the file's bytes does so in a confined process.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from iriai.base.errors import HubError, Invalid
from iriai.base.sandbox import Sandbox
from iriai.cards import reading
from iriai.cards import rows as tables
from iriai.cards.rows import Rows
from iriai.web import shown
from iriai.web.languages import IMAGES, MARKDOWN, ending, language
from iriai.web.texts import gettext as _

TEXT_BYTES_MAX = 2 << 20
COLOURED_BYTES_MAX = 256 << 10
IMAGE_BYTES_MAX = 10 << 20
EDIT_BYTES_MAX = 1 << 20
LINES_A_PAGE = 1_000
PAGE_CHARACTERS_MAX = 160_000
LINE_LENGTH_MAX = 2_000
PREVIEW_ROWS_MAX = 6
PREVIEW_COLUMNS_MAX = 12
TENSORS_MAX = 500
VALUE_LENGTH_MAX = 400
COLOUR_SECONDS = 2.0

ReadRange = Callable[[int, int], bytes]

NUMBER = re.compile(r"[-+]?[0-9.]{1,40}(e[-+]?[0-9]{1,4})?", re.IGNORECASE)

HIGHLIGHTER = Sandbox(module="iriai.web.highlighting", processes_max=2)


@dataclass(slots=True)
class View:
    """What a page needs to show one file; `kind` chooses the way."""

    kind: str
    editable: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self.facts:
            raise AttributeError(name)
        return self.facts[name]


def nothing(why: str) -> View:
    """The file is there, but a page is no place for it."""
    return View("none", facts={"lines": 0, "title": _("Nothing to show here"), "why": why})


def text(path: str, data: bytes, *, oid: str, first: int) -> View:
    """A page of lines of a text file, from line `first` on."""
    if b"\0" in data[:8_192]:
        return nothing(_("This is not text."))
    try:
        decoded = data.decode("utf-8")
    except UnicodeDecodeError:
        return nothing(_("This is not UTF-8 text."))
    every = decoded.removesuffix("\n").split("\n") if decoded else []
    first = max(1, min(first, len(every) or 1))
    coloured = _coloured(path, data, oid)
    page: list[Markup] = []
    length = 0
    for at in range(first - 1, min(first - 1 + LINES_A_PAGE, len(every))):
        length += len(every[at][:LINE_LENGTH_MAX])
        if page and length > PAGE_CHARACTERS_MAX:
            break
        page.append(_line(coloured[at] if coloured and at < len(coloured) else None, every[at]))
    following = first + len(page)
    return View(
        "text",
        editable=len(data) <= EDIT_BYTES_MAX,
        facts={
            "lines": len(every),
            "text": page,
            "first": first,
            "before": max(1, first - LINES_A_PAGE) if first > 1 else None,
            "after": following if following <= len(every) else None,
        },
    )


def markdown(data: bytes, *, files: str, pages: str, folder: str) -> View:
    """A Markdown file as it is meant to be read."""
    from iriai.cards import render  # noqa: PLC0415 - five megabytes

    html = render.html(data.decode("utf-8", "replace"), resolve=files, blob=pages, folder=folder)
    return View("markdown", editable=True, facts={"html": html, "lines": data.count(b"\n")})


def table(path: str, read: ReadRange, size: int) -> View:
    """The first rows of a table, or why there are none to show."""
    try:
        found = tables.first(path, read, size)
    except HubError as error:
        return nothing(error.message)
    return View("table", facts=table_facts(found))


def preview(path: str, read: ReadRange, size: int) -> dict[str, Any] | None:
    """A handful of rows for the card of a dataset; None where they cannot be read."""
    most = {"most": PREVIEW_ROWS_MAX, "columns": PREVIEW_COLUMNS_MAX}
    try:
        return table_facts(tables.first(path, read, size, **most))
    except HubError:
        return None


def table_facts(found: Rows) -> dict[str, Any]:
    """Columns, rows, and in words how much of the table they are."""
    by_column = list(zip(*found.rows, strict=True)) or [()] * len(found.columns)
    columns = [
        {"name": each.name, "kind": each.kind, "why": each.why, "is_number": _are_numbers(cells)}
        for each, cells in zip(found.columns, by_column, strict=True)
    ]
    return {"columns": columns, "rows": found.rows, "said": _of_how_many(found), "lines": 0}


def _of_how_many(found: Rows) -> str:
    shown_rows, shown_columns = len(found.rows), len(found.columns)
    if found.count is None:
        said = _("The first {rows} rows").format(rows=shown_rows)
    elif shown_rows < found.count:
        said = _("The first {rows} of {count} rows").format(
            rows=shown_rows, count=shown.whole(found.count)
        )
    else:
        said = _("{count} rows").format(count=found.count)
    if shown_columns < found.column_count:
        return said + _(", the first {shown} of {count} columns").format(
            shown=shown_columns, count=found.column_count
        )
    return said + _(", {count} columns").format(count=shown_columns)


def _are_numbers(cells: Sequence[str | None]) -> bool:
    """Whether a column reads as numbers, which stand under each other by their last digit."""
    said = [cell for cell in cells if cell]
    return bool(said) and all(NUMBER.fullmatch(cell) for cell in said)


def picture(source: str) -> View:
    """A picture, from the route that gives nothing but pictures."""
    return View("image", facts={"source": source, "lines": 0})


def tensors(path: str, read: ReadRange, size: int) -> View:
    """What the header of a safetensors or GGUF file says."""
    reader = reading.gguf_header if ending(path) == "gguf" else reading.safetensors_header
    try:
        header = reader(read, size)
    except HubError as error:
        return nothing(error.message)
    return View("tensors", facts=_header_facts(header))


def is_markdown(path: str) -> bool:
    """Whether a file is Markdown, by its name."""
    return ending(path) in MARKDOWN


def is_image(path: str) -> bool:
    """Whether a file is a picture that can be shown, by its name."""
    return ending(path) in IMAGES


def is_table(path: str) -> bool:
    """Whether a file is a table whose rows can be shown, by its name."""
    return bool(tables.ending(path))


def has_header(path: str) -> bool:
    """Whether a file has a header of tensors, by its name."""
    return ending(path) in ("safetensors", "gguf")


def image_type(data: bytes) -> str:
    """The media type of a picture, told by its first bytes alone; `Invalid` for anything else."""
    for magic, kind in (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
    ):
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    raise Invalid("This is not a PNG, JPEG, GIF or WebP image.")


def _line(pieces: Sequence[Sequence[str]] | None, plain: str) -> Markup:
    if pieces is None or len(plain) > LINE_LENGTH_MAX:
        cut = plain[:LINE_LENGTH_MAX]
        return escape(cut) + Markup("…") if len(plain) > LINE_LENGTH_MAX else escape(cut)
    return Markup("").join(
        Markup('<span class="{}">{}</span>').format(name, piece) if name else escape(piece)
        for name, piece in pieces
    )


def _coloured(path: str, data: bytes, oid: str) -> Sequence[Sequence[Sequence[str]]] | None:
    chosen = language(path)
    if chosen is None or not data or len(data) > COLOURED_BYTES_MAX:
        return None
    return _colours(chosen, oid, data)


@lru_cache(maxsize=32)
def _colours(language: str, oid: str, data: bytes) -> Sequence[Sequence[Sequence[str]]] | None:  # noqa: ARG001
    try:
        lines = HIGHLIGHTER.call("lines", data, seconds=COLOUR_SECONDS, language=language)
    except HubError:
        return None
    return lines if isinstance(lines, list) else None


def _header_facts(header: Mapping[str, Any]) -> dict[str, Any]:
    listed = header.get("tensors", [])[:TENSORS_MAX]
    by_type = header.get("parameters", {})
    summary = [
        (_("Parameters"), shown.whole(int(header.get("total", 0)))),
        (_("By type"), ", ".join(f"{kind} {shown.whole(int(n))}" for kind, n in by_type.items())),
        (_("Tensors"), shown.whole(int(header.get("tensor_count", len(listed))))),
    ]
    if len(listed) < int(header.get("tensor_count", 0)):
        summary.append((_("Shown"), _("the first {count}").format(count=len(listed))))
    return {
        "lines": 0,
        "summary": [(name, value) for name, value in summary if value],
        "metadata": [
            (key, str(value)[:VALUE_LENGTH_MAX])
            for key, value in header.get("metadata", {}).items()
        ],
        "tensors": [
            {
                "name": each["name"],
                "dtype": each["dtype"],
                "shape": " × ".join(str(extent) for extent in each["shape"]) or "–",
                "count": _product(each["shape"]),
            }
            for each in listed
        ],
    }


def _product(extents: Sequence[int]) -> int:
    total = 1
    for extent in extents:
        total *= extent
    return total
