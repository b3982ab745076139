"""What webhooks leave to the worker: reading the log, and forgetting what was long ago."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete

from iriai.base import cursors
from iriai.base.jobs import job
from iriai.base.tx import Ground
from iriai.webhooks import rules, telling
from iriai.webhooks.rules import State
from iriai.webhooks.tables import DeliveryRow

cursors.reader("webhooks")(telling.take)


@job("webhooks.forget", every=timedelta(hours=6))
def forget(ground: Ground, _payload: Mapping[str, Any]) -> None:
    """Forget deliveries that are done and long ago."""
    with ground.write() as tx:
        tx.connection.execute(
            delete(DeliveryRow).where(
                DeliveryRow.made_at < tx.now - timedelta(days=rules.KEPT_DAYS),
                DeliveryRow.state != State.WAITING,
            )
        )
