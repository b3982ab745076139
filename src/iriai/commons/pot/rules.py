"""What a commons has to share, how it is cut, and what limits follow from it. Pure.

The pot is cut into three slices by the charter: a *floor*, of which every member has an equal part
without asking; a *queue*, from which single allotments are granted; and a *round*, in which members
choose among projects. An amount is a whole number of a unit: bytes, or any that was declared.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from iriai.base.errors import Excessive, Invalid
from iriai.base.numbers import in_bytes, whole
from iriai.commons.charter.rules import Pool as Cut

BYTES_LOGICAL, BYTES_STORED, BYTES_SERVED = "bytes_logical", "bytes_stored", "bytes_served"
TITLES = {
    BYTES_LOGICAL: "Storage, as large as the files are",
    BYTES_STORED: "Storage, as much as the disks hold",
    BYTES_SERVED: "Downloads of thirty days",
}
"""What the units are called that the hub measures itself."""
IN_BYTES = frozenset({BYTES_LOGICAL, BYTES_STORED, BYTES_SERVED})
UNIT = re.compile(r"[a-z][a-z0-9_]{0,31}")
AMOUNT_MAX = 1 << 60
AMOUNT_DIGITS_MAX = 19
SHORT_FORMS = {"gpu": "GPU", "gpus": "GPUs", "cpu": "CPU", "cpus": "CPUs", "tpu": "TPU"}
UNITS_MAX = 20
GIVERS_MAX = 50
RECALL = timedelta(hours=24)
"""So long after it is recalled, what was lent out of the floor is with its members again."""
PROJECTS_MAX = 200
NAME_LENGTH_MAX = 120


class Source(StrEnum):
    """Out of which slice an allotment was granted; out of the floor it is only lent."""

    QUEUE = "queue"
    FLOOR = "floor"
    ROUND = "round"


class State(StrEnum):
    """What became of an allotment. Nothing is deleted when one is reclaimed."""

    QUEUED = "queued"
    GRANTED = "granted"
    RECLAIMED = "reclaimed"


@dataclass(frozen=True, slots=True)
class Gift:
    """Who gives how much of a unit."""

    by: str
    amount: int


@dataclass(frozen=True, slots=True)
class Pool:
    """What there is of one unit."""

    unit: str
    gifts: tuple[Gift, ...]

    @property
    def capacity(self) -> int:
        """All that is given together."""
        return sum(each.amount for each in self.gifts)


@dataclass(frozen=True, slots=True)
class Allotment:
    """So much of a unit for somebody's project."""

    id: int
    unit: str
    amount: int
    holder: str
    project: str
    source: Source
    state: State
    granted_at: datetime
    noticed_at: datetime | None = None
    recalled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """How one unit is cut: what each member has, and what is free in the queue and the round."""

    unit: str
    capacity: int
    members: int
    floor_each: int
    queue: int
    queue_free: int
    round: int
    round_free: int

    @property
    def free(self) -> int:
        """What nobody was promised."""
        return self.queue_free + self.round_free


def slices(cut: Cut, pool: Pool, allotments: Iterable[Allotment], members: int) -> Slice:
    """Cut what there is of a unit by the charter; what a floor cannot divide falls to the queue."""
    capacity = pool.capacity
    floor = int(Fraction(str(cut.floor_share)) * capacity)
    each = floor // members if members else 0
    for_round = int(Fraction(str(cut.round_share)) * capacity)
    queue = capacity - each * members - for_round
    granted = [one for one in allotments if one.unit == pool.unit and one.state is State.GRANTED]
    used = {source: sum(one.amount for one in granted if one.source is source) for source in Source}
    return Slice(
        unit=pool.unit,
        capacity=capacity,
        members=members,
        floor_each=each,
        queue=queue,
        queue_free=max(0, queue - used[Source.QUEUE]),
        round=for_round,
        round_free=max(0, for_round - used[Source.ROUND]),
    )


def limit(cut: Slice, allotments: Iterable[Allotment], holder: str) -> int:
    """How much of a unit a member may use: their part of the floor, and what they were granted."""
    return cut.floor_each + sum(
        each.amount
        for each in allotments
        if each.unit == cut.unit and each.holder == holder and each.state is State.GRANTED
    )


def unused_floor(cut: Slice, used: Mapping[str, int], members: Iterable[str]) -> int:
    """What of the floor nobody uses, which can be lent."""
    return sum(max(0, cut.floor_each - used.get(name, 0)) for name in members)


def lendable(
    cut: Slice, used: Mapping[str, int], members: Iterable[str], known: Iterable[Allotment]
) -> int:
    """What of the unused floor is not lent yet."""
    lent = sum(
        each.amount
        for each in known
        if each.unit == cut.unit and each.state is State.GRANTED and each.source is Source.FLOOR
    )
    return max(0, unused_floor(cut, used, members) - lent)


def to_recall(cut: Slice, loans: Sequence[Allotment], unused: int) -> list[Allotment]:
    """The newest loans that must end, for members have come to use their floor themselves."""
    standing = [each for each in loans if each.unit == cut.unit and each.recalled_at is None]
    over = sum(each.amount for each in standing) - unused
    ending = []
    for each in sorted(standing, key=lambda one: -one.id):
        if over <= 0:
            break
        ending.append(each)
        over -= each.amount
    return ending


def require_small(cut: Cut, slice_: Slice, amount: int) -> None:
    """A single allotment is at most the small share of what is free; then it waits its turn."""
    most = int(Fraction(str(cut.small_share)) * slice_.free)
    if amount > most:
        raise Excessive(
            f"A single allotment is at most {cut.small_share:.0%} of what is free, now "
            f"{said(slice_.unit, most)}; larger ones are decided in a round.",
            code="TooLargeForOne",
        )


def clean_unit(given: object) -> str:
    """A unit's name: `bytes_stored`, `gpu_hours`."""
    unit = str(given or "").strip().lower()
    if not UNIT.fullmatch(unit):
        raise Invalid("A unit is a word in lower case, such as bytes_stored or gpu_hours.")
    return unit


def clean_amount(given: object) -> int:
    """A whole number above 0."""
    text = str(given if given is not None else "").strip().replace(",", "").replace("_", "")
    amount = whole(text, digits_max=AMOUNT_DIGITS_MAX)
    if amount is None or not 0 < amount <= AMOUNT_MAX:
        raise Invalid("An amount is a whole number above 0.")
    return amount


def clean_name(given: object, what: str) -> str:
    """One line of text."""
    text = " ".join(str(given or "").replace("\0", "").split())
    if not text or len(text) > NAME_LENGTH_MAX:
        raise Invalid(f"Say {what} in 1 to {NAME_LENGTH_MAX} characters.")
    return text


def gini(amounts: Sequence[int]) -> Fraction:
    """How unevenly something is used: 0 all alike, towards 1 one has all. Nothing used: 0."""
    total, count = sum(amounts), len(amounts)
    if not total:
        return Fraction(0)
    weighted = sum(place * amount for place, amount in enumerate(sorted(amounts), 1))
    return Fraction(2 * weighted, count * total) - Fraction(count + 1, count)


def in_words(unit: str) -> str:
    """A unit as people say it: `GPU hours`."""
    return " ".join(SHORT_FORMS.get(each, each) for each in unit.split("_"))


def title(unit: str) -> str:
    """What a unit is called where it stands by itself."""
    words = in_words(unit)
    return TITLES.get(unit, words[:1].upper() + words[1:])


def said(unit: str, amount: int) -> str:
    """An amount as people say it."""
    if unit not in IN_BYTES:
        words = in_words(unit)
        return f"{amount:,} {words.removesuffix('s') if amount == 1 else words}"
    return in_bytes(amount)


def evenness(used: Mapping[str, int], members: Iterable[str]) -> Fraction:
    """The Gini of use over all members; who uses nothing counts."""
    return gini([used.get(name, 0) for name in members])
