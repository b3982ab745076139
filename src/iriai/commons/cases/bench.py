"""Who sits on a panel, and what their verdicts come to. Pure.

The pool is every elector for 90 days or more, less those who are involved. Five sit, else three.
Where there are fewer, the parent's panel sits, which hears only that the rules were not followed;
in the root commons all uninvolved electors; and with none of those everybody votes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from iriai.base.errors import Conflict, Denied, Invalid
from iriai.commons.charter.rules import Charter
from iriai.commons.charter.rules import Conflict as Excluded

ELECTOR_DAYS = 90
SIZES = (5, 3)
ACCEPT_DAYS = 3
ROUNDS_MAX = 3
UNNAMED_MIN = 5
"""So many electors must be left besides for the names of those who were asked to be public."""
"""After so many panels that did not answer everybody votes."""

CASTS_LENGTH_MAX = 4_000


class Form(StrEnum):
    """How those who sit were found."""

    LOT = "lot"
    ELECTORS = "electors"
    VOTE = "vote"


class Matter(StrEnum):
    """What a panel is asked about."""

    SANCTION = "sanction"
    CASE = "case"
    GATE = "gate"
    REMOVAL = "removal"


class Sitting(StrEnum):
    """Where a panel stands."""

    WAITING = "waiting"
    CLOSED = "closed"
    SITTING = "sitting"
    ANSWERED = "answered"
    REPLACED = "replaced"


class SeatState(StrEnum):
    """Whether somebody who was asked sits."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    SILENT = "silent"


class Verdict(StrEnum):
    """What a panel says of a decision; of a case that was referred to it, the rung or none."""

    UPHELD = "upheld"
    VARIED = "varied"
    OVERTURNED = "overturned"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An elector who may be drawn."""

    id: int
    name: str
    elector_since: datetime
    institution_id: int | None


@dataclass(frozen=True, slots=True)
class Cast:
    """One seat's verdict; `rung` is the level of a varied sanction, from 1."""

    verdict: Verdict
    level: int = 0


def pool(
    candidates: Iterable[Candidate],
    charter: Charter,
    *,
    parties: Collection[int],
    institutions: Collection[int],
    sat: Collection[int],
    now: datetime,
) -> list[Candidate]:
    """Those among whom the lot is drawn. `sat`: who sat on the last two panels."""
    excluded = charter.appeals.exclude
    long_enough = now - timedelta(days=ELECTOR_DAYS)
    found = []
    for each in candidates:
        if each.id in parties or each.elector_since > long_enough:
            continue
        if Excluded.SAME_INSTITUTION in excluded and each.institution_id in institutions:
            continue
        if Excluded.LAST_TWO_PANELS in excluded and each.id in sat:
            continue
        found.append(each)
    return found


def size(charter: Charter, eligible: int) -> int:
    """How many sit: as many as the charter says, else five, else three; 0 where there are fewer."""
    for wanted in dict.fromkeys((charter.appeals.panel, *SIZES)):
        if wanted <= charter.appeals.panel and eligible >= wanted:
            return wanted
    return 0


def smaller(wanted: int, available: int) -> int:
    """How many sit once others declined: still an odd number, and at least three; else 0."""
    return max((each for each in (wanted, *SIZES) if each <= min(wanted, available)), default=0)


def next_asked(order: Sequence[int], states: Mapping[int, SeatState], size: int) -> list[int]:
    """Whom to ask now, in the order of the lot, so that `size` may sit."""
    gone = {SeatState.DECLINED, SeatState.SILENT}
    hopeful = sum(state not in gone for state in states.values())
    waiting = [each for each in order if each not in states]
    return waiting[: max(0, size - hopeful)]


def conclusion(casts: Collection[Cast], seats: int, *, is_over: bool) -> Cast | None:
    """What the seats have said; None while it can still change, or where too few have spoken.

    Verdicts are ordered from the mildest: the one in the middle is the panel's, so that it never
    matters how they are split. Of an even number a tie keeps the harsher of the two in the middle,
    which is the decision as it stands.
    """
    counted = sorted(casts, key=_severity)
    if not counted:
        return None
    majority = seats // 2 + 1
    for each in counted:
        if sum(other == each for other in counted) >= majority:
            return each
    if len(counted) == seats or (is_over and len(counted) >= majority):
        return counted[len(counted) // 2]
    return None


def _severity(cast: Cast) -> tuple[int, int]:
    kinds = (Verdict.OVERTURNED, Verdict.VARIED, Verdict.UPHELD)
    return kinds.index(cast.verdict), cast.level


def clean_verdict(text: str) -> Verdict:
    """A verdict, from its word."""
    try:
        return Verdict(text)
    except ValueError:
        raise Invalid(f"A verdict is one of {', '.join(Verdict)}.") from None


def outcomes(matter: Matter, *, is_from_above: bool) -> tuple[Verdict, ...]:
    """What a panel may say about a matter.

    Of what a commons has decided, the one above hears only that the rules were not followed: it
    stands (they were) or it does not (they were not); how harsh it is stays with who decided. A
    case that nobody has decided has nothing to be upheld, wherever it is heard; of the rungs that
    may be named see `require_in_reach`.
    """
    if matter is Matter.CASE:
        return (Verdict.VARIED, Verdict.OVERTURNED)
    if is_from_above or matter is not Matter.SANCTION:
        return (Verdict.UPHELD, Verdict.OVERTURNED)
    return tuple(Verdict)


def require_outcome(verdict: Verdict, matter: Matter, *, is_from_above: bool) -> None:
    """A panel says what it was asked, and no more."""
    if verdict in outcomes(matter, is_from_above=is_from_above):
        return
    if matter is Matter.CASE:
        raise Invalid("Nothing was decided yet: name a rung (varied), or dismiss it (overturned).")
    if is_from_above:
        raise Denied(
            "The commons above hears only whether the rules were followed: the decision stands "
            "(upheld), or the rules were not followed and it does not (overturned).",
            code="RulesOnly",
        )
    raise Invalid("Here a decision stands (upheld) or does not (overturned).")


def require_milder(level: int, given: int) -> None:
    """An appeal makes nothing worse: a decision that is varied is varied to a milder rung."""
    if level >= given:
        raise Invalid(
            "A decision is varied to a milder rung: nobody is worse off for having appealed."
        )


def require_in_reach(level: int, stands: int, *, is_from_above: bool) -> None:
    """From above comes no more than the next rung: that a rule was not followed, and no measure."""
    if is_from_above and level > stands + 1:
        raise Denied(
            "The commons above hears only whether the rules were followed: where they were not, "
            f"the next rung follows (rung {stands + 1}) or a milder one. How harsh it is beyond "
            "that stays with those whose commons it is.",
            code="RulesOnly",
        )


def may_name(form: Form | None, others: int) -> bool:
    """Whether everybody may read who was asked; `others` are the electors who were not.

    Where few are left it is they who are involved. Where all vote, names say nothing.
    """
    return form is Form.VOTE or others >= UNNAMED_MIN


def require_seat(state: SeatState | None) -> None:
    """Only those who were asked, and did not decline, have a word in it."""
    if state in (None, SeatState.DECLINED, SeatState.SILENT):
        raise Denied("You have no seat on this panel.", code="NoSeat")


def require_sitting(state: Sitting) -> None:
    """A panel speaks while it sits."""
    if state is not Sitting.SITTING:
        raise Conflict(
            "This panel does not sit: it was not drawn yet, has answered, or was replaced."
        )
