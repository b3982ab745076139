"""Read a Pabulib file (`.pb`): a budget, projects with costs, ballots of any of its kinds. Pure.

The format has three sections of semicolon-separated rows; <https://pabulib.org/format>. Amounts may
have decimals: then everything is counted in the smallest unit that any of them needs, and `unit`
says how many make one of the file's own currency. Equal Shares counts approvals; of a ballot that
ranks, or gives points, a project with a rank or with points above 0 is approved, and `warnings`
says so.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from iriai.base import numbers
from iriai.base.errors import Invalid
from iriai.commons.counting.equal_shares import Project

SECTIONS = ("META", "PROJECTS", "VOTES")
VOTE_TYPES = ("approval", "choose-1", "ordinal", "cumulative", "scoring")
DECIMALS_MAX = 18
EXPONENT_MAX = 15
AMOUNT = re.compile(r"(-?)\+?([0-9]*)(?:[.,]([0-9]*))?(?:[eE]\+?(-?[0-9]{1,2}))?")
CELL_LENGTH_MAX = 1 << 20
NAMED_MAX = 5
LINE = "\n"
"""Under what a row keeps its line: no column can be called so."""


@dataclass(frozen=True, slots=True)
class Round:
    """A budget round. `selected` is what the file says was bought, empty where it does not say."""

    meta: dict[str, str]
    projects: tuple[Project, ...]
    ballots: tuple[tuple[str, ...], ...]
    selected: frozenset[str]
    budget: int
    unit: int = 1
    warnings: tuple[str, ...] = ()

    def amount(self, cost: int) -> int | float:
        """A cost in the file's own currency, as people write it."""
        return cost // self.unit if cost % self.unit == 0 else cost / self.unit


@dataclass(frozen=True, slots=True)
class _Rows:
    meta: dict[str, str]
    projects: list[dict[str, str]]
    votes: list[dict[str, str]]
    columns: dict[str, list[str]]


def read(raw: bytes) -> Round:
    """The round, or `Invalid` with what is wrong."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("A Pabulib file is UTF-8 text.") from None
    rows = _rows(text)
    kind = rows.meta.get("vote_type", "approval").lower() or "approval"
    if kind not in VOTE_TYPES:
        raise Invalid(f"A round has one of the ballots {', '.join(VOTE_TYPES)}, not {kind!r}.")
    if not rows.projects:
        raise Invalid("The file names no project.")
    if "vote" not in rows.columns.get("VOTES", ()):
        raise Invalid("The file has no section VOTES with a column “vote”.")
    budget = _amount(rows.meta.get("budget", ""), "the budget", rows.meta)
    rows.meta.pop(LINE, None)
    costs: dict[str, Fraction] = {}
    for row in rows.projects:
        key = _named(row, "project_id", "project")
        if key in costs:
            raise Invalid(f"{_at(row)}project {key} is listed twice.")
        costs[key] = _amount(_named(row, "cost", f"project {key}"), f"the cost of {key}", row)
    unit = _unit(budget, *costs.values())
    ballots = tuple(_ballot(row, kind) for row in rows.votes)
    return Round(
        meta=rows.meta,
        projects=tuple(Project(key, int(cost * unit)) for key, cost in costs.items()),
        ballots=ballots,
        selected=frozenset(
            row["project_id"] for row in rows.projects if row.get("selected") == "1"
        ),
        budget=int(budget * unit),
        unit=unit,
        warnings=(
            *_warnings(rows.meta, kind, ballots, costs),
            *_voters_twice(row.get("voter_id", "") for row in rows.votes),
        ),
    )


def _rows(text: str) -> _Rows:
    """The rows by section. Where quotes do not match, they are read as letters."""
    try:
        found = _parsed(text, csv.QUOTE_MINIMAL)
        if not _swallowed(found):
            return found
    except csv.Error:
        pass
    try:
        return _parsed(text, csv.QUOTE_NONE)
    except csv.Error as error:
        raise Invalid(f"The file cannot be read as rows: {error}.") from None


def _parsed(text: str, quoting: int) -> _Rows:
    found = _Rows({}, [], [], {})
    for section, header, cells, line in _sections(text, quoting):
        found.columns.setdefault(section, header)
        if not cells:
            continue
        row = dict(zip(header, cells, strict=False)) | {LINE: str(line)}
        if section == "META":
            found.meta[row.get("key", "").lower()] = row.get("value", "")
            if row.get("key", "").lower() == "budget":
                found.meta[LINE] = str(line)
        else:
            (found.projects if section == "PROJECTS" else found.votes).append(row)
    return found


def _sections(text: str, quoting: int) -> Iterator[tuple[str, list[str], list[str], int]]:
    """Each row with its section, that section's columns and its line, counted from 1.

    A row of columns comes as one without cells.

    A row of one cell that begins with # is a comment, and so is any before the first section.
    """
    section = ""
    header: list[str] = []
    limit = csv.field_size_limit(CELL_LENGTH_MAX)
    try:
        lines = io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"), newline="")
        rows = csv.reader(lines, delimiter=";", quoting=quoting)  # type: ignore[arg-type]
        for cells in rows:
            row = [cell.strip() for cell in cells]
            alone = not any(row[1:])
            if not any(row) or (row[0].startswith("#") and (alone or not section)):
                continue
            if alone and row[0].upper() in SECTIONS:
                section, header = row[0].upper(), []
            elif not section:
                raise Invalid(f"Line {rows.line_num}: a Pabulib file begins with META.")
            elif header:
                yield section, header, row, rows.line_num
            else:
                header = [name.lower() for name in row]
                if section == "META" and header[:2] != ["key", "value"]:
                    header = ["key", "value"]
                    yield section, header, row, rows.line_num
                yield section, header, [], rows.line_num
    finally:
        csv.field_size_limit(limit)


def _swallowed(found: _Rows) -> bool:
    """Whether a quote that nothing closes made one cell of several lines."""
    return any(
        "\n" in cell for row in (found.meta, *found.projects, *found.votes) for cell in row.values()
    )


def _ballot(row: dict[str, str], kind: str) -> tuple[str, ...]:
    named = [key.strip() for key in row.get("vote", "").split(",")]
    if kind in ("cumulative", "scoring") and row.get("points"):
        points = row["points"].split(",")
        if len(points) != len(named):
            whose = row.get("voter_id", "")[:40]
            raise Invalid(
                f"{_at(row)}a ballot has points for each of its projects; that of {whose} has not."
            )
        given = zip(named, points, strict=True)
        named = [key for key, some in given if _signed(some, f"the points of {key}", row) > 0]
    return tuple(dict.fromkeys(key for key in named if key))


def _warnings(
    meta: dict[str, str],
    kind: str,
    ballots: tuple[tuple[str, ...], ...],
    costs: dict[str, Fraction],
) -> Iterator[str]:
    said = numbers.whole(meta.get("num_votes", ""))
    if said is not None and said != len(ballots):
        yield f"The file says {said} votes and has {len(ballots)}; those it has are counted."
    named = numbers.whole(meta.get("num_projects", ""))
    if named is not None and named != len(costs):
        yield f"The file says {named} projects and has {len(costs)}; those it has are counted."
    unknown = {key for ballot in ballots for key in ballot if key not in costs}
    if unknown:
        yield (
            f"Ballots name {len(unknown)} that are not listed; they count for nothing: "
            f"{_some(unknown)}."
        )
    if kind == "ordinal":
        yield "Ballots rank projects; every project that one ranks counts as approved."
    elif kind in ("cumulative", "scoring"):
        yield "Ballots give points; every project with points above 0 counts as approved."


def _voters_twice(voters: Iterable[str]) -> Iterator[str]:
    seen = Counter(each for each in voters if each)
    twice = [each for each, count in seen.items() if count > 1]
    if twice:
        yield f"{len(twice)} voters have several ballots; all are counted: {_some(twice)}."


def _some(names: Iterable[str]) -> str:
    return ", ".join(each[:40] for each in sorted(names)[:NAMED_MAX])


def _unit(*amounts: Fraction) -> int:
    """The least power of ten that makes whole numbers of all of them."""
    unit = 1
    while any((each * unit).denominator > 1 for each in amounts):
        unit *= 10
    return unit


def _named(row: dict[str, str], column: str, what: str) -> str:
    if not row.get(column):
        raise Invalid(f"{_at(row)}a row has no {column} ({what}).")
    return row[column]


def _at(row: Mapping[str, str]) -> str:
    """Where a row stands in the file, to begin a sentence with."""
    return f"Line {row[LINE]}: " if LINE in row else ""


def _amount(text: str, what: str, row: Mapping[str, str]) -> Fraction:
    amount = _signed(text, what, row)
    if amount < 0:
        raise Invalid(f"{_at(row)}{what} is below 0: {text!r}.")
    return amount


def _signed(text: str, what: str, row: Mapping[str, str]) -> Fraction:
    """A decimal number, exactly: 1000, 1000.50, 1000,50 or 1e3."""
    said = AMOUNT.fullmatch(text.strip().replace(" ", "").replace("\u00a0", ""))
    sign, whole, decimals, exponent = said.groups() if said else ("", "", "", "")
    decimals = (decimals or "").rstrip("0")
    power = int(exponent or 0)
    too_long = len(whole.lstrip("0")) > numbers.DIGITS_MAX or len(decimals) > DECIMALS_MAX
    if said is None or not whole + (said[3] or "") or too_long or abs(power) > EXPONENT_MAX:
        raise Invalid(f"{_at(row)}{what} is not a number: {text[:40]!r}.")
    return Fraction(f"{sign}{whole or 0}.{decimals or 0}") * Fraction(10) ** power
