"""What is used of the pots is measured once an hour."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from iriai.base.jobs import job
from iriai.base.tx import Ground
from iriai.commons.pot import usage

EVERY = timedelta(hours=1)


@job("pot.measure", every=EVERY)
def measure(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Measure storage and traffic in every commons that has a pot."""
    del payload
    usage.measure_all(ground)
