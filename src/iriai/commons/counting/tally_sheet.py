"""Read a Debian tally sheet: the options, and one `V: 1-24 RECEIPT` line for each ballot. Pure.

Sheets of all years are read. After the marks there may be a receipt (a hash), the voter's login and
name, or nothing. A mark is a digit, a letter for the ranks above nine (A is ten), or `-` for
unranked; marks may also stand apart, as numbers. A sheet that PrefLib has converted is read too,
but tied ranks were broken in the order of the options there, so it comes with a warning.

The default option is the one that is called so ("None of the above", "Further discussion"), or the
last where none is or several are. Nothing that looks like an option or a ballot is passed over in
silence: it is read, or refused with its line, or `warnings` names it.
"""

import re
from dataclasses import dataclass

from iriai.base.errors import Invalid
from iriai.commons.counting.condorcet import Ballot

OPTION = re.compile(
    r"^[\s/|]*(?:Option|Choice)\s+([0-9]{1,3}|[A-Z])\s*-*>?\s*:\s*(.*?)\s*$", re.IGNORECASE
)
VOTE = re.compile(r"^\s*V\s*:\s*(.*?)\s*$", re.IGNORECASE)
LINES = re.compile(r"\r\n|\r|\n")
DEFAULTS = frozenset({"noneoftheabove", "furtherdiscussion", "nota", "fd", "noneofthese"})
"""What the default option is called, in letters alone."""

LETTERED = re.compile(r"^(?:choice|option)\s+\w+\s*:", re.IGNORECASE)
LINES_NAMED_MAX = 5
MARKS = re.compile(r"^[0-9A-Za-z-]+$")
NUMBER = re.compile(r"^(?:[0-9]{1,2}|-)$")
OPTIONS_MAX = 35
RANKS = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PREFLIB = "# FILE NAME"
PREFLIB_OPTION = re.compile(r"^# ALTERNATIVE NAME (\d+):\s*(.+?)\s*$")
PREFLIB_VOTE = re.compile(r"^([0-9]{1,9}):\s*([0-9,{}\s]*)$")
PREFLIB_DIGITS_MAX = 4
PREFLIB_COUNT_MAX = 1_000_000
NO_BALLOTS = (
    "This sheet has options and no ballots: a ballot is a line that begins with V: and its marks."
)
PREFLIB_WARNING = (
    "This is a file of PrefLib's. In its copies of Debian's elections tied ranks were broken in "
    "the order of the options, which elects the wrong leader in 2003 and 2006: count the tally "
    "sheet that Debian published instead."
)


@dataclass(frozen=True, slots=True)
class TallySheet:
    """Ballots as published."""

    options: tuple[str, ...]
    ballots: tuple[Ballot, ...]
    warnings: tuple[str, ...] = ()

    @property
    def default(self) -> int:
        """The place of the default option, counted from 0."""
        called = [place for place, text in enumerate(self.options) if _is_default(text)]
        return called[0] if len(called) == 1 else len(self.options) - 1


def read(raw: bytes) -> TallySheet:
    """The sheet, or `Invalid` with the number of the line that is wrong. Older ones are Latin-1."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if text.startswith(PREFLIB):
        return _preflib(text)
    options: list[str] = []
    ballots: list[Ballot] = []
    strange: list[str] = []
    for number, line in enumerate(LINES.split(text), 1):
        if named := OPTION.match(line):
            if ballots or len(options) + 1 not in _places(named[1]):
                raise Invalid(f"Line {number}: option {len(options) + 1} was expected.")
            options.append(_option(named[2], options, number))
        elif (vote := VOTE.match(line)) and not vote[1].startswith("vote"):  # that explains itself
            ballots.append(_ballot(vote[1], len(options), number))
        elif ballots and line.strip(" \t-=\0\f"):
            strange.append(str(number))
    _require_options(options)
    warnings = _passed_over(strange) if ballots else (NO_BALLOTS,)
    return TallySheet(tuple(options), tuple(ballots), warnings)


def _is_default(option: str) -> bool:
    words = LETTERED.sub("", option)
    return "".join(each for each in words if each.isalpha()).casefold() in DEFAULTS


def _option(text: str, before: list[str], number: int) -> str:
    """What an option is called; each has a name of its own, or nobody could tell who has won."""
    if not text:
        raise Invalid(f"Line {number}: this option has no text.")
    if text in before:
        raise Invalid(f"Line {number}: there is an option {text!r} already.")
    return text


def _passed_over(lines: list[str]) -> tuple[str, ...]:
    if not lines:
        return ()
    some = ", ".join(lines[:LINES_NAMED_MAX]) + (", …" if len(lines) > LINES_NAMED_MAX else "")
    return (f"{len(lines)} lines among the ballots are none and were passed over: {some}.",)


def _places(mark: str) -> tuple[int, ...]:
    """Where an option so called stands; letters count from the first, or on from the ninth."""
    if mark.isdecimal():
        return (int(mark),)
    letter = ord(mark.upper()) - ord("A") + 1
    return (letter, letter + 9)


def _require_options(options: list[str]) -> None:
    if len(options) < 2 or len(options) > OPTIONS_MAX:  # noqa: PLR2004 - a choice is between two
        raise Invalid(f"A tally sheet names 2 to {OPTIONS_MAX} options; here are {len(options)}.")


def _ballot(rest: str, options: int, number: int) -> Ballot:
    """The ranks of one line: marks in one word, or each as a word of its own."""
    words = rest.split()
    if not words:
        raise Invalid(f"Line {number}: this ballot has no marks.")
    apart = [word.rstrip(",") for word in words[:options]]
    together = len(words[0]) == options and MARKS.match(words[0])
    marks: list[str]
    if options > 1 and not together and len(apart) == options and all(map(NUMBER.match, apart)):
        marks = apart
    elif len(words[0]) != options:
        raise Invalid(f"Line {number}: {len(words[0])} marks for {options} options.")
    elif not together:
        raise Invalid(f"Line {number}: a mark is a digit, a letter for more than nine, or -.")
    else:
        marks = [_rank_of(mark, number) for mark in words[0].upper()]
    ranks = [None if mark == "-" else int(mark) for mark in marks]
    if any(rank == 0 for rank in ranks):
        raise Invalid(f"Line {number}: a rank is 1 or more, or - for none.")
    return ranks


def _rank_of(mark: str, number: int) -> str:
    if mark == "-":
        return mark
    if mark not in RANKS:
        raise Invalid(f"Line {number}: {mark!r} is not a rank.")
    return str(RANKS.index(mark) + 1)


def _preflib(text: str) -> TallySheet:
    """A `.soc`, `.toc`, `.soi` or `.toi` file: how many voters have which order of the options."""
    options: list[str] = []
    orders: list[tuple[int, int, str]] = []
    for number, line in enumerate(LINES.split(text), 1):
        if named := PREFLIB_OPTION.match(line):
            options.append(named[2])
        elif vote := PREFLIB_VOTE.match(line):
            orders.append((number, int(vote[1]), vote[2]))
        elif line.strip() and not line.startswith("#"):
            raise Invalid(f"Line {number}: this is no order of the options.")
    _require_options(options)
    if sum(count for _, count, _ in orders) > PREFLIB_COUNT_MAX:
        raise Invalid(f"A file has at most {PREFLIB_COUNT_MAX:,} ballots.")
    ballots: list[Ballot] = []
    for number, count, order in orders:
        ballots += [_order(order, len(options), number)] * count
    return TallySheet(tuple(options), tuple(ballots), (PREFLIB_WARNING,))


def _order(order: str, options: int, number: int) -> Ballot:
    ranks: list[int | None] = [None] * options
    for rank, level in enumerate(re.findall(r"\{[^}]*\}|[0-9]+", order), 1):
        for each in re.findall(r"[0-9]+", level):
            if len(each) > PREFLIB_DIGITS_MAX or not 1 <= int(each) <= options:
                raise Invalid(f"Line {number}: there is no option {each[:20]}.")
            if ranks[int(each) - 1] is not None:
                raise Invalid(f"Line {number}: option {each} stands in this order twice.")
            ranks[int(each) - 1] = rank
    return ranks
