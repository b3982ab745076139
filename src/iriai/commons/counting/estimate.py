"""Equal Shares in floating point, to know quickly where to look exactly.

Adding one to everybody's share runs the method hundreds of times, and only the last two runs matter
to the letter. A run here says what would be spent. It gives up, and the exact method is asked,
where a choice or what can be paid is closer than `CLOSE`, a thousand times what rounding can do in
the tens of purchases of a round; exact ties are told apart as the exact method does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any

from iriai.commons.counting.purses import Purses, quickest

CLOSE = 1e-9
Entry = tuple[float, int, int]
"""At least this price for each unit of cost, known at which purchase, of which project."""


@dataclass(frozen=True, slots=True)
class Field:
    """What each project costs, how many approve it, and what they have left, by their numbers."""

    costs: tuple[int, ...]
    votes: tuple[int, ...]
    purses: Purses


def field(
    costs: Sequence[int],
    ids: Sequence[str],
    sizes: Mapping[frozenset[str], int],
    way: type[Purses] | None = None,
) -> Field:
    """The field of these ballots. Costs are above 0. `way`: how purses are kept."""
    at = {key: number for number, key in enumerate(ids)}
    supporters: list[list[int]] = [[] for _ in ids]
    voters = 0
    for ballot, size in sizes.items():
        for key in ballot:
            if key in at:
                supporters[at[key]] += range(voters, voters + size)
        voters += size
    return Field(
        costs=tuple(costs),
        votes=tuple(map(len, supporters)),
        purses=(way or quickest())(supporters, voters),
    )


class _Unsure(Exception):
    """Too close to call in floating point."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What every share from some share on buys first, and what each voter pays for it."""

    bought: frozenset[int]
    spent: int
    paid: Any


def beginning(given: Field, share: int) -> Begun:
    """What is bought while the project with the most votes has no supporter who is short.

    No other can be cheaper, with this share or a larger one.
    """
    paid, spent, bought = given.purses.empty(), 0, set[int]()
    wanted = [p for p, votes in enumerate(given.votes) if votes]
    for p in sorted(wanted, key=lambda each: _rank(given, each)):
        due = given.costs[p] / given.votes[p]
        if given.purses.most(p, paid) + due > share * (1 - CLOSE):
            break
        given.purses.add(p, paid, due)
        bought.add(p)
        spent += given.costs[p]
    return Begun(frozenset(bought), spent, paid)


def cost(given: Field, begun: Begun, share: int, most: int) -> int | None:
    """What is spent with this share, or anything above `most`; None: too close to call."""
    try:
        return _run(given, begun, share, most)
    except _Unsure:
        return None


def _run(given: Field, begun: Begun, share: int, most: int) -> int:
    money = given.purses.less(share, begun.paid)
    heap: list[Entry] = [
        (1.0 / votes, -1, p)
        for p, votes in enumerate(given.votes)
        if votes and p not in begun.bought
    ]
    heapify(heap)
    spent, clock = begun.spent, 0
    while heap and spent <= most:
        close = _cheapest(given, heap, money, clock)
        if not close:
            break
        chosen = close[0]
        if len(close) > 1:
            if any(given.votes[p] * price > 1 + CLOSE for price, _, p in close):
                raise _Unsure  # alike only where no supporter is short: then by votes, exactly
            chosen = min(close, key=lambda each: _rank(given, each[2]))
            for each in close:
                if each is not chosen:
                    heappush(heap, each)
        price, _, bought = chosen
        given.purses.pay(bought, money, price * given.costs[bought])
        spent += given.costs[bought]
        clock += 1
    return spent


def _rank(given: Field, p: int) -> tuple[int, int, int]:
    return (-given.votes[p], given.costs[p], p)


def _cheapest(given: Field, heap: list[Entry], money: Any, clock: int) -> list[Entry]:
    """The cheapest, and all that come so close that it takes a closer look."""
    close: list[Entry] = []
    while heap and (not close or heap[0][0] <= close[0][0] * (1 + CLOSE)):
        low, fresh, p = heappop(heap)
        if fresh == clock:
            close.append((low, fresh, p))
        elif (price := _priced(given, p, money, low)) is not None:
            heappush(heap, (max(low, price), clock, p))
    return close


def _priced(given: Field, p: int, money: Any, low: float) -> float | None:
    """The price of a project now, for each unit of its cost; None where it cannot be paid."""
    values, due = given.purses.look(p, money), given.costs[p]
    payment = low * due
    least, total = given.purses.sums(values)
    if least >= payment and low * given.votes[p] <= 1 + CLOSE:
        return low
    if not _affordable(total, due):
        return None
    while True:
        theirs, rich = given.purses.above(values, payment)
        if not rich:
            raise _Unsure
        raised = (due - total + theirs) / rich
        if raised <= payment * (1 + CLOSE / 1_000):
            return max(payment, raised) / due
        payment = raised


def _affordable(total: float, due: int) -> bool:
    if abs(total - due) <= due * CLOSE:
        raise _Unsure
    return total > due
