"""What is tidied away by itself: steps, codes and tokens that nobody can use any more."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, or_, select

from iriai.base.jobs import job
from iriai.base.tx import Ground
from iriai.identity.rules import Via
from iriai.identity.tables import Token
from iriai.signin.apps.tables import AppCode, AppToken, DeviceCode, RefreshToken
from iriai.signin.publishers.tables import SpentAssertion
from iriai.signin.tables import Step

EVERY = timedelta(hours=6)
KEPT = timedelta(days=30)
"""For how long a code or token is known after its end: one that comes again tells of theft."""


@job("signin.tidy", every=EVERY)
def tidy(ground: Ground, _payload: Mapping[str, Any]) -> None:
    """Remove what lapsed. Tokens that somebody made by hand stay listed."""
    with ground.write() as tx:
        over = tx.now - KEPT
        lapsed = select(Token.id).where(
            Token.via != Via.HAND.value,
            or_(Token.expires_at < over, Token.revoked_at < over),
        )
        for gone in (
            delete(Step).where(Step.expires_at <= tx.now),
            delete(SpentAssertion).where(SpentAssertion.expires_at <= tx.now),
            delete(DeviceCode).where(DeviceCode.expires_at <= tx.now - timedelta(hours=1)),
            delete(AppCode).where(AppCode.expires_at <= over),
            delete(RefreshToken).where(RefreshToken.expires_at <= over),
            delete(AppToken).where(AppToken.token_id.in_(lapsed)),
            delete(Token).where(Token.id.in_(lapsed)),
        ):
            tx.connection.execute(gone)
