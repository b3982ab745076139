"""Somebody who takes part, and the member in whose name: themselves, or an institution. Pure.

Where institutions vote, all who are from one count as one: they are of one *house*, whose second
for its own proposal is none. Whoever is of no such institution is a house of their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from iriai.commons.membership.rules import Standing


@dataclass(frozen=True, slots=True)
class Speaker:
    """A person, the member in whose name they speak, and where that member stands.

    `house_id`: the institution with which their word counts once; None where there is none.
    """

    account_id: int
    member_id: int
    name: str
    standing: Standing
    house_id: int | None = None
    also_of: frozenset[int] = frozenset()
    """The institutions that vote here and for which this person speaks, whatever voice this is."""

    @property
    def is_for_institution(self) -> bool:
        """Whether they speak for an institution, and not for themselves."""
        return self.member_id != self.account_id

    @property
    def house(self) -> int:
        """Who counts once: the institution, or else the person."""
        return self.account_id if self.house_id is None else self.house_id

    def counts_with(self, houses: Iterable[int | None]) -> bool:
        """Whether their word is no other than that of one of these houses."""
        return not ({self.house} | self.also_of).isdisjoint(houses)
