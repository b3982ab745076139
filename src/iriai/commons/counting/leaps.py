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
    money: list[Line]
    further: int | None = field(default=None)

    def keep(self, line: Line, *, above: bool = False) -> None:
        """This stays 0 or more, or above 0: or the run is another one."""
        if line.slope >= 0:
            return
        reach = line.at / -line.slope
        units = math.ceil(reach) - 1 if above else math.floor(reach)
        self.further = units if self.further is None else min(self.further, units)

    def payment(self, cost: int, those: Sequence[int]) -> tuple[Line, Sequence[int]] | None:
        """What those pay who pay alike, and who they are; None where all together have too little.

        With more for everybody payments only fall and what is left only grows, so who is rich
        stays so, and what can be paid stays so.
        """
        open_, payers = Line(Fraction(cost)), sum(self.sizes[each] for each in those)
        order = sorted(those, key=lambda each: self.money[each].at)
        for place, each in enumerate(order):
            mine = self.money[each]
            if mine.at * payers >= open_.at:
                alike = open_ / payers
                for poor in order[:place]:
                    self.keep(alike - self.money[poor])
                return alike, order[place:]
            size = self.sizes[each]
            open_ -= Line(mine.at * size, mine.slope * size)
            payers -= size
        self.keep(open_, above=True)
        return None


def further(
    projects: Sequence[Priced], sizes: Mapping[frozenset[str], int], share: int
) -> int | None:
    """By how many units this share can grow while the same is bought; None is without end.

    `projects` cost more than 0. `sizes`: how many voters have each ballot.
    """
    ballots = list(sizes)
    run = _Run(
        [sizes[each] for each in ballots], [Line(Fraction(share), Fraction(1)) for _ in ballots]
    )
    supporters = {
        each.id: [at for at, ballot in enumerate(ballots) if each.id in ballot] for each in projects
    }
    votes = {key: sum(run.sizes[at] for at in those) for key, those in supporters.items()}
    waiting = {at: each for at, each in enumerate(projects) if votes[each.id]}
    while waiting:
        offers = {}
        for at, project in list(waiting.items()):
            offer = run.payment(project.cost, supporters[project.id])
            if offer is None:
                del waiting[at]  # money only falls from here on
            else:
                rank = (project.cost, -votes[project.id], at)
                offers[at] = (offer[0] / project.cost, rank, *offer)
        if not offers:
            break
        chosen = min(offers, key=lambda at: (offers[at][0].at, offers[at][1]))
        price, rank, due, rich = offers[chosen]
        for at, (other, others, _, _) in offers.items():
            if at != chosen:
                run.keep(other - price, above=others < rank)
        left = {each: run.money[each] - due for each in rich}
        for each in supporters[waiting.pop(chosen).id]:
            run.money[each] = left.get(each, Line(NOTHING))
    return run.further
