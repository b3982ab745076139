"""The counters for choosing several: committees by approval ballots. Pure and exact.

Seats are filled by *Equal Shares*: every voter has the same part of a seat to spend, a seat costs
one, and again and again the option is bought that asks least of the supporter it asks most of. So
any group large enough for a seat that agrees on somebody gets one. Where money is left that buys
nobody, the rest of the seats are filled by sequential Phragmén (what is usual), by approvals, or
by adding to everybody's share until all are bought.

The other rules are here to compare with: sequential Phragmén, proportional approval (PAV) and
plain approvals (AV). Each gives *every* committee that could win, whichever way ties are broken,
in the order of the options' numbers; the first is the one that breaks each tie for the option
listed first. Voters with the same ballot are counted together.
Source: Lackner and Skowron, "Multi-Winner Voting with Approval Preferences", Springer 2023.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb
from types import MappingProxyType

from iriai.base.errors import Excessive, Invalid

Committee = tuple[int, ...]
Money = tuple[Fraction, ...]

BRANCHES_MAX = 50_000
"""So many partial outcomes of ties are followed up, and no more."""

PAV_COMMITTEES_MAX = 500_000
"""PAV compares all committees; of so many at most."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Approval ballots, the same ones together: `groups[g]` approve, and there are `sizes[g]`."""

    options: int
    seats: int
    groups: tuple[frozenset[int], ...]
    sizes: tuple[int, ...]

    @property
    def voters(self) -> int:
        """How many ballots there are."""
        return sum(self.sizes)

    def supporters(self, option: int) -> list[int]:
        """The groups that approve an option."""
        return [at for at, group in enumerate(self.groups) if option in group]

    def approvals(self, option: int) -> int:
        """How many voters approve it."""
        return sum(self.sizes[at] for at in self.supporters(option))


def profile(ballots: Iterable[Iterable[int]], options: int, seats: int) -> Profile:
    """The ballots, put together; `Invalid` where there are not enough options for the seats."""
    if not 1 <= seats <= options:
        raise Invalid(f"{seats} seats cannot be filled from {options} options.")
    sizes = Counter(frozenset(ballot) for ballot in ballots)
    for ballot in sizes:
        if any(not 0 <= option < options for option in ballot):
            raise Invalid("A ballot names an option that is not there.")
    groups = sorted(sizes, key=sorted)
    return Profile(options, seats, tuple(groups), tuple(sizes[group] for group in groups))


def equal_shares_first(given: Profile) -> tuple[Committee, list[Committee]]:
    """The first committee of Equal Shares, and on its way each set of options that were tied."""
    ties: list[Committee] = []
    share = Fraction(given.seats, given.voters) if given.voters else Fraction(0)
    committee, money = next(iter(_bought(given, share, first=True, ties=ties)))
    if len(committee) < given.seats:
        loads = tuple(-left for left in money)
        committee = next(iter(_phragmen(given, committee, loads, first=True, ties=ties)))
    return committee, ties


def equal_shares(
    given: Profile, completion: str = "phragmen", *, first: bool = False
) -> list[Committee]:
    """Every committee of Equal Shares, or only the `first`. Completion: phragmen, av, increment."""
    if completion == "increment":
        return [_by_increment(given)]
    share = Fraction(given.seats, given.voters) if given.voters else Fraction(0)
    found: set[Committee] = set()
    for committee, money in _bought(given, share, first=first):
        if len(committee) == given.seats:
            found.add(committee)
        elif completion == "av":
            found.update(_filled_by_approvals(given, committee, first=first))
        else:
            loads = tuple(-left for left in money)
            found.update(_phragmen(given, committee, loads, first=first))
    return sorted(found)


def sequential_phragmen(given: Profile, *, first: bool = False) -> list[Committee]:
    """Every committee of sequential Phragmén: each seat is a load, laid where it weighs least."""
    return sorted(set(_phragmen(given, (), (Fraction(0),) * len(given.groups), first=first)))


def proportional_approval(given: Profile, *, first: bool = False) -> list[Committee]:
    """Every committee of the highest score, where a voter's n-th elected option counts 1/n."""
    if comb(given.options, given.seats) > PAV_COMMITTEES_MAX:
        raise Excessive("There are too many possible committees to compare them all by PAV.")
    worth = [Fraction(0)]
    for number in range(1, given.seats + 1):
        worth.append(worth[-1] + Fraction(1, number))
    best, found = Fraction(-1), list[Committee]()
    for committee in combinations(range(given.options), given.seats):
        members = frozenset(committee)
        pairs = zip(given.groups, given.sizes, strict=True)
        score = sum((size * worth[len(members & group)] for group, size in pairs), Fraction(0))
        if score > best:
            best, found = score, [committee]
        elif score == best:
            found.append(committee)
    return found[:1] if first else found


def most_approved(given: Profile, *, first: bool = False) -> list[Committee]:
    """Every committee of those with the most approvals."""
    return sorted(_filled_by_approvals(given, (), first=first))


def _bought(
    given: Profile, share: Fraction, *, first: bool, ties: list[Committee] | None = None
) -> Iterable[tuple[Committee, Money]]:
    """Where Equal Shares can end: who is bought, and what each group's voters have left.

    `ties` is given each set of options that could be bought next.
    """
    start: tuple[Committee, Money] = ((), (share,) * len(given.groups))
    open_, seen = [start], {start}
    while open_:
        committee, money = open_.pop()
        prices = {
            option: price
            for option in range(given.options)
            if option not in committee and (price := _price(given, option, money)) is not None
        }
        if not prices or len(committee) == given.seats:
            yield committee, money
            continue
        lowest = min(prices.values())
        tied = [option for option, price in prices.items() if price == lowest]
        if ties is not None and len(tied) > 1:
            ties.append(tuple(tied))
        for option in tied[:1] if first else tied:
            left = tuple(
                each - min(each, lowest) if option in group else each
                for each, group in zip(money, given.groups, strict=True)
            )
            _add(open_, seen, (tuple(sorted((*committee, option))), left))


def _price(given: Profile, option: int, money: Money) -> Fraction | None:
    """What the richest supporter would pay for it, or None where they cannot pay together."""
    open_ = Fraction(1)
    those = sorted(given.supporters(option), key=lambda at: money[at])
    payers = sum(given.sizes[at] for at in those)
    for at in those:
        if money[at] * payers >= open_:
            return open_ / payers
        open_ -= money[at] * given.sizes[at]
        payers -= given.sizes[at]
    return None


def _phragmen(
    given: Profile,
    begun: Committee,
    loads: Money,
    *,
    first: bool,
    ties: list[Committee] | None = None,
) -> Iterable[Committee]:
    """The committees that grow from `begun`, whose voters bear `loads` already.

    `ties` as of `_bought`.
    """
    support = [given.supporters(option) for option in range(given.options)]
    counts = [given.approvals(option) for option in range(given.options)]
    open_ = [(begun, loads)]
    seen = {open_[0]}
    while open_:
        committee, load = open_.pop()
        if len(committee) == given.seats:
            yield committee
            continue
        after = {
            option: (1 + sum((load[at] * given.sizes[at] for at in support[option]), Fraction(0)))
            / counts[option]
            if counts[option]
            else Fraction(given.seats + 1)
            for option in range(given.options)
            if option not in committee
        }
        least = min(after.values())
        tied = [option for option, value in after.items() if value == least]
        if ties is not None and len(tied) > 1:
            ties.append(tuple(tied))
        for option in tied[:1] if first else tied:
            grown = tuple(
                least if option in group else each
                for each, group in zip(load, given.groups, strict=True)
            )
            _add(open_, seen, (tuple(sorted((*committee, option))), grown))


def _filled_by_approvals(
    given: Profile, committee: Committee, *, first: bool
) -> Iterable[Committee]:
    """The committees that have these members, and beside them those with the most approvals."""
    rest = [option for option in range(given.options) if option not in committee]
    missing = given.seats - len(committee)
    rest.sort(key=lambda option: (-given.approvals(option), option))
    if first or not missing:
        return [tuple(sorted((*committee, *rest[:missing])))]
    least = given.approvals(rest[missing - 1])
    sure = [option for option in rest if given.approvals(option) > least]
    tied = [option for option in rest if given.approvals(option) == least]
    if comb(len(tied), missing - len(sure)) > BRANCHES_MAX:
        raise _too_tied()
    return [
        tuple(sorted((*committee, *sure, *some)))
        for some in combinations(tied, missing - len(sure))
    ]


def _by_increment(given: Profile) -> Committee:
    """Equal Shares with the first whole number of seats' worth that fills the seats there are."""
    approved = set[int]().union(*given.groups)
    if len(approved) < given.seats:
        return next(iter(_filled_by_approvals(given, (), first=True)))
    for seats in range(given.seats, given.seats * given.voters + 2):
        share = Fraction(seats, given.voters)
        for committee, _ in _bought(given, share, first=True):
            if len(committee) == given.seats:
                return committee
    raise AssertionError("with a whole seat for everybody, all that is approved is affordable")


def _add(
    open_: list[tuple[Committee, Money]],
    seen: set[tuple[Committee, Money]],
    state: tuple[Committee, Money],
) -> None:
    if state in seen:
        return
    if len(seen) >= BRANCHES_MAX:
        raise _too_tied()
    seen.add(state)
    open_.append(state)


def _too_tied() -> Excessive:
    return Excessive("There are too many ties to follow them all; ask for one committee only.")


RULES: Mapping[str, Callable[..., list[Committee]]] = MappingProxyType(
    {
        "equal-shares": equal_shares,
        "equal-shares-with-av-completion": lambda given, *, first=False: equal_shares(
            given, "av", first=first
        ),
        "equal-shares-with-increment-completion": lambda given, *, first=False: equal_shares(
            given, "increment", first=first
        ),
        "seqphragmen": sequential_phragmen,
        "pav": proportional_approval,
        "av": most_approved,
    }
)
