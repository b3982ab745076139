"""What a payload holds, read strictly: it comes from anybody, and may hold anything. Pure."""

from typing import Any

from iriai.base.errors import Invalid
from iriai.base.numbers import whole
from iriai.commons.charter.rules import Action
from iriai.commons.enactment.registry import Payload
from iriai.commons.proposals.forms import FORMS

TEXT_LENGTH_MAX = 500
NUMBER_DIGITS_MAX = 15
KEYS_SHOWN_MAX = 5
KEY_LENGTH_SHOWN = 40
ALSO = {"repo": "repo_id"}
"""By what else a payload may say the same."""
NAMED = (Action.RESOURCE_MERGE, Action.CHARTER_AMEND, Action.CHARTER_AMEND_ENTRENCHED)
"""What is about a pull request: without its number there is nothing to look for."""


def require_keys(action: Action, payload: Payload) -> None:
    """Say which key is wrong where one that is needed is missing, and another is there instead.

    Which keys an action takes is what its form asks; a choice of few has a default.
    Raises `Invalid` (400), `PayloadKey`.
    """
    fields = FORMS.get(action, ())
    known = {each.name for each in fields} | {ALSO.get(each.name, "") for each in fields}
    unknown = sorted(str(each) for each in payload if each not in known)
    missing = [
        each.name
        for each in fields
        if not (
            each.is_optional
            or each.choices
            or each.name in payload
            or ALSO.get(each.name) in payload
        )
    ]
    if missing and (unknown or action in NAMED):
        takes = ", ".join(f"“{each.name}”" for each in fields)
        given = ", ".join(f"“{each[:KEY_LENGTH_SHOWN]}”" for each in unknown[:KEYS_SHOWN_MAX])
        wrong = f" It knows no {given}." if given else ""
        raise Invalid(
            f"{action} takes {takes} in its payload, and “{missing[0]}” is missing.{wrong}",
            code="PayloadKey",
        )


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
