"""The ballots of one vote as iriai publishes them, and their count: JSON in, JSON out. Pure.

A *sheet* holds all that a count needs and nothing else: the options, how many electors there were,
the rule, and the ballots. So whoever has the file counts again without a hub. There are three
methods: `debian-a5` ranks options, one of which is the default; `equal-shares-seats` fills several
seats and `equal-shares-budget` spends a budget, both from approvals (1 or 0 for each option).

The quorum is bounded for small groups: never above the number of electors, and at least two votes
where there are two electors.
"""

import json
import math
import re
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from iriai.base.errors import Invalid
from iriai.commons.counting import committees, condorcet, equal_shares

FORMAT = "iriai-ballots"
VERSIONS = (1, 2)
"""Of the first, what a round leaves stays unspent; of the second it buys what is affordable."""
A5, SEATS, BUDGET = "debian-a5", "equal-shares-seats", "equal-shares-budget"
METHODS = (A5, SEATS, BUDGET)
OPTIONS_MAX = 500
BALLOTS_MAX = 1_000_000
ELECTORS_MAX = 10_000_000_000
VOTES_MAX = 1_000
QUORUM_MIN = 2
FACTOR = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,30}|/[1-9][0-9]{0,29})?")
STEPS = 1_000
"""Of a large budget, what Equal Shares leaves is added in so many steps to everybody's share."""


@dataclass(frozen=True, slots=True)
class SmallQuorum(condorcet.Quorum):
    """The quorum as every group can reach it: two at least, never more than all; 0 is none."""

    def is_met_by(self, votes: int) -> bool:
        """Whether `votes` are not fewer than the quorum."""
        if votes >= self.electors or self.factor == 0:
            return True
        return votes >= QUORUM_MIN and condorcet.Quorum.is_met_by(self, votes)

    @property
    def figure(self) -> float:
        """The quorum as people print it; never used to decide."""
        least = float(min(QUORUM_MIN, self.electors)) if self.factor else 0.0
        plain = float(self.factor) * math.sqrt(self.electors)
        return min(max(plain, least), float(self.electors))

    @property
    def votes(self) -> int:
        """How many votes meet it: the smallest number that does."""
        return bisect_left(range(self.electors + 1), True, key=self.is_met_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Something that can be chosen. `ratio`: how many to one it needs over the default."""

    text: str
    ratio: int = 1
    default: bool = False
    key: str | None = None
    cost: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """A ballot: whose (`voter`) or under which receipt, with how many votes, and its marks."""

    marks: tuple[int | None, ...]
    votes: int = 1
    voter: str | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One vote, whole. `about` says which; it does not count."""

    method: str
    options: tuple[Option, ...]
    electors: int | None
    factor: Fraction
    ballots: tuple[Cast, ...]
    seats: int | None = None
    budget: int | None = None
    about: Mapping[str, Any] | None = None
    version: int = VERSIONS[-1]

    @property
    def turnout(self) -> int:
        """How many votes were cast."""
        return sum(each.votes for each in self.ballots)

    @property
    def quorum(self) -> SmallQuorum | None:
        """What an option, or for several seats the turnout, must reach."""
        return None if self.electors is None else SmallQuorum(self.electors, self.factor)


def as_json(sheet: Sheet) -> dict[str, Any]:
    """The sheet as it is published; `read` gives it back."""
    return {
        "format": FORMAT,
        "version": sheet.version,
        "about": dict(sheet.about or {}),
        "method": sheet.method,
        "electors": sheet.electors,
        "quorum_factor": str(sheet.factor),
        "seats": sheet.seats,
        "budget": sheet.budget,
        "options": [_without_nothing(_option_json(each)) for each in sheet.options],
        "ballots": [_without_nothing(_ballot_json(each)) for each in sheet.ballots],
    }


def read(raw: bytes) -> Sheet:
    """The sheet in a published file, or `Invalid` with what is wrong."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise Invalid("This file of ballots is no JSON.") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise Invalid(f'A file of ballots says "format": "{FORMAT}".')
    if found.get("version") not in VERSIONS or found.get("method") not in METHODS:
        raise Invalid("This file of ballots is of a kind that this version cannot count.")
    try:
        return _sheet(found)
    except KeyError as error:
        raise Invalid(f"The file of ballots is damaged: {error} is missing.") from None
    except (AttributeError, TypeError, ValueError, ArithmeticError) as error:
        raise Invalid(f"The file of ballots is damaged: {error}.") from None


def count(sheet: Sheet) -> dict[str, Any]:
    """The outcome and its whole working. `verdict`: passed, kept, tie or no_quorum."""
    head = {"method": sheet.method, "ballots": len(sheet.ballots), "turnout": sheet.turnout}
    counted = {A5: _a5, SEATS: _seats, BUDGET: _budget}[sheet.method](sheet)
    return head | {"quorum": _quorum(sheet)} | counted


def _a5(sheet: Sheet) -> dict[str, Any]:
    names = [each.text for each in sheet.options]
    default = next(place for place, each in enumerate(sheet.options) if each.default)
    ballots = [each.marks for each in sheet.ballots for _ in range(each.votes)]
    found = condorcet.count(
        condorcet.matrix(ballots, len(names)),
        default=default,
        ratios={place: Fraction(each.ratio) for place, each in enumerate(sheet.options)},
        quorum=sheet.quorum,
    )
    if found.is_tie:
        verdict = "tie"
    elif found.winner != default:
        verdict = "passed"
    else:
        verdict = "kept" if _turned_out(sheet) else "no_quorum"
    return {
        "verdict": verdict,
        "winner": None if found.winner is None else names[found.winner],
        "chosen": [] if found.winner is None else [found.winner],
        "leaders": list(found.leaders),
        "tied": [names[each] for each in found.leaders] if found.is_tie else [],
        "dropped": [
            {"option": names[each.option], "reason": each.reason} for each in found.dropped
        ],
        "beats": [_defeat(names, each) for each in found.defeats],
        "struck": [[_defeat(names, each) for each in those] for those in found.struck],
        "matrix": [list(row) for row in found.matrix],
    }


def _seats(sheet: Sheet) -> dict[str, Any]:
    names = [each.text for each in sheet.options]
    ballots = [
        [place for place, mark in enumerate(each.marks) if mark]
        for each in sheet.ballots
        for _ in range(each.votes)
    ]
    approvals = [sum(place in ballot for ballot in ballots) for place in range(len(names))]
    chosen: list[int] = []
    tied: set[int] = set()
    if _turned_out(sheet) and any(approvals):
        wanted = min(sheet.seats or 1, sum(1 for each in approvals if each))
        given = committees.profile(ballots, len(names), wanted)
        found, ties = committees.equal_shares_first(given)
        chosen = [each for each in found if approvals[each]]
        tied = {
            each
            for those in ties
            if any(approvals[other] and other not in found for other in those)
            for each in those
            if approvals[each]
        }
    return _several(sheet, chosen, approvals, tied)


def _budget(sheet: Sheet) -> dict[str, Any]:
    ids = [str(place) for place in range(len(sheet.options))]
    ballots = [
        [ids[place] for place, mark in enumerate(each.marks) if mark]
        for each in sheet.ballots
        for _ in range(each.votes)
    ]
    approvals = [sum(each in ballot for ballot in ballots) for each in ids]
    projects = [
        equal_shares.Project(name, 1 if each.cost is None else each.cost)
        for name, each in zip(ids, sheet.options, strict=True)
    ]
    if not _turned_out(sheet):
        return _several(sheet, [], approvals) | {"cost": 0, "purchases": []}
    budget = sheet.budget or 0
    step = max(1, budget // (len(ballots) * STEPS))
    bought = equal_shares.count(projects, ballots, budget, step=step)
    is_filled = sheet.version > 1
    full = equal_shares.filled(bought, projects, ballots, budget) if is_filled else bought
    chosen = sorted(int(each) for each in full.selected)
    tied = {
        int(each)
        for one in bought.purchases
        if any(int(other) not in chosen for other in one.tied)
        for each in (one.project, *one.tied)
    }
    return _several(sheet, chosen, approvals, tied) | {
        "cost": full.cost,
        "share": str(bought.share),
        "purchases": [
            {
                "option": sheet.options[int(each.project)].text,
                "cost": projects[int(each.project)].cost,
                "payers": each.payers,
                "price": str(each.price) if place < len(bought.purchases) else None,
            }
            for place, each in enumerate(full.purchases)
        ],
    }


def _several(
    sheet: Sheet, chosen: Sequence[int], approvals: Sequence[int], tied: Collection[int] = ()
) -> dict[str, Any]:
    """`tied`: who could as well have been chosen, with those chosen in their stead."""
    turned_out = _turned_out(sheet)
    return {
        "verdict": "passed" if chosen else ("kept" if turned_out else "no_quorum"),
        "winners": [sheet.options[each].text for each in chosen],
        "selected": [sheet.options[each].key or sheet.options[each].text for each in chosen],
        "chosen": list(chosen),
        "tied": [sheet.options[each].text for each in sorted(tied)],
        "approvals": [
            {"option": each.text, "votes": votes}
            for each, votes in zip(sheet.options, approvals, strict=True)
        ],
    }


def _turned_out(sheet: Sheet) -> bool:
    return sheet.turnout > 0 and (sheet.quorum is None or sheet.quorum.is_met_by(sheet.turnout))


def _quorum(sheet: Sheet) -> dict[str, Any]:
    if sheet.quorum is None:
        return {"applied": False, "why": "the number of electors is not given"}
    return {
        "applied": True,
        "electors": sheet.electors,
        "factor": str(sheet.factor),
        "figure": round(sheet.quorum.figure, 4),
        "votes": sheet.quorum.votes,
    }


def _defeat(names: Sequence[str], found: condorcet.Defeat) -> dict[str, Any]:
    return {
        "winner": names[found.winner],
        "loser": names[found.loser],
        "votes": found.votes,
        "against": found.against,
    }


def _option_json(option: Option) -> dict[str, Any]:
    return {
        "text": option.text,
        "ratio": option.ratio,
        "default": option.default or None,
        "key": option.key,
        "cost": option.cost,
    }


def _ballot_json(ballot: Cast) -> dict[str, Any]:
    return {
        "voter": ballot.voter,
        "receipt": ballot.receipt,
        "votes": ballot.votes,
        "marks": list(ballot.marks),
    }


def _without_nothing(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None}


def _sheet(found: Mapping[str, Any]) -> Sheet:
    method = str(found["method"])
    options = tuple(
        Option(
            text=str(each["text"]),
            ratio=_whole(each.get("ratio", 1), "A ratio", least=1),
            default=each.get("default") is True,
            key=None if each.get("key") is None else str(each["key"]),
            cost=_whole_or_none(each.get("cost"), "A cost"),
        )
        for each in found["options"]
    )
    if not 1 <= len(options) <= OPTIONS_MAX or len(found["ballots"]) > BALLOTS_MAX:
        raise Invalid("There are too few options in this file, or too much of something.")
    if method == A5 and sum(each.default for each in options) != 1:
        raise Invalid("Exactly one option is the default.")
    if len({(each.text, each.key) for each in options}) < len(options):
        raise Invalid("Two options are the same; nobody could tell which was chosen.")
    ballots = tuple(
        _cast(each, len(options), number, ranked=method == A5)
        for number, each in enumerate(found["ballots"], 1)
    )
    _require_once(ballots)
    if sum(each.votes for each in ballots) > BALLOTS_MAX:
        raise Invalid(f"A vote has at most {BALLOTS_MAX:,} votes.")
    electors = _whole_or_none(found.get("electors"), "The number of electors")
    if electors is not None and electors > ELECTORS_MAX:
        raise Invalid(f"A vote has at most {ELECTORS_MAX:,} electors, and not fewer than none.")
    if electors is not None and sum(each.votes for each in ballots) > electors:
        raise Invalid("There are more votes in this file than those who could vote have.")
    about = found.get("about")
    return Sheet(
        version=found["version"],
        method=method,
        options=options,
        electors=electors,
        factor=_factor(found.get("quorum_factor", "3/2")),
        ballots=ballots,
        seats=_whole_or_none(found.get("seats"), "The number of seats", least=1),
        budget=_whole_or_none(found.get("budget"), "The budget"),
        about=about if isinstance(about, dict) else None,
    )


def _require_once(ballots: Sequence[Cast]) -> None:
    """Each voter, and each receipt, has one ballot."""
    seen: dict[tuple[str, str], int] = {}
    for number, each in enumerate(ballots, 1):
        for what, name in (("voter", each.voter), ("receipt", each.receipt)):
            if name is not None and (first := seen.setdefault((what, str(name)), number)) != number:
                raise Invalid(
                    f"Ballots {first} and {number} are of the same {what} {str(name)[:40]!r}; "
                    "each has one."
                )


def _cast(found: Mapping[str, Any], options: int, number: int, *, ranked: bool) -> Cast:
    said = f"Ballot {number}: a mark"
    marks = tuple(_whole_or_none(mark, said, least=int(ranked)) for mark in found["marks"])
    votes = _whole(found.get("votes", 1), f"Ballot {number}: how many votes it has", least=1)
    if len(marks) != options or votes > VOTES_MAX:
        raise Invalid(f"Ballot {number} has one mark for each option, and 1 to {VOTES_MAX} votes.")
    if not ranked and any(mark not in (0, 1, None) for mark in marks):
        raise Invalid(f"Ballot {number} is of approvals: 1 or 0 for each option.")
    return Cast(marks=marks, votes=votes, voter=found.get("voter"), receipt=found.get("receipt"))


def _whole(value: Any, what: str, *, least: int = 0) -> int:
    """A whole number of the file, as it stands: neither a text nor a fraction is made one."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise Invalid(f"{what} is a whole number from {least}, not {repr(value)[:40]}.")
    return value


def _whole_or_none(value: Any, what: str, *, least: int = 0) -> int | None:
    return None if value is None else _whole(value, what, least=least)


def _factor(value: Any) -> Fraction:
    """The factor of the quorum: such as 3/2, 1.5 or 0."""
    text = str(value)
    if not FACTOR.fullmatch(text):
        raise Invalid(f"A quorum's factor is a number such as 3/2, not {text[:40]}.")
    return Fraction(text)
