"""Every commons keeps its charter where it can be cloned; what was founded half-way is finished."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from iriai.base.errors import HubError
from iriai.base.jobs import job
from iriai.base.tx import Ground
from iriai.commons.charter import actions

EVERY = timedelta(hours=1)

log = logging.getLogger(__name__)


@job(actions.PUBLISH)
def publish(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Make the charter's repository of one commons."""
    actions.publish(ground, int(payload["commons"]))


@job("charter.keep", every=EVERY)
def keep(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Make the repositories that are not there yet: of the hub itself, and of older commons."""
    del payload
    with ground.read() as tx:
        missing = actions.unpublished(tx)
    for commons_id in missing:
        try:
            actions.publish(ground, commons_id)
        except HubError:
            log.exception("The charter of commons %s could not be published.", commons_id)
