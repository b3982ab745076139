"""Read published beat matrices: how many voters prefer each option to each other. Pure.

JSON: `{"options": […], "matrix": [[…]]}`, or several of them under `"elections"` by name. The last
option is the default unless `"default"` gives another one's place, counted from 0, or null.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iriai.base.errors import Invalid
from iriai.commons.counting.tally_sheet import OPTIONS_MAX


@dataclass(frozen=True, slots=True)
class Matrix:
    """One election, counted by pairs."""

    options: tuple[str, ...]
    preferred: tuple[tuple[int, ...], ...]
    default: int | None


def read(raw: bytes, election: str | None = None) -> Matrix:
    """The matrix in a file; of several, the one of this name."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise Invalid("The file is no JSON.") from None
    several = found.get("elections") if isinstance(found, dict) else None
    if isinstance(several, dict) and several:
        if election is None and len(several) == 1:
            election = next(iter(several))
        if election not in several:
            raise Invalid(f"Say which with --election; there are {', '.join(sorted(several))}.")
        found = several[election]
    return _matrix(found)


def _matrix(found: Any) -> Matrix:
    if not isinstance(found, Mapping) or not isinstance(found.get("options"), list):
        raise Invalid('A matrix needs "options" and "matrix".')
    options, rows = list(map(str, found["options"])), found.get("matrix")
    if not 2 <= len(options) <= OPTIONS_MAX:  # noqa: PLR2004 - a choice is between two
        raise Invalid(f"There are 2 to {OPTIONS_MAX} options; here are {len(options)}.")
    if len(set(options)) < len(options):
        raise Invalid("Two options of this matrix have the same name.")
    if (
        not isinstance(rows, list)
        or len(rows) != len(options)
        or not all(_is_row(row, len(options)) for row in rows)
    ):
        raise Invalid("A matrix has a row of whole numbers for each option, as long as the list.")
    default = found.get("default", len(options) - 1)
    if default is not None and not (_is_count(default) and default < len(options)):
        raise Invalid("The default is the place of an option, counted from 0.")
    return Matrix(tuple(options), tuple(map(tuple, rows)), default)


def _is_row(row: Any, length: int) -> bool:
    return isinstance(row, list) and len(row) == length and all(map(_is_count, row))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
