"""What is tidied away by itself: sessions that are over, invitations that nobody took."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete

from iriai.base.jobs import job
from iriai.base.tx import Ground
from iriai.identity.tables import Invite, Session

EVERY = timedelta(days=1)
INVITES_KEPT = timedelta(days=30)
"""For how long after it lapsed an invitation still says that it is too old."""


@job("identity.tidy", every=EVERY)
def tidy(ground: Ground, _payload: Mapping[str, Any]) -> None:
    """Remove lapsed sessions and long lapsed, unused invitations."""
    with ground.write() as tx:
        tx.connection.execute(delete(Session).where(Session.expires_at <= tx.now))
        tx.connection.execute(
            delete(Invite).where(
                Invite.used_at.is_(None), Invite.expires_at <= tx.now - INVITES_KEPT
            )
        )
