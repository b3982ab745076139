"""Read a Debian tally sheet: the options, and one `V: 1-24 RECEIPT` line for each ballot. Pure."""

import re
from dataclasses import dataclass

from iriai.base.errors import Invalid
from iriai.commons.counting.condorcet import Ballot

OPTION = re.compile(r"^[\s/|]*Option\s+(\d+)\s*-*>?\s*:\s*(.+?)\s*$")
VOTE = re.compile(r"^V:\s+(\S+)(?:\s+(\S+))?\s*$")
OPTIONS_MAX = 35
RANKS = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class TallySheet:
    """Ballots as published. The last option is the default."""

    options: tuple[str, ...]
    ballots: tuple[Ballot, ...]


def read(raw: bytes) -> TallySheet:
    """The sheet, or `Invalid` with the number of the line that is wrong. Older ones are Latin-1."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    options: list[str] = []
    ballots: list[Ballot] = []
    for number, line in enumerate(text.splitlines(), 1):
        if named := OPTION.match(line):
            if int(named[1]) != len(options) + 1:
                raise Invalid(f"Line {number}: option {len(options) + 1} was expected.")
            options.append(named[2])
        elif vote := VOTE.match(line):
            if vote[1] == "vote":
                continue  # the sheet's own explanation of its format
            ballots.append(_ballot(vote[1], len(options), number))
    if len(options) < 2 or len(options) > OPTIONS_MAX:  # noqa: PLR2004 - a choice is between two
        raise Invalid(f"A tally sheet names 2 to {OPTIONS_MAX} options; here are {len(options)}.")
    return TallySheet(tuple(options), tuple(ballots))


def _ballot(marks: str, options: int, number: int) -> Ballot:
    if len(marks) != options:
        raise Invalid(f"Line {number}: {len(marks)} marks for {options} options.")
    ranks: list[int | None] = []
    for mark in marks.upper():
        if mark == "-":
            ranks.append(None)
        elif mark in RANKS:
            ranks.append(RANKS.index(mark) + 1)
        else:
            raise Invalid(f"Line {number}: {mark!r} is not a rank.")
    return ranks
