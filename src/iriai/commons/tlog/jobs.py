"""Checkpoints are signed when the state of a commons has changed, and of every log each hour."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from iriai.base import events
from iriai.base.jobs import job
from iriai.base.ledger import CHECKPOINT
from iriai.base.tx import Ground
from iriai.commons import queries
from iriai.commons.tlog import actions, adopting

EVERY = timedelta(hours=1)


@job(CHECKPOINT)
def checkpoint(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Sign one log."""
    actions.checkpoint(ground, int(payload["commons_id"]))


@job(adopting.KIND)
def adopt(ground: Ground, payload: Mapping[str, Any]) -> None:  # noqa: ARG001 - a job
    """Tell the logs of what was there before they told of it."""
    adopting.once(ground)


@job("commons.checkpoints", every=EVERY)
def checkpoints(ground: Ground, payload: Mapping[str, Any]) -> None:  # noqa: ARG001 - a job
    """Sign every log that has grown."""
    events.seal(ground)
    with ground.read() as tx:
        found = [each.id for each in queries.all_commons(tx) if events.head(tx, each.id).size]
    for commons_id in found:
        actions.checkpoint(ground, commons_id)
