"""Who waits in the queue of a pot, in which order, and what for. Pure.

Next is whoever has the smallest dominant share: least of what they have most of. Of equals, the
first to ask. What does not fit waits, and nothing of its unit overtakes it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from iriai.commons.pot import drf
from iriai.commons.pot.rules import Allotment, Slice, State


class Why(StrEnum):
    """What somebody in the queue waits for."""

    ROOM = "room"
    """It is the next of its unit, and there is not so much free."""

    TURN = "turn"
    """Another request of the same unit comes first."""

    NEVER = "never"
    """The queue is never so large, nor is the floor."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request in the queue: its holder's dominant share now, why it waits, and what is free."""

    allotment: Allotment
    share: Fraction
    why: Why
    free: int


def line(
    cuts: Mapping[str, Slice], free: Mapping[str, int], known: Iterable[Allotment]
) -> list[Waiting]:
    """Who waits, the next one first. `free`: so much of each unit could be granted now."""
    known = list(known)
    capacity = {unit: cut.capacity for unit, cut in cuts.items()}
    has = held(known)
    shares = {name: drf.share(capacity, amounts) for name, amounts in has.items()}
    asked = [each for each in known if each.state is State.QUEUED]
    found: list[Waiting] = []
    before: set[str] = set()
    for each in sorted(asked, key=lambda one: (shares.get(one.holder, 0), one.id)):
        cut = cuts.get(each.unit)
        fits = could_fit(each, cut)
        why = Why.NEVER if not fits else Why.TURN if each.unit in before else Why.ROOM
        share = shares.get(each.holder, Fraction(0))
        found.append(Waiting(each, share, why, free.get(each.unit, 0)))
        if fits:
            before.add(each.unit)
    return found


def held(known: Iterable[Allotment]) -> dict[str, dict[str, int]]:
    """What everybody was granted of each unit."""
    found: dict[str, dict[str, int]] = {}
    for each in known:
        if each.state is State.GRANTED:
            mine = found.setdefault(each.holder, {})
            mine[each.unit] = mine.get(each.unit, 0) + each.amount
    return found


def could_fit(each: Allotment, cut: Slice | None) -> bool:
    """Whether there ever can be room: what never fits must not keep the others waiting."""
    return cut is not None and each.amount <= max(cut.queue, cut.floor_each * cut.members)
