"""Tokens for apps and command lines: given for a code, a device's patience, or a refresh token.

Each request is judged in a transaction that commits even when the answer is no: a code that comes
twice ends the consent it was given for, and that must stay so.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update

from iriai.base import credentials
from iriai.base.errors import Denied, HubError
from iriai.base.tx import Ground, Tx
from iriai.identity import admission
from iriai.identity import queries as identity
from iriai.identity.rules import Grant, Reach, Via
from iriai.identity.tables import Token
from iriai.signin.apps import queries, rules
from iriai.signin.apps.rules import Consent, DeviceStatus, Poll, Refused
from iriai.signin.apps.tables import App, AppCode, AppGrant, AppToken, DeviceCode, RefreshToken


@dataclass(frozen=True, slots=True)
class Given:
    """Tokens given out. `access` and `refresh` are seen here and never again."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    lasts: timedelta
    scopes: tuple[str, ...]
    account_id: int
    client_id: str
    nonce: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """How an app says who it is: its id, and its secret where it has one."""

    id: str
    secret: str = field(default="", repr=False)


def poll_device(ground: Ground, client: Client, *, code: str) -> Given:
    """Tokens for a device that was let in; else `Refused`, with why in `code`."""

    def work(tx: Tx) -> Given | Refused:
        asked = select(DeviceCode).where(DeviceCode.digest == credentials.digest(code))
        found = tx.session.scalar(asked.with_for_update())
        app = _client(tx, client)
        if found is None or found.app_id != (None if app is None else app.id):
            return Refused("This device code is not known.", code="invalid_grant")
        answer = rules.polled(
            DeviceStatus(found.status),
            polled_at=found.polled_at,
            interval=timedelta(seconds=found.interval_seconds),
            expires_at=found.expires_at,
            now=tx.now,
        )
        found.polled_at = tx.now
        if answer is Poll.SLOW_DOWN:
            found.interval_seconds += rules.SLOWER_SECONDS
        if answer is not Poll.GO or found.grant_id is None:
            return Refused(_POLL_SAYS[answer], code=answer.value)
        found.status = DeviceStatus.USED.value
        return _give(tx, tx.session.get_one(AppGrant, found.grant_id), app)

    return _settled(ground, work)


_POLL_SAYS = {
    Poll.GO: "This device was not let in.",
    Poll.PENDING: "Nobody has decided about this device yet.",
    Poll.SLOW_DOWN: "Ask less often.",
    Poll.EXPIRED: "This code is too old; begin again.",
    Poll.DENIED: "This device was refused.",
    Poll.SPENT: "This device was let in already.",
}


def change_code(
    ground: Ground, client: Client, *, code: str, redirect_uri: str, verifier: str
) -> Given:
    """Tokens for the code of a redirect. One that comes twice was overheard: its consent ends."""

    def work(tx: Tx) -> Given | Refused:
        asked = select(AppCode).where(AppCode.digest == credentials.digest(code))
        found = tx.session.scalar(asked.with_for_update())
        grant = None if found is None else tx.session.get_one(AppGrant, found.grant_id)
        if found is None or grant is None or grant.app_id is None:
            return Refused("This code is not known.", code="invalid_grant")
        app = tx.session.get_one(App, grant.app_id)
        if client.id or app.secret_digest is not None or found.challenge is None:
            asking = _client(tx, client)
            if asking is None or asking.id != app.id:
                return Refused("This code was given to another app.", code="invalid_grant")
        if found.used_at is not None:
            end(tx, app.name, grant.id)
            return Refused("This code was used already.", code="invalid_grant")
        if grant.ended_at is not None or app.deleted_at is not None or found.expires_at <= tx.now:
            return Refused("This code is too old.", code="invalid_grant")
        if not rules.comes_back(
            redirect_uri,
            asked=found.redirect_uri,
            registered=app.redirect_uris,
            proved=found.challenge is not None,
        ):
            return Refused("This is not the address the code went to.", code="invalid_grant")
        if not rules.proves(verifier, found.challenge):
            return Refused("The code_verifier does not fit.", code="invalid_grant")
        found.used_at = tx.now
        return _give(tx, grant, app, nonce=found.nonce)

    return _settled(ground, work)


def refresh(ground: Ground, client: Client, *, raw: str) -> Given:
    """New tokens for a refresh token, which is spent. One spent twice was stolen: all ends."""

    def work(tx: Tx) -> Given | Refused:
        asked = select(RefreshToken).where(RefreshToken.digest == credentials.digest(raw))
        found = tx.session.scalar(asked.with_for_update())
        if found is None:
            return Refused("This refresh token is not known.", code="invalid_grant")
        grant = tx.session.get_one(AppGrant, found.grant_id)
        app = _client(tx, client)
        if grant.app_id != (None if app is None else app.id):
            return Refused("This refresh token is another app's.", code="invalid_grant")
        if found.spent_at is not None:
            end(tx, "anyone", grant.id)
            return Refused("This refresh token was used already.", code="invalid_grant")
        if grant.ended_at is not None or found.expires_at <= tx.now:
            return Refused("This refresh token is over; sign in again.", code="invalid_grant")
        found.spent_at = tx.now
        return _give(tx, grant, app)

    return _settled(ground, work)


def _give(tx: Tx, grant: AppGrant, app: App | None, *, nonce: str | None = None) -> Given | Refused:
    """An access token and a refresh token for a consent."""
    try:
        person = identity.actor(tx, grant.account_id)
    except Denied:
        return Refused("This account is gone.", code="invalid_grant")
    scopes = tuple(grant.scopes)
    lasts = rules.LOGIN_TOKEN if app is None else rules.APP_TOKEN
    grants: tuple[Grant, ...] = ()
    if app is None:
        role = Reach(scopes[0])
        name, via = f"oauth-{person.name}", Via.LOGIN
    else:
        role, name, via = Reach.FINE_GRAINED, app.name, Via.APP
        allowed = Consent(scopes, tuple(grant.organisations))
        grants = rules.grants(allowed, person_id=grant.account_id)
    minted = admission.issue_token(
        tx,
        person.name,
        grant.account_id,
        name=name,
        role=role,
        grants=grants,
        lasts=lasts,
        via=via,
    )
    renewing = credentials.fresh_secret()
    tx.session.add(AppToken(token_id=minted.id, grant_id=grant.id))
    tx.session.add(
        RefreshToken(
            digest=credentials.digest(renewing),
            grant_id=grant.id,
            created_at=tx.now,
            expires_at=tx.now + rules.REFRESH_TOKEN,
        )
    )
    grant.last_used_at = tx.now
    return Given(
        access=minted.raw,
        refresh=renewing,
        lasts=lasts,
        scopes=scopes,
        account_id=grant.account_id,
        client_id=rules.COMMAND_LINE if app is None else app.client_id,
        nonce=nonce,
        since=grant.created_at,
    )


def revoke(tx: Tx, raw: str) -> None:
    """End what this access or refresh token was given for, as whoever holds it (RFC 7009)."""
    digest = credentials.digest(raw)
    by_access = (
        select(AppToken.grant_id)
        .join(Token, Token.id == AppToken.token_id)
        .where(Token.digest == digest)
    )
    by_refresh = select(RefreshToken.grant_id).where(RefreshToken.digest == digest)
    for asked in (by_access, by_refresh):
        for grant_id in tx.connection.execute(asked).scalars().all():
            end(tx, "anyone", grant_id)


def _client(tx: Tx, client: Client) -> App | None:
    """The app that asks, having shown its secret where it has one; None for a command line."""
    if client.id == rules.COMMAND_LINE:
        return None
    try:
        found = queries.app(tx, client.id)
    except HubError as error:
        raise Refused(error.message, code="invalid_client") from error
    shown = credentials.digest(client.secret)
    if found.secret_digest is not None and not secrets.compare_digest(shown, found.secret_digest):
        raise Refused("The client's secret is wrong.", code="invalid_client")
    return found


def end(tx: Tx, by: str, grant_id: int) -> None:
    """End a consent and every token that was given out for it."""
    tx.flush()
    tx.connection.execute(
        update(AppGrant)
        .where(AppGrant.id == grant_id, AppGrant.ended_at.is_(None))
        .values(ended_at=tx.now)
    )
    tx.connection.execute(
        update(RefreshToken)
        .where(RefreshToken.grant_id == grant_id, RefreshToken.spent_at.is_(None))
        .values(spent_at=tx.now)
    )
    open_ones = (
        select(AppToken.token_id)
        .join(Token, Token.id == AppToken.token_id)
        .where(AppToken.grant_id == grant_id, Token.revoked_at.is_(None))
    )
    admission.revoke_tokens(tx, by, tx.connection.execute(open_ones).scalars().all())


def _settled(ground: Ground, work: Callable[[Tx], Given | Refused]) -> Given:
    """Do it, keep what was written even if the answer is no, then give or refuse."""
    with ground.write() as tx:
        done = work(tx)
    if isinstance(done, Refused):
        raise done
    return done
