"""What each voter of a large round has left, in floating point: as lists, or as numpy's arrays.

The estimate asks only these few things. With numpy (the extra `counting`) the largest rounds are
searched in seconds; without it in a minute or two. Neither decides anything: what an estimate
cannot tell, and whatever ends the search, is counted exactly.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from operator import itemgetter
from typing import Any, Protocol


class Purses(Protocol):
    """Everybody's money, seen through the supporters of projects by number."""

    def __init__(self, supporters: Sequence[Sequence[int]], voters: int) -> None: ...

    def empty(self) -> Any:
        """Nothing in every purse."""

    def less(self, share: int, paid: Any) -> Any:
        """This share for everybody, without what each has paid."""

    def most(self, project: int, money: Any) -> float:
        """The most that a supporter has."""

    def add(self, project: int, money: Any, amount: float) -> None:
        """So much more for each supporter."""

    def pay(self, project: int, money: Any, amount: float) -> None:
        """So much less for each supporter, or nothing left."""

    def look(self, project: int, money: Any) -> Any:
        """What each supporter has; the functions below take it."""

    def sums(self, values: Any) -> tuple[float, float]:
        """The least that anybody has, and all together."""

    def above(self, values: Any, amount: float) -> tuple[float, int]:
        """What those have together who have more than this, and how many they are."""


class Lists:
    """In plain Python."""

    def __init__(self, supporters: Sequence[Sequence[int]], voters: int) -> None:
        self.supporters = [tuple(each) for each in supporters]
        self.voters = voters
        self.gather = [_gathering(each) for each in self.supporters]

    def empty(self) -> list[float]:
        """Nothing in every purse."""
        return [0.0] * self.voters

    def less(self, share: int, paid: list[float]) -> list[float]:
        """This share for everybody, without what each has paid."""
        return [share - each for each in paid]

    def most(self, project: int, money: list[float]) -> float:
        """The most that a supporter has."""
        return max(self.gather[project](money))

    def add(self, project: int, money: list[float], amount: float) -> None:
        """So much more for each supporter."""
        for voter in self.supporters[project]:
            money[voter] += amount

    def pay(self, project: int, money: list[float], amount: float) -> None:
        """So much less for each supporter, or nothing left."""
        for voter in self.supporters[project]:
            money[voter] = max(0.0, money[voter] - amount)

    def look(self, project: int, money: list[float]) -> tuple[float, ...]:
        """What each supporter has."""
        return self.gather[project](money)

    def sums(self, values: tuple[float, ...]) -> tuple[float, float]:
        """The least that anybody has, and all together."""
        return min(values), sum(values)

    def above(self, values: tuple[float, ...], amount: float) -> tuple[float, int]:
        """What those have together who have more than this, and how many they are."""
        rich = [value for value in values if value > amount]
        return sum(rich), len(rich)


class Arrays:
    """With numpy."""

    def __init__(self, supporters: Sequence[Sequence[int]], voters: int) -> None:
        self.numpy: Any = import_module("numpy")
        self.voters = voters
        self.supporters = [self.numpy.array(each, dtype="int64") for each in supporters]

    def empty(self) -> Any:
        """Nothing in every purse."""
        return self.numpy.zeros(self.voters)

    def less(self, share: int, paid: Any) -> Any:
        """This share for everybody, without what each has paid."""
        return share - paid

    def most(self, project: int, money: Any) -> float:
        """The most that a supporter has."""
        return float(money[self.supporters[project]].max())

    def add(self, project: int, money: Any, amount: float) -> None:
        """So much more for each supporter."""
        money[self.supporters[project]] += amount

    def pay(self, project: int, money: Any, amount: float) -> None:
        """So much less for each supporter, or nothing left."""
        those = self.supporters[project]
        money[those] = self.numpy.maximum(money[those] - amount, 0.0)

    def look(self, project: int, money: Any) -> Any:
        """What each supporter has."""
        return money[self.supporters[project]]

    def sums(self, values: Any) -> tuple[float, float]:
        """The least that anybody has, and all together."""
        return float(values.min()), float(values.sum())

    def above(self, values: Any, amount: float) -> tuple[float, int]:
        """What those have together who have more than this, and how many they are."""
        rich = values[values > amount]
        return float(rich.sum()), len(rich)


def quickest() -> type[Purses]:
    """Arrays where numpy is installed, else lists."""
    return Arrays if find_spec("numpy") else Lists


def _gathering(those: Sequence[int]) -> Callable[[Sequence[float]], tuple[float, ...]]:
    """How to look up the money of these voters at once."""
    if len(those) > 1:
        return itemgetter(*those)
    return lambda money: tuple(money[voter] for voter in those)
