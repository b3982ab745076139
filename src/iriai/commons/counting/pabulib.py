"""Read a Pabulib file (`.pb`): a budget, projects with costs, approval ballots. Pure.

The format has three sections of semicolon-separated rows; <https://pabulib.org/format>.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from iriai.base.errors import Invalid
from iriai.commons.counting.equal_shares import Project

SECTIONS = ("META", "PROJECTS", "VOTES")


@dataclass(frozen=True, slots=True)
class Round:
    """A budget round. `selected` is what the file says was bought, empty where it does not say."""

    meta: dict[str, str]
    projects: tuple[Project, ...]
    ballots: tuple[tuple[str, ...], ...]
    selected: frozenset[str]

    @property
    def budget(self) -> int:
        """The whole budget, in whole units."""
        return _whole(self.meta.get("budget", ""), "the budget")


def read(raw: bytes) -> Round:
    """The round, or `Invalid` with what is wrong."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("A Pabulib file is UTF-8 text.") from None
    meta: dict[str, str] = {}
    projects: list[Project] = []
    ballots: list[tuple[str, ...]] = []
    selected: set[str] = set()
    for section, row in _rows(text.splitlines()):
        if section == "META":
            meta[row.get("key", "")] = row.get("value", "")
        elif section == "PROJECTS":
            key = _named(row, "project_id")
            projects.append(Project(key, _whole(_named(row, "cost"), f"the cost of {key}")))
            if row.get("selected") == "1":
                selected.add(key)
        else:
            ballots.append(tuple(key for key in _named(row, "vote").split(",") if key))
    if meta.get("vote_type", "approval") not in ("approval", "choose-1"):
        raise Invalid(f"Only approval ballots are counted here, not {meta['vote_type']!r}.")
    if not projects:
        raise Invalid("The file names no project.")
    return Round(meta, tuple(projects), tuple(ballots), frozenset(selected))


def _rows(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    section = ""
    header: list[str] = []
    for row in csv.reader(lines, delimiter=";"):
        if len(row) == 1 and row[0].strip() in SECTIONS:
            section, header = row[0].strip(), []
        elif not section and row:
            raise Invalid("A Pabulib file begins with META.")
        elif not header:
            header = [name.strip() for name in row]
        elif row:
            yield section, dict(zip(header, (cell.strip() for cell in row), strict=False))


def _named(row: dict[str, str], column: str) -> str:
    if column not in row:
        raise Invalid(f"A row has no {column}.")
    return row[column]


def _whole(text: str, what: str) -> int:
    number, _, fraction = text.strip().partition(".")
    if not number.isdigit() or fraction.strip("0"):
        raise Invalid(f"{what.capitalize()} is not a whole number: {text!r}.")
    return int(number)
