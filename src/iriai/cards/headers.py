"""What the headers of two versions of a file say differently: tensors, columns, metadata.

Weights and tables are too large to be compared byte by byte by a person; what their headers say
fits on a page. The headers are read by the confined reader, a range of the file at a time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from iriai.base.errors import HubError, Unavailable
from iriai.base.tx import Ground
from iriai.cards import reading
from iriai.cards.files import range_reader
from iriai.cards.reading import ReadRange
from iriai.repos.git.entries import File

ENDINGS = (".safetensors", ".gguf", ".parquet")
ROWS_MAX = 200
FILES_MAX = 20
VALUE_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that differs: what it was and what it is, empty where it was not or is not."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two headers, the first rows of `count`; `why` there is none to show."""

    rows: tuple[Row, ...] = ()
    count: int = 0
    why: str = ""


def has_header(path: str) -> bool:
    """Whether a file of this name has a header to compare."""
    return path.lower().endswith(ENDINGS)


def differences(
    ground: Ground, repo_id: int, pairs: Iterable[tuple[File | None, File | None]]
) -> dict[str, Difference]:
    """For each pair of old and new file with headers what differs in them, by the path it has."""
    found: dict[str, Difference] = {}
    for old, new in pairs:
        path = (new or old).path if (new or old) is not None else ""  # type: ignore[union-attr]
        if len(found) >= FILES_MAX or not has_header(path):
            continue
        found[path] = _difference(ground, repo_id, old, new)
    return found


def _difference(ground: Ground, repo_id: int, old: File | None, new: File | None) -> Difference:
    try:
        before, after = (_facts(ground, repo_id, each) for each in (old, new))
    except Unavailable:
        raise
    except HubError as error:
        return Difference(why=error.message)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    rows = [Row(name, before.get(name, ""), after.get(name, "")) for name in names[:ROWS_MAX]]
    return Difference(tuple(rows), len(names))


def _facts(ground: Ground, repo_id: int, file: File | None) -> dict[str, str]:
    """All that a header says, name by name."""
    if file is None:
        return {}
    read = range_reader(ground, repo_id, file)
    if read is None:
        return {}
    ending = file.path.lower().rpartition(".")[2]
    said = {"safetensors": _safetensors, "gguf": _gguf, "parquet": _parquet}[ending]
    return {name: value[:VALUE_LENGTH_MAX] for name, value in said(read, file.size)}


def _safetensors(read: ReadRange, size: int) -> Iterator[tuple[str, str]]:
    header = reading.safetensors_header(read, size)
    yield "parameters", f"{header['total']:,}"
    yield from ((f"metadata {key}", str(value)) for key, value in header["metadata"].items())
    yield from _tensors(header["tensors"])


def _gguf(read: ReadRange, size: int) -> Iterator[tuple[str, str]]:
    header = reading.gguf_header(read, size)
    yield "parameters", f"{header['total']:,}"
    yield from ((str(key), _shown(value)) for key, value in header["metadata"].items())
    yield from _tensors(header["tensors"])


def _parquet(read: ReadRange, size: int) -> Iterator[tuple[str, str]]:
    footer = reading.parquet_footer(read, size)
    yield "rows", f"{footer['rows']:,}"
    yield "row groups", f"{footer['groups']:,}"
    yield from ((f"column {each['name']}", str(each["type"])) for each in footer["columns"])
    yield from ((f"metadata {key}", str(value)) for key, value in footer["metadata"].items())
    yield "made by", str(footer["made_by"])


def _tensors(tensors: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for each in tensors:
        shape = " × ".join(str(extent) for extent in each["shape"]) or "1"
        yield f"tensor {each['name']}", f"{each['dtype']} {shape}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
