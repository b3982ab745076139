"""How far everybody's share can grow before Equal Shares does anything otherwise. Pure and exact.

Adding one unit to a share, again and again, takes long where a voter's share is millions of units.
But while the method makes the same choices, all that it works with (money, payments, prices) is a
straight line over the share, so each choice says itself up to which share it stays the same: a
supporter who pays all they have until they could pay their part, a project that nobody can pay
until they can, the cheapest project until another is cheaper. The least of these is how far one can
leap. A line is its value at the share and its slope.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

NOTHING = Fraction(0)


class Priced(Protocol):
    """Something with a cost, as `equal_shares.Project` is."""

    @property
    def id(self) -> str:
        """Its name on ballots."""

    @property
    def cost(self) -> int:
        """What it costs."""


@dataclass(frozen=True, slots=True)
class Line:
    """A value that is `at` now, and `slope` more for each unit of the share."""

    at: Fraction
    slope: Fraction = NOTHING

    def __sub__(self, other: "Line") -> "Line":
        return Line(self.at - other.at, self.slope - other.slope)

    def __truediv__(self, by: int) -> "Line":
        return Line(self.at / by, self.slope / by)


@dataclass(slots=True)
class _Run:
    """One run of the method at a share, and how many units further it is the same."""

    sizes: Sequence[int]
    costs: Sequence[int]
    supporters: Sequence[Sequence[int]]
    money: list[Line]
    lows: dict[int, Line] = field(default_factory=dict)
    """Of each project that is not bought, a price that it has at least."""
    further: int | None = None

    def is_nearer(self, line: Line, *, above: bool = False) -> bool:
        """Whether this line falls below 0, or to it, before anything that was kept so far."""
        reach = _reach(line, above=above)
        return reach is not None and (self.further is None or reach < self.further)

    def keep(self, line: Line, *, above: bool = False) -> None:
        """This stays 0 or more, or above 0: or the run is another one."""
        if self.is_nearer(line, above=above):
            self.further = _reach(line, above=above)

    def offer(self, project: int) -> tuple[Line, Sequence[int]] | None:
        """What those pay for it who pay alike, and who they are; None where nobody ever can.

        With more for everybody payments only fall and what is left only grows, so who is rich
        stays so, and what can be paid stays so.
        """
        those = self.supporters[project]
        open_, payers = Line(Fraction(self.costs[project])), sum(self.sizes[at] for at in those)
        order = sorted(those, key=lambda each: self.money[each].at)
        for place, each in enumerate(order):
            mine = self.money[each]
            if mine.at * payers >= open_.at:
                alike = open_ / payers
                for poor in order[:place]:
                    self.keep(alike - self.money[poor])
                self.lows[project] = alike / self.costs[project]
                return alike, order[place:]
            size = self.sizes[each]
            open_ -= Line(mine.at * size, mine.slope * size)
            payers -= size
        self.keep(open_, above=True)
        del self.lows[project]  # money only falls from here on
        return None

    def offers(self) -> dict[int, tuple[Line, Sequence[int]]]:
        """What those would pay that could be the cheapest."""
        found: dict[int, tuple[Line, Sequence[int]]] = {}
        least: Fraction | None = None
        for at in sorted(self.lows, key=lambda each: self.lows[each].at):
            if least is not None and self.lows[at].at > least:
                break  # a price only ever rises, so nothing later can be lower
            if (offer := self.offer(at)) is not None:
                found[at] = offer
                least = self.lows[at].at if least is None else min(least, self.lows[at].at)
        return found


def further(
    projects: Sequence[Priced], sizes: Mapping[frozenset[str], int], share: int
) -> int | None:
    """By how many units this share can grow while the same is bought; None is without end.

    `projects` cost more than 0. `sizes`: how many voters have each ballot.
    """
    ballots = list(sizes)
    counts = [sizes[each] for each in ballots]
    supporters = [
        [at for at, ballot in enumerate(ballots) if each.id in ballot] for each in projects
    ]
    money = [Line(Fraction(share), Fraction(1)) for _ in ballots]
    run = _Run(counts, [each.cost for each in projects], supporters, money)
    votes = [sum(counts[at] for at in those) for those in supporters]
    run.lows = {at: Line(Fraction(1, count)) for at, count in enumerate(votes) if count}
    ranks = [(run.costs[at], -count, at) for at, count in enumerate(votes)]
    while offers := run.offers():
        chosen = min(offers, key=lambda each: (run.lows[each].at, ranks[each]))
        price = run.lows.pop(chosen)
        for at in list(run.lows):
            above = ranks[at] < ranks[chosen]
            nearer = run.is_nearer(run.lows[at] - price, above=above)
            if nearer and (at in offers or run.offer(at) is not None):
                run.keep(run.lows[at] - price, above=above)
        due, rich = offers[chosen]
        left = {each: run.money[each] - due for each in rich}
        for each in supporters[chosen]:
            run.money[each] = left.get(each, Line(NOTHING))
    return run.further


def _reach(line: Line, *, above: bool) -> int | None:
    """For how many units a line stays 0 or more, or above 0; None is for ever."""
    if line.slope >= 0:
        return None
    reach = line.at / -line.slope
    return math.ceil(reach) - 1 if above else math.floor(reach)
