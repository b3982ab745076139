"""The counter for choosing many within a budget: the Method of Equal Shares. Pure and exact.

Every voter gets an equal share of the budget. A project is paid for by those who approve it; what
it gives each of them is worth its cost. Again and again the project with the smallest largest
payment per unit of cost is bought, each supporter paying the same or all that they have left.

What is left over is spent by *add one*: the method is run again with one more unit for every
voter, and again, as long as the outcome fits the real budget; the last one that does stands. (Not
to stop early, when nothing more would fit, is what gives Wieliczka's official result of 2023.) What
costs more than the whole budget is out of the race, and what costs nothing is bought if wanted.

Shares are whole numbers over one common denominator, so nothing is ever rounded. Voters with the
same ballot always have the same money left and are counted together. Ties go to the cheaper
project, then to the one with more votes, then to the one listed first; purchases name the tied.
Source: Peters, Pierczynski and Skowron, "Proportional Participatory Budgeting with Additive
Utilities", NeurIPS 2021; add one as described at <https://equalshares.net>.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from iriai.base.errors import Excessive
from iriai.commons.counting import estimate, leaps

SMALL_GROUPS_MAX = 200
"""With so few different ballots the exact method is quick enough alone."""

TURNS_BEFORE_ANOTHER_BEGINNING = 16
STEPS_MAX = 1_000_000
"""So often is the method run again to spend what is left, and no oftener."""

LEAP_AFTER, LEAP_AFTER_LARGE = 64, 4_096
"""After so many runs one looks how far the share can grow before anything else is bought."""


@dataclass(frozen=True, slots=True)
class Project:
    """Something that costs `cost` units of the budget, a whole number."""

    id: str
    cost: int


@dataclass(frozen=True, slots=True)
class Purchase:
    """A project bought in one round: at most `price` for each unit of its cost, by `payers`.

    `tied` names those that could have been bought at the same price.
    """

    project: str
    price: Fraction
    payers: int
    tied: tuple[str, ...] = ()


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


def count(
    projects: Sequence[Project], ballots: Iterable[Iterable[str]], budget: int, *, step: int = 1
) -> Outcome:
    """Equal Shares by cost, completed by adding `step` units (one of the currency) a voter."""
    if step < 1 or any(project.cost < 0 for project in projects):
        raise ValueError("A cost is a whole number of units, none below 0; a step is above 0.")
    sizes = _together(projects, ballots)
    voters = sum(sizes.values())
    if voters == 0:
        return Outcome((), 0, Fraction(0))
    able = [project for project in projects if 0 < project.cost <= budget]
    best = fixed(able, sizes, Fraction(budget, voters))
    share = (budget // voters // step + 1) * step
    approved = sum(any(project.id in ballot for ballot in sizes) for project in able)
    if len(best.purchases) < approved:
        last = _last_fitting(able, sizes, budget, share, step)
        if last is not None:
            best = fixed(able, sizes, Fraction(last))
    return replace(best, purchases=_for_nothing(projects, sizes) + best.purchases)


def _last_fitting(
    able: Sequence[Project],
    sizes: Mapping[frozenset[str], int],
    budget: int,
    share: int,
    step: int,
) -> int | None:
    """The last share, from this one on by steps, that fits before one that does not; or None.

    Large rounds are run in floating point first, and exactly where that cannot tell; the share that
    ends the search is always run exactly. Where there are very many steps it leaps over those that
    cannot change anything.
    """
    wanted = sum(project.cost for project in able if any(project.id in ballot for ballot in sizes))
    given = estimate.field([each.cost for each in able], [each.id for each in able], sizes)
    large = len(sizes) > SMALL_GROUPS_MAX
    begun = estimate.beginning(given, share) if large else None
    last = None
    many = share // step > STEPS_MAX
    patience = LEAP_AFTER_LARGE if large and not many else LEAP_AFTER
    leap_at = patience
    for turn in range(STEPS_MAX):
        if begun is not None and turn % TURNS_BEFORE_ANOTHER_BEGINNING == 0:
            begun = estimate.beginning(given, share)
        guess = estimate.cost(given, begun, share, budget) if begun is not None else None
        if guess is None or guess > budget:
            guess = fixed(able, sizes, Fraction(share)).cost
        if guess > budget:
            return last
        last, share = share, share + step
        if guess == wanted:
            return last
        if turn == leap_at:
            over = (leaps.further(able, sizes, last) or 0) // step
            last, share = last + over * step, share + over * step
            patience *= 1 if over > LEAP_AFTER else 2
            leap_at += 1 if over > LEAP_AFTER else patience
    raise Excessive(
        f"Equal Shares would need more than {STEPS_MAX:,} steps of {step}: count in larger units."
    )


def filled(
    outcome: Outcome, projects: Sequence[Project], ballots: Iterable[Iterable[str]], budget: int
) -> Outcome:
    """The outcome, and with what is still left, by approvals, whatever fits; ties as above."""
    sizes = _together(projects, ballots)
    has = {each.project for each in outcome.purchases}
    votes = {
        project.id: sum(size for ballot, size in sizes.items() if project.id in ballot)
        for project in projects
    }
    bought, cost = list(outcome.purchases), outcome.cost
    rest = [each for each in projects if each.id not in has and votes[each.id]]
    for project in sorted(rest, key=lambda each: (-votes[each.id], each.cost)):
        if cost + project.cost <= budget:
            cost += project.cost
            bought.append(Purchase(project.id, Fraction(1, votes[project.id]), votes[project.id]))
    return Outcome(tuple(bought), cost, outcome.share)


def _together(
    projects: Sequence[Project], ballots: Iterable[Iterable[str]]
) -> Counter[frozenset[str]]:
    """The voters with the same ballot together, without what is not on the list."""
    known = {project.id for project in projects}
    return Counter(frozenset(ballot) & known for ballot in ballots)


def _for_nothing(
    projects: Sequence[Project], sizes: Mapping[frozenset[str], int]
) -> tuple[Purchase, ...]:
    """What costs nothing and somebody wants."""
    payers = {
        each.id: sum(size for ballot, size in sizes.items() if each.id in ballot)
        for each in projects
        if not each.cost
    }
    return tuple(Purchase(key, Fraction(0), votes) for key, votes in payers.items() if votes)


def fixed(
    projects: Sequence[Project], sizes: Mapping[frozenset[str], int], share: Fraction
) -> Outcome:
    """Equal Shares with this share for each voter, and no completion."""
    denominator = share.denominator
    groups = {ballot: _Group(size, share.numerator) for ballot, size in sizes.items()}
    supporters: dict[str, list[_Group]] = {project.id: [] for project in projects}
    for ballot, group in groups.items():
        for key in ballot & supporters.keys():
            supporters[key].append(group)
    votes = {key: sum(group.size for group in those) for key, those in supporters.items()}
    order = {project.id: place for place, project in enumerate(projects)}
    waiting = {project.id: (Fraction(0), project) for project in projects if votes[project.id]}
    bought: list[Purchase] = []
    while waiting:
        best: tuple[Fraction, int, int, int] | None = None
        chosen: Project | None = None
        equal: list[str] = []
        for price, project in sorted(waiting.values(), key=lambda each: each[0]):
            if best is not None and price > best[0]:
                break  # a price only ever rises, so nothing later can be lower
            now = _price(project.cost, supporters[project.id], denominator)
            if now is None:
                del waiting[project.id]
                continue
            waiting[project.id] = (now, project)
            rank = (now, project.cost, -votes[project.id], order[project.id])
            equal = [*equal, project.id] if best and now == best[0] else equal
            if best is None or rank < best:
                equal = [project.id] if best is None or now < best[0] else equal
                best, chosen = rank, project
        if chosen is None or best is None:
            break
        del waiting[chosen.id]
        denominator = _pay(
            chosen.cost, best[0], supporters[chosen.id], groups.values(), denominator
        )
        tied = tuple(sorted(each for each in equal if each != chosen.id))
        bought.append(Purchase(chosen.id, best[0], votes[chosen.id], tied))
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
