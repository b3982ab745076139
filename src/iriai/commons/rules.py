"""Who may decide what, by preset. Pure.

A *preset* is how a commons decides while it has no charter of its own:

* `solo`: one person; what they decide is done.
* `owners`: the administrators of an organisation act at once, as on any hub; every act is logged.

What belongs to one person is not the commons' business: its owner acts on it as on their own.
"""

from enum import StrEnum

from iriai.base.errors import Denied
from iriai.identity.rules import Role


class Preset(StrEnum):
    """How a commons decides."""

    SOLO = "solo"
    OWNERS = "owners"


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


def relicenses(before: str | None, after: str | None) -> bool:
    """Whether a licence that was granted changes or goes. Naming a first one relicenses nothing."""
    return before is not None and before != after
