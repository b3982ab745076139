"""Waiting for a thing itself, never for a time: on a slow machine everything comes late."""

import time
from collections.abc import Callable
from typing import Any

SECONDS = 120
"""How late a thing may be on a machine that does much else; it is there long before as a rule."""
LOOK_SECONDS = 0.02


def until(look: Callable[[], Any], *, seconds: float = SECONDS) -> Any:
    """What `look` gives, once that is true of something; what it gave last when time is over."""
    ends = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < ends:
        time.sleep(LOOK_SECONDS)
    return found
