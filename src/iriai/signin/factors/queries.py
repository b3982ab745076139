"""What somebody sees of their own factors, and what a sign-in needs to know of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from iriai.base import credentials
from iriai.base.errors import Denied
from iriai.base.tx import Tx
from iriai.identity.rules import Act, Actor, Subject, require_may, require_signed_in
from iriai.identity.tables import Account, Session
from iriai.signin.factors import rules
from iriai.signin.factors.tables import Authenticator, Passkey, RecoveryCode


@dataclass(frozen=True, slots=True)
class Overview:
    """How somebody's account is kept."""

    has_password: bool
    authenticator_since: datetime | None
    passkeys: Sequence[Passkey]
    recovery_codes: int


def overview(tx: Tx, actor: Actor) -> Overview:
    """The actor's own factors."""
    mine = require_signed_in(actor)
    require_may(actor, Act.SECURE, Subject(mine))
    kept = tx.session.get(Authenticator, mine)
    return Overview(
        has_password=tx.session.get_one(Account, mine).password is not None,
        authenticator_since=None if kept is None else kept.confirmed_at,
        passkeys=passkeys_of(tx, mine),
        recovery_codes=recovery_codes_count(tx, mine),
    )


def passkeys_of(tx: Tx, account_id: int) -> Sequence[Passkey]:
    """An account's passkeys, newest first."""
    asked = select(Passkey).where(Passkey.account_id == account_id)
    return tx.session.scalars(asked.order_by(Passkey.id.desc())).all()


def recovery_codes_count(tx: Tx, account_id: int) -> int:
    """How many recovery codes of an account were not used yet."""
    asked = select(func.count()).where(
        RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None)
    )
    return int(tx.connection.execute(asked).scalar_one())


def has_authenticator(tx: Tx, account_id: int) -> bool:
    """Whether an account has a code app that shows the right codes."""
    kept = tx.session.get(Authenticator, account_id)
    return kept is not None and kept.confirmed_at is not None


def require_fresh(tx: Tx, actor: Actor, session: str) -> None:
    """Allow only who signed in a few minutes ago: for accounts that have no password to ask for."""
    asked = select(Session.created_at).where(
        Session.digest == credentials.digest(session), Session.account_id == actor.id
    )
    since = tx.connection.execute(asked).scalar_one_or_none()
    if since is None or tx.now - since > rules.FRESH:
        raise Denied("Sign out and in again to change this.", code="SignInAgain")
