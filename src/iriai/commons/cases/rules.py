"""The ladder, who may climb it, and how long anything lasts. Pure.

There are two ladders: the charter's for people, and one for things. A steward may apply the rungs
below the last two; the last but one takes two stewards, the last only a panel drawn by lot. Nobody
climbs more than two rungs at once, which skips one, unless the case is on a ground for a hold.
After `fade_days` without another sanction a rung is dropped. What ends, ends in its second: every
function here is told `now` and judges by it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from iriai.base.errors import Conflict, Denied, Excessive, Invalid, Unknown
from iriai.commons.charter.rules import Charter, Ground, Rung, Step

WORDS_LENGTH_MAX = 4_000
ANSWER_DAYS = 3
"""How long whoever is charged has to answer, before anything is taken from them."""

HOLD_HOURS_ALONE = 24
"""How long a hold lasts that one placed alone, where there are fewer than two stewards."""

CASE_DAYS_MAX = 30
HOLD_AGAIN_DAYS = 30
"""For how long what was held, and about which no case was opened, is not held again."""
"""How long a hold may wait for its open case."""

SKIP_MAX = 1
REPORTS_PER_DAY = 20
DIGEST_DAYS = 90


class State(StrEnum):
    """Where a case stands."""

    REPORTED = "reported"
    TRIAGED = "triaged"
    CHARGED = "charged"
    REFERRED = "referred"
    DISMISSED = "dismissed"
    DECIDED = "decided"
    APPEALED = "appealed"
    EXPIRED = "expired"


OPEN = frozenset({State.REPORTED, State.TRIAGED, State.CHARGED, State.REFERRED})
LABELS = {
    State.REPORTED: "reported, and nobody has looked at it yet",
    State.TRIAGED: "being looked at",
    State.CHARGED: "the person concerned was told, and may answer",
    State.REFERRED: "a panel decides",
    State.DISMISSED: "dismissed",
    State.DECIDED: "decided",
    State.APPEALED: "appealed",
    State.EXPIRED: "over",
}


class Concern(StrEnum):
    """What a case is about."""

    PERSON = "person"
    COMMENT = "comment"
    REPOSITORY = "repository"
    FILE = "file"

    @property
    def is_thing(self) -> bool:
        """Whether its ladder is the one of things."""
        return self in (Concern.REPOSITORY, Concern.FILE)


class Measure(StrEnum):
    """The ladder of things, the mildest first."""

    LABEL = "label"
    DELIST = "delist"
    GATE = "gate"
    FREEZE = "freeze"
    TOMBSTONE = "tombstone"


class Bench(StrEnum):
    """Who it takes to apply a rung."""

    STEWARD = "steward"
    TWO_STEWARDS = "two stewards"
    PANEL = "panel"


@dataclass(frozen=True, slots=True)
class Level:
    """A rung of a ladder: which it is from 1, for how many days, and who applies it."""

    name: str
    number: int
    days: int | None
    bench: Bench


@dataclass(frozen=True, slots=True)
class Last:
    """The last sanction against somebody or something: how high, and since when."""

    level: int
    at: datetime


MEASURES = tuple(
    Level(each.value, number, None, Bench.PANEL if each is Measure.TOMBSTONE else Bench.STEWARD)
    for number, each in enumerate(Measure, 1)
)
_BENCHES = {Rung.SUSPEND: Bench.TWO_STEWARDS, Rung.EXPEL: Bench.PANEL}


def ladder(charter: Charter, concern: Concern) -> tuple[Level, ...]:
    """The ladder for cases about this."""
    if concern.is_thing:
        return MEASURES
    steps: Sequence[Step] = charter.sanctions.ladder
    return tuple(
        Level(step.rung.value, number, step.days, _BENCHES.get(step.rung, Bench.STEWARD))
        for number, step in enumerate(steps, 1)
    )


def level(steps: Sequence[Level], rung: str) -> Level:
    """The rung of this name."""
    for each in steps:
        if each.name == rung:
            return each
    raise Invalid(f"A rung of this ladder is one of {', '.join(each.name for each in steps)}.")


@dataclass(frozen=True, slots=True)
class Fading:
    """When a sanction drops by a rung next, and when it has faded: the same for the last rung."""

    next_at: datetime
    over_at: datetime


def standing_level(last: Last | None, fade_days: int, *, now: datetime) -> int:
    """On which rung somebody stands: that of their last sanction, less one for each clean time."""
    if last is None:
        return 0
    drops = (now - last.at) // timedelta(days=fade_days)
    return max(0, last.level - max(0, drops))


def fades(level_: int, starts: datetime, fade_days: int, *, now: datetime) -> Fading | None:
    """When a sanction of this level drops by a rung next, and when nothing is left of it."""
    last = starts + level_ * timedelta(days=fade_days)
    if now >= last:
        return None
    drops = max(0, (now - starts) // timedelta(days=fade_days))
    return Fading(starts + (drops + 1) * timedelta(days=fade_days), last)


def require_step(wanted: Level, stands: int, *, ground: str | None) -> None:
    """Nobody climbs so fast, unless on a ground for an emergency hold."""
    highest = stands + 1 + SKIP_MAX
    if wanted.number > highest and ground is None:
        raise Denied(
            f"{wanted.name} is rung {wanted.number}; from rung {stands} the highest is rung "
            f"{highest}, because no more than one rung is skipped. Only a case about malware, "
            "privacy, the law or a credential may skip more.",
            code="RungSkipped",
        )


def require_bench(wanted: Level, stewards: int) -> Bench:
    """Who it takes: with fewer than two stewards who may act, what takes two takes a panel."""
    if wanted.bench is Bench.PANEL:
        raise Denied(
            f"Only a panel drawn by lot decides on {wanted.name}. Refer the case to one.",
            code="PanelOnly",
        )
    if wanted.bench is Bench.TWO_STEWARDS and stewards < 2:  # noqa: PLR2004
        raise Denied(
            f"{wanted.name} takes two stewards who are no party, and there are not two. Refer the "
            "case to a panel.",
            code="PanelOnly",
        )
    return wanted.bench


def require_no_party(actor_id: int | None, parties: Collection[int | None]) -> None:
    """Nobody acts in their own case."""
    if actor_id is not None and actor_id in parties:
        raise Denied(
            "You are a party to this case, and nobody acts in their own case.", code="PartyToCase"
        )


def require_state(state: State, *allowed: State) -> None:
    """A case goes its way step by step."""
    if state not in allowed:
        raise Conflict(f"This case is {state.value}: this cannot be done any more, or not yet.")


def require_answer_time(
    wanted: Level, charged_at: datetime, answered_at: datetime | None, *, now: datetime
) -> None:
    """Before something is taken from somebody they have answered, or had the time to."""
    until = charged_at + timedelta(days=ANSWER_DAYS)
    if wanted.number > 2 and answered_at is None and now < until:  # noqa: PLR2004 - nudge, warning
        raise Conflict(
            f"Whoever is concerned may answer until {until:%d %B %Y, %H:%M} UTC; only a "
            f"{'label' if wanted in MEASURES else 'nudge or a warning'} can be decided before.",
            code="AnswerAwaited",
        )


def sanction_until(step: Level, *, now: datetime) -> datetime | None:
    """When the effect of a rung ends by itself; None is never, or at once."""
    return None if step.days is None else now + timedelta(days=step.days)


def clean_words(text: str, what: str) -> str:
    """A statement: there must be one, and it has an end."""
    cleaned = text.replace("\0", "").replace("\r\n", "\n").strip()
    if not cleaned:
        raise Invalid(f"{what} cannot be empty.")
    if len(cleaned) > WORDS_LENGTH_MAX:
        raise Invalid(f"{what} has at most {WORDS_LENGTH_MAX:,} characters.")
    return cleaned


def clean_ground(charter: Charter, ground: str) -> Ground:
    """A ground on which the charter allows a hold."""
    allowed = charter.holds.grounds
    if ground not in allowed:
        raise Invalid(f"A hold is placed for one of: {', '.join(each.value for each in allowed)}.")
    return Ground(ground)


def require_room_for_report(today: int) -> None:
    """Reports are read by people."""
    if today >= REPORTS_PER_DAY:
        raise Excessive(f"You have made {REPORTS_PER_DAY} reports today; go on tomorrow.")


def require_not_again(before: datetime | None) -> None:
    """A hold bridges some hours once; after that a case says what follows, or nothing does."""
    if before is not None:
        raise Conflict(
            f"This was held already, until {before:%d %B %Y, %H:%M} UTC, and no case was opened. "
            "Report it now: a case on the same ground can act at once.",
            code="HeldBefore",
        )


def holders_needed(charter: Charter, stewards: int) -> int:
    """How many place a hold: as the charter says, and one where there are not so many."""
    return charter.holds.stewards if stewards >= charter.holds.stewards else 1


def hold_until(charter: Charter, stewards: int, *, now: datetime) -> datetime:
    """When a hold of now lapses; one placed alone for want of stewards lapses sooner."""
    alone = stewards < max(2, charter.holds.stewards)
    hours = min(HOLD_HOURS_ALONE, charter.holds.max_hours) if alone else charter.holds.max_hours
    return now + timedelta(hours=hours)


def appeal_until(charter: Charter, *, now: datetime) -> datetime:
    """Until when a decision of now can be appealed."""
    return now + timedelta(days=charter.appeals.window_days)


def require_in_window(until: datetime | None, *, now: datetime) -> None:
    """An appeal comes in time."""
    if until is None:
        raise Conflict("Nothing was decided here that could be appealed.")
    if now >= until:
        raise Denied(
            f"This could be appealed until {until:%d %B %Y, %H:%M} UTC.", code="AppealTooLate"
        )


def fewer(count: int) -> str:
    """A count that does not give anybody away."""
    return "fewer than 3" if 0 < count < 3 else str(count)  # noqa: PLR2004


def unknown_case() -> Unknown:
    """There is no such case, or one may not know of it."""
    return Unknown("There is no such case in this commons.", code="CaseNotFound")
