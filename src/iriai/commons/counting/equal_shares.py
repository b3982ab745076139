"""The counter for choosing many within a budget: the Method of Equal Shares. Pure and exact.

Every voter gets an equal share of the budget. A project is paid for by those who approve it; what
it gives each of them is worth its cost. Again and again the project with the smallest largest
payment per unit of cost is bought, each supporter paying the same or all that they have left.

What is left over is spent by *add one*: the method is run again with one more unit for every
voter, and again, as long as the outcome fits the real budget; the last one that does stands. (Not
to stop early, when nothing more would fit, is what gives Wieliczka's official result of 2023.)

Shares are whole numbers over one common denominator, so nothing is ever rounded. Voters with the
same ballot always have the same money left and are counted together. Ties go to the cheaper
project, then to the one with more votes, then to the one listed first.
Source: Peters, Pierczynski and Skowron, "Proportional Participatory Budgeting with Additive
Utilities", NeurIPS 2021; add one as described at <https://equalshares.net>.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Project:
    """Something that costs `cost` units of the budget, a whole number above 0."""

    id: str
    cost: int


@dataclass(frozen=True, slots=True)
class Purchase:
    """A project bought in one round: at most `price` for each unit of its cost, by `payers`."""

    project: str
    price: Fraction
    payers: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is bought, in order, and the share per voter with which it was found."""

    purchases: tuple[Purchase, ...]
    cost: int
    share: Fraction

    @property
    def selected(self) -> list[str]:
        """The ids of what is bought, sorted."""
        return sorted(each.project for each in self.purchases)


@dataclass(slots=True)
class _Group:
    """Voters with the same ballot; `money` is in units of one over the common denominator."""

    size: int
    money: int


def count(projects: Sequence[Project], ballots: Iterable[Iterable[str]], budget: int) -> Outcome:
    """Equal Shares by cost, completed by adding one unit a voter."""
    for project in projects:
        if project.cost < 1:
            raise ValueError("A project costs a whole number of units, one at least.")
    known = {project.id for project in projects}
    sizes = Counter(frozenset(ballot) & known for ballot in ballots)
    voters = sum(sizes.values())
    if voters == 0:
        return Outcome((), 0, Fraction(0))
    best = fixed(projects, sizes, Fraction(budget, voters))
    approved = sum(any(project.id in ballot for ballot in sizes) for project in projects)
    share = budget // voters
    while len(best.purchases) < approved:
        tried = fixed(projects, sizes, Fraction(share))
        if tried.cost > budget:
            break
        best, share = tried, share + 1
    return best


def fixed(
    projects: Sequence[Project], sizes: Mapping[frozenset[str], int], share: Fraction
) -> Outcome:
    """Equal Shares with this share for each voter, and no completion."""
    denominator = share.denominator
    groups = {ballot: _Group(size, share.numerator) for ballot, size in sizes.items()}
    supporters = {
        project.id: [group for ballot, group in groups.items() if project.id in ballot]
        for project in projects
    }
    votes = {key: sum(group.size for group in those) for key, those in supporters.items()}
    order = {project.id: place for place, project in enumerate(projects)}
    waiting = {project.id: (Fraction(0), project) for project in projects if votes[project.id]}
    bought: list[Purchase] = []
    while waiting:
        best: tuple[Fraction, int, int, int] | None = None
        chosen: Project | None = None
        for price, project in sorted(waiting.values(), key=lambda each: each[0]):
            if best is not None and price > best[0]:
                break  # a price only ever rises, so nothing later can be lower
            now = _price(project.cost, supporters[project.id], denominator)
            if now is None:
                del waiting[project.id]
                continue
            waiting[project.id] = (now, project)
            rank = (now, project.cost, -votes[project.id], order[project.id])
            if best is None or rank < best:
                best, chosen = rank, project
        if chosen is None or best is None:
            break
        del waiting[chosen.id]
        denominator = _pay(
            chosen.cost, best[0], supporters[chosen.id], groups.values(), denominator
        )
        bought.append(Purchase(chosen.id, best[0], votes[chosen.id]))
    cost = {project.id: project.cost for project in projects}
    return Outcome(tuple(bought), sum(cost[each.project] for each in bought), share)


def _price(cost: int, supporters: Iterable[_Group], denominator: int) -> Fraction | None:
    """The largest payment per unit of cost if bought now, or None where the money is short."""
    open_cost, payers = cost * denominator, sum(group.size for group in supporters)
    for group in sorted(supporters, key=lambda each: each.money):
        if group.money * payers >= open_cost:
            return Fraction(open_cost, payers * cost * denominator)
        open_cost -= group.size * group.money
        payers -= group.size
    return None


def _pay(
    cost: int,
    price: Fraction,
    supporters: Iterable[_Group],
    everyone: Iterable[_Group],
    denominator: int,
) -> int:
    """Take the payments, after making the denominator fine enough for them. Returns it."""
    payment = price * cost
    finer = payment.denominator // math.gcd(payment.denominator, denominator)
    if finer > 1:
        denominator *= finer
        for group in everyone:
            group.money *= finer
    due = payment.numerator * (denominator // payment.denominator)
    for group in supporters:
        group.money -= min(group.money, due)
    return denominator
