"""What a proposal is about, and how many may run at once. Pure."""

from collections.abc import Mapping
from typing import Any

from iriai.base.errors import Excessive

RUNNING_OF_MAX = 50
RUNNING_OF_ONE_MAX = 10


def require_room(running: int, own: int) -> None:
    """A commons has only so much attention, and nobody takes all of it, nor do a few together.

    Nobody begins another who has as many running as there are places left: the last place is for
    somebody with none.
    """
    if own >= RUNNING_OF_ONE_MAX:
        raise Excessive(f"{own} of your own proposals run here; wait until one is decided.")
    if running >= RUNNING_OF_MAX:
        raise Excessive(f"{running} proposals run here; wait until one of them is decided.")
    if own >= RUNNING_OF_MAX - running:
        raise Excessive(
            f"{running} proposals run here, {own} of them yours. What is left is for who has "
            "fewer; wait until one is decided."
        )


def about(payload: Mapping[str, Any] | None) -> int | None:
    """Which repository a decision is about. Where it was talked over can be another one."""
    return None if payload is None else payload.get("repo_id")
