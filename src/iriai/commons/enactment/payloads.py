"""What a payload holds, read strictly: it comes from anybody, and may hold anything. Pure."""

from typing import Any

from iriai.base.errors import Invalid
from iriai.base.numbers import whole
from iriai.commons.enactment.registry import Payload

TEXT_LENGTH_MAX = 500
NUMBER_DIGITS_MAX = 15


def text(payload: Payload, field: str, what: str) -> str:
    """A text out of a payload, on one line, which must be there."""
    given = " ".join(str(payload.get(field) or "").replace("\0", "").split())
    if not given:
        raise Invalid(f"Say {what}.")
    if len(given) > TEXT_LENGTH_MAX:
        raise Invalid(f"Say {what} in at most {TEXT_LENGTH_MAX} characters.")
    return given


def whole_number(given: Any, what: str) -> int:
    """A number out of a payload, which may hold anything."""
    number = whole(str(given).strip(), digits_max=NUMBER_DIGITS_MAX)
    if number is None:
        raise Invalid(f"{what} Give its number.")
    return number


def flag(payload: Payload, field: str) -> bool:
    """A truth value out of a payload, as a form or JSON has it."""
    return str(payload.get(field, "true")).lower() in ("true", "1", "on", "yes")


def new_name(now: str, wanted: str, *, is_private: bool) -> str:
    """The name that something shall have; nothing where a private thing keeps its own.

    Proposals are public, and so would be the name.
    """
    return "" if is_private and wanted == now else wanted


def place(payload: Payload) -> str:
    """Where a payload moves something to, in words: an owner, and a name where one is said."""
    return "/".join(each for each in (payload["to_owner"], payload["to_name"]) if each)
