"""Exports are made by a worker, and removed when their week is over."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from iriai.base.jobs import job
from iriai.base.tx import Ground
from iriai.commons.exit import asking

SWEEP_EVERY = timedelta(hours=6)


@job(asking.JOB)
def export(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Make one export."""
    asking.make(ground, int(payload["id"]))


@job("commons.exports.sweep", every=SWEEP_EVERY)
def sweep(ground: Ground, payload: Mapping[str, Any]) -> None:  # noqa: ARG001 - a job
    """Remove those that nobody can open any more."""
    asking.sweep(ground)
