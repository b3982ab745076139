"""What most cities do with ballots, to compare with: the most approved first, while money lasts.

A project that does not fit any more is passed over. Ties go to the one listed first.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction

from iriai.commons.counting.equal_shares import Outcome, Project, Purchase


def count(projects: Sequence[Project], ballots: Iterable[Iterable[str]], budget: int) -> Outcome:
    """By approvals alone. Each supporter is said to pay the same."""
    votes = Counter(key for ballot in ballots for key in set(ballot))
    bought: list[Purchase] = []
    cost = 0
    for project in sorted(projects, key=lambda each: -votes[each.id]):
        if votes[project.id] and cost + project.cost <= budget:
            cost += project.cost
            bought.append(Purchase(project.id, Fraction(1, votes[project.id]), votes[project.id]))
    return Outcome(tuple(bought), cost, Fraction(0))


def empty_handed(ballots: Iterable[Iterable[str]], selected: Collection[str]) -> int:
    """How many voters get nothing that they approve."""
    chosen = frozenset(selected)
    return sum(chosen.isdisjoint(ballot) for ballot in ballots)
