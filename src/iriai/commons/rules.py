"""Who may decide what, where owners decide. Pure.

By the presets `solo` and `owners` the administrators of an organisation act at once, as on any hub,
and every act is logged. By all others the members decide, as their charter says.

What belongs to one person is not the commons' business: its owner acts on it as on their own.
"""

from collections.abc import Collection
from enum import StrEnum

from iriai.base.errors import Denied
from iriai.commons.charter.rules import Preset
from iriai.identity.rules import Role


class Act(StrEnum):
    """What only a commons may do to what it holds."""

    DELETE = "delete"
    MOVE = "move"
    RELICENSE = "relicense"
    CHANGE_VISIBILITY = "change the visibility of"
    RECEIVE = "receive"


def require_may_decide(preset: Preset, act: Act, role: Role | None) -> None:
    """Under `owners` an administrator decides alone; under `solo`, its one member does."""
    if role is not Role.ADMIN:
        who = "its administrators" if preset is Preset.OWNERS else "its one member"
        raise Denied(
            f"This repository belongs to an organisation: only {who} can {act.value} it.",
            code="NotAnAdministrator",
        )


def relicenses(before: Collection[str], after: Collection[str]) -> bool:
    """Whether a licence that was granted goes, or others come beside it.

    Naming the first ones relicenses nothing.
    """
    return bool(before) and set(before) != set(after)
