"""What an operator may do with their own hands to what a commons holds, and for how long. Pure.

Nothing of it is final: what would be (deleting, moving, relicensing) is not among the acts. An
*emergency* lapses after the charter's `operator.ratify_days` unless the commons ratifies it. A
*legal order* stands until it is taken back; its reason is public, or sealed until a day. Nobody's
office goes on for ever by one: whom it names administrator is so for `ORDERED_ROLE` at most, then
the operator orders it anew, which is logged, told and counted again, or leaves it.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from iriai.base.errors import Conflict, Denied, Invalid
from iriai.commons.charter.rules import Operator

REASON_LENGTH_MAX = 2_000
ORDERED_ROLE = timedelta(days=90)
"""How long somebody administers by a legal order, unless it is ordered anew."""


class Act(StrEnum):
    """What can be done."""

    HOLD = "hold"
    FREEZE = "freeze"
    DELIST = "delist"
    SUSPEND = "suspend"
    ADMINISTER = "administer"
    """Name an administrator where owners decide and none of them is left."""


class Basis(StrEnum):
    """Why the operator, and not the commons."""

    EMERGENCY = "emergency"
    LEGAL_ORDER = "legal_order"


class State(StrEnum):
    """What became of it."""

    STANDING = "standing"
    RATIFIED = "ratified"
    LAPSED = "lapsed"
    TAKEN_BACK = "taken_back"


NONE_YET = (
    "The operator has done nothing here with their own hands. Should they, it stands here at once, "
    "with the reason, and lapses unless the members ratify it."
)


def following(
    state: State,
    lapses_at: datetime | None,
    *,
    is_sealed: bool,
    basis: Basis = Basis.EMERGENCY,
) -> str:
    """What happens next with an act, and how to object."""
    if state is not State.STANDING:
        return {
            State.RATIFIED: "The members have ratified it; what they decided they can change.",
            State.LAPSED: "Its time was over without the members ratifying it, and it was undone.",
            State.TAKEN_BACK: "The operator took it back.",
        }[state]
    if lapses_at is not None:
        ratified = (
            f"It is undone on {lapses_at.day} {lapses_at:%B %Y, %H:%M} UTC unless the members "
            "ratify it, which any of them may propose; who is against it says so there, or lets it "
            "lapse."
        )
        if basis is Basis.EMERGENCY:
            return ratified
        return f"{ratified} A legal order can be given anew, and is then told and counted again."
    sealed = " Its reason is sealed until its day." if is_sealed else ""
    return f"A legal order stands until it is taken back.{sealed} It is counted here for good."


def require_ownerless(commons: str, is_collective: bool, owners: list[str]) -> None:
    """The operator names an administrator only where owners decide, and there is none."""
    if is_collective:
        raise Denied(
            f"The members of {commons} decide for themselves; nobody administers it. Where nobody "
            "of them is left, the commons above it takes custody.",
            code="CharterSays",
        )
    if owners:
        raise Conflict(f"{commons} has who administers it: {', '.join(owners[:5])}.")


def require_ratified_by_others(named: str, others: bool, spoke: bool) -> None:
    """Whom the operator named does not keep the office by their own word, where others belong."""
    if others and not spoke:
        raise Conflict(
            f"The operator made {named} administrator; that is not ratified by {named} alone. "
            f"Somebody else who belongs proposes it, and {named} gives their word."
        )


def clean_reason(text: str) -> str:
    """A reason is given, always."""
    reason = text.replace("\0", "").strip()
    if not reason:
        raise Invalid("Say why: an operator's act has a reason that the commons can read.")
    if len(reason) > REASON_LENGTH_MAX:
        raise Invalid(f"A reason has at most {REASON_LENGTH_MAX:,} characters.")
    return reason


def require_may_break_glass(operator: Operator, basis: Basis) -> None:
    """A charter may forbid it; the law cannot be forbidden."""
    if basis is Basis.EMERGENCY and not operator.break_glass:
        raise Denied(
            "The charter of this commons lets the operator break no glass "
            "(operator.break_glass). Only a legal order stands above it: --basis legal_order.",
            code="CharterSays",
        )


def lapses_at(operator: Operator, basis: Basis, act: Act, now: datetime) -> datetime | None:
    """Until when it must be ratified; a legal order has no such day, unless it names somebody."""
    if basis is Basis.EMERGENCY:
        return now + timedelta(days=operator.ratify_days)
    return now + ORDERED_ROLE if act is Act.ADMINISTER else None


def clean_sealed_until(
    basis: Basis, sealed_until: datetime | None, now: datetime
) -> datetime | None:
    """Only a legal order can keep its reason, and only until a day."""
    if sealed_until is None:
        return None
    if basis is not Basis.LEGAL_ORDER:
        raise Invalid("Only the reason of a legal order can be sealed.")
    if sealed_until <= now:
        raise Invalid("The day until which the reason is sealed has to come yet.")
    return sealed_until
