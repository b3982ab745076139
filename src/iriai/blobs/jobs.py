"""What is done about large bytes while nobody waits."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from iriai.base.jobs import job
from iriai.base.tx import Ground
from iriai.blobs import check, converting, sweeping

SWEEP_EVERY = timedelta(hours=6)

log = logging.getLogger(__name__)


@job("blobs.convert")
def convert(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Make a Xet file of an object that was sent whole."""
    converting.convert(ground, str(payload["sha256"]))


@job("blobs.drop")
def drop(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Drop the whole copy of an object that is a Xet file now."""
    sweeping.drop_blob(ground, str(payload["sha256"]))


@job("blobs.sweep", every=SWEEP_EVERY)
def sweep(ground: Ground, payload: Mapping[str, Any]) -> None:  # noqa: ARG001 - a job
    """Delete what nobody has needed for the grace."""
    sweeping.sweep(ground)


@job("blobs.scrub", every=check.SCRUB_EVERY)
def scrub(ground: Ground, payload: Mapping[str, Any]) -> None:  # noqa: ARG001 - a job
    """Read a thirtieth of everything."""
    for finding in check.scrub(ground, ground.clock().toordinal()):
        log.error("%s %s", finding.subject, finding.message)
