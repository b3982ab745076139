"""The ways in: sessions for browsers, access tokens for programs, invitations for newcomers.

Each is a random secret, shown once and kept as its SHA-256. The log tells of tokens and of
invitations, their names in its private half; of signing in and out it says nothing. `actions`
offers all of this to the doors.
"""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, delete, func, or_, select, update

from iriai.base import credentials, passwords
from iriai.base.errors import Denied, Excessive, HubError, Unknown
from iriai.base.events import HUB
from iriai.base.tx import Ground, Tx
from iriai.identity import fields, granting, queries, rules
from iriai.identity.locks import lock_person
from iriai.identity.rules import Act, Actor, Grant, Reach, Role, Subject, Via
from iriai.identity.tables import Account, AccountKind, Invite, Session, Token

SESSIONS_MAX = 50
INVITES_MAX = 100
DEVICE_LENGTH_MAX = 200
HINT_LENGTH = 4

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Minted:
    """A new token. `raw` is seen here and never again."""

    id: int
    raw: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. `raw` goes into the cookie and is kept nowhere."""

    account: Account
    raw: str
    expires_at: datetime


def prove_password(ground: Ground, *, name: str, password: str) -> Account:
    """The person whose name and password these are. It opens nothing: a second factor may follow.

    A wrong name and a wrong password get the same answer after the same work.
    """
    with ground.read() as tx:
        found = queries.find_account(tx, name)
    kept = found.password if found is not None and found.kind == AccountKind.PERSON else None
    if not passwords.matches(kept, password) or found is None or kept is None:
        raise _wrong()
    if passwords.is_outdated(kept):
        again = passwords.hashed(password)
        with ground.write() as tx:
            tx.connection.execute(
                update(Account)
                .where(Account.id == found.id, Account.password == kept)
                .values(password=again)
            )
        found.password = again
    return found


def sign_in(
    ground: Ground, *, name: str, password: str, device: str = "", before: str | None = None
) -> SignedIn:
    """Open a session with a password alone, for whoever has no second factor.

    `before`, a session held already, ends: ids rotate.
    """
    proved = prove_password(ground, name=name, password=password)
    with ground.write() as tx:
        if require_unchanged(tx, proved).second_factor:
            raise Denied("This account asks for a second factor.", code="SecondFactorNeeded")
        if before is not None:
            close_session(tx, before)
        return open_session(tx, proved, device=device)


def require_unchanged(tx: Tx, proved: Account) -> Account:
    """The account as it is now, locked, if the password that was proved is still its own."""
    asked = select(Account).where(Account.id == proved.id).with_for_update()
    present = tx.session.scalar(asked.execution_options(populate_existing=True))
    if present is None or present.deleted_at is not None or present.password != proved.password:
        raise _wrong()
    return present


def _wrong() -> Denied:
    return Denied("The name or the password is wrong.", code="WrongCredentials")


def open_session(tx: Tx, account: Account, *, device: str = "") -> SignedIn:
    """Sign an account in. Sessions that are over go; beyond `SESSIONS_MAX`, the oldest too."""
    mine = Session.account_id == account.id
    newest = (
        select(Session.id).where(mine).order_by(Session.id.desc()).limit(SESSIONS_MAX - 1)
    ).scalar_subquery()
    tx.connection.execute(
        delete(Session).where(mine, or_(Session.expires_at <= tx.now, Session.id.not_in(newest)))
    )
    raw, expires_at = credentials.fresh_secret(), tx.now + timedelta(days=rules.SESSION_DAYS)
    tx.session.add(
        Session(
            digest=credentials.digest(raw),
            account_id=account.id,
            device=device[:DEVICE_LENGTH_MAX],
            created_at=tx.now,
            expires_at=expires_at,
        )
    )
    tx.flush()
    return SignedIn(account, raw, expires_at)


def close_session(tx: Tx, raw: str) -> None:
    """End the session of this cookie. One that is over already is no error."""
    tx.connection.execute(delete(Session).where(Session.digest == credentials.digest(raw)))


def end_session(tx: Tx, actor: Actor, *, session_id: int) -> None:
    """End one of the actor's own sessions, here or on another device."""
    rules.require_may(actor, Act.SECURE, Subject(rules.require_signed_in(actor)))
    tx.connection.execute(
        delete(Session).where(Session.id == session_id, Session.account_id == actor.id)
    )


def mint_token(
    tx: Tx,
    actor: Actor,
    *,
    name: str,
    role: Reach,
    grants: tuple[Grant, ...] = (),
    days: int | None = None,
    person: str | None = None,
) -> Minted:
    """A new access token of the actor's own, or, from the machine's shell, of `person`'s."""
    if actor is rules.OPERATOR and person is not None:
        owner = queries.person(tx, person).id
    else:
        owner = rules.require_signed_in(actor)
        rules.require_may(actor, Act.SECURE, Subject(owner))
    kept = granting.clean_token(role, grants)
    lasts = granting.clean_token_days(days)
    lock_person(tx, owner)  # one at a time, so that the limit is one
    _require_fewer(
        tx, Token, Token.account_id == owner, Token.revoked_at.is_(None), Token.via == Via.HAND
    )
    return issue_token(
        tx,
        actor.name,
        owner,
        name=fields.clean_token_name(name),
        role=role,
        grants=kept,
        lasts=None if lasts is None else timedelta(days=lasts),
    )


def issue_token(
    tx: Tx,
    by: str,
    account_id: int,
    *,
    name: str,
    role: Reach,
    grants: tuple[Grant, ...] = (),
    lasts: timedelta | None = None,
    via: Via = Via.HAND,
) -> Minted:
    """A new token of an account's, for what was allowed to have one already."""
    raw = credentials.fresh_token(tx.ground.secret)
    made = Token(
        account_id=account_id,
        digest=credentials.digest(raw),
        hint=raw[-HINT_LENGTH:],
        name=name,
        role=role.value,
        via=via.value,
        grants=_grants_kept(grants),
        created_at=tx.now,
        expires_at=None if lasts is None else tx.now + lasts,
    )
    tx.session.add(made)
    tx.session.flush()
    private = {"name": name, "role": made.role, "account": account_id, "grants": made.grants}
    tx.record(HUB, by, "minted", f"token/{made.id}", private=private)
    return Minted(made.id, raw)


def revoke_token(tx: Tx, actor: Actor, *, token_id: int) -> None:
    """Make one of the actor's own tokens worthless, at once."""
    owner = rules.require_signed_in(actor)
    rules.require_may(actor, Act.SECURE, Subject(owner))
    _revoke(tx, actor.name, Token.id == token_id, Token.account_id == owner)


def revoke_tokens(tx: Tx, by: str, token_ids: Sequence[int]) -> None:
    """Make these tokens worthless, for an action that was allowed to end them."""
    for token_id in token_ids:
        try:
            _revoke(tx, by, Token.id == token_id)
        except Unknown:
            continue


def revoke_leaked_token(tx: Tx, raw: str) -> None:
    """Make this very token worthless. Whoever holds one may do that; an unknown one is no error."""
    try:
        _revoke(tx, "anyone", Token.digest == credentials.digest(raw))
    except Unknown:
        return


def invite(
    tx: Tx, actor: Actor, *, organisation: str | None = None, role: Role | None = None
) -> str:
    """A link (its last part) that lets one person make an account and perhaps take a role."""
    if actor is not rules.OPERATOR:
        mine = rules.require_signed_in(actor)
        rules.require_may(actor, Act.SECURE, Subject(mine))
        lock_person(tx, mine)
        _require_fewer(tx, Invite, Invite.invited_by_id == mine, Invite.used_at.is_(None))
    group = queries.organisation(tx, organisation) if organisation else None
    if group is not None and actor is not rules.OPERATOR:
        rules.require_may(actor, Act.GOVERN, Subject(group.id))
    raw = credentials.fresh_secret()
    made = Invite(
        digest=credentials.digest(raw),
        invited_by_id=actor.id,
        organisation_id=None if group is None else group.id,
        role=None if group is None else (role or Role.READ).value,
        created_at=tx.now,
        expires_at=tx.now + timedelta(days=rules.INVITE_DAYS),
    )
    tx.session.add(made)
    tx.session.flush()
    commons = HUB if group is None or group.commons_id is None else group.commons_id
    facts: dict[str, Any] = {}
    if group is not None:
        facts = {"organisation": group.name, "role": made.role}
    tx.record(commons, actor.name, "issued", f"invite/{made.id}", **facts)
    return raw


def first_invite(tx: Tx) -> str | None:
    """The link for the very first account, in place of any before; None once there is somebody."""
    if queries.has_people(tx):
        return None
    tx.connection.execute(delete(Invite).where(Invite.is_first, Invite.used_at.is_(None)))
    raw = credentials.fresh_secret()
    tx.session.add(
        Invite(
            digest=credentials.digest(raw),
            is_first=True,
            created_at=tx.now,
            expires_at=tx.now + timedelta(days=rules.INVITE_DAYS),
        )
    )
    tx.flush()
    return raw


def note_use(ground: Ground, actor: Actor) -> None:
    """Write down, soon and elsewhere, that a token was used; at most once a minute for each.

    Returns at once: the request that used the token does not wait for the writing.
    """
    token_id, now = actor.scope.token_id, ground.clock()
    if token_id is None:
        return
    with _noting:
        noted = _noted.setdefault(ground.engine, {})
        last = noted.get(token_id)
        if last is not None and now - last < timedelta(seconds=rules.LAST_USE_SECONDS):
            return
        if len(noted) >= NOTED_MAX:
            noted.clear()
        noted[token_id] = now
    _writer().submit(_write_use, ground, token_id, now)


NOTED_MAX = 10_000
_noted: WeakKeyDictionary[Engine, dict[int, datetime]] = WeakKeyDictionary()
_noting = threading.Lock()


@lru_cache(maxsize=1)
def _writer() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="last-use")


def _write_use(ground: Ground, token_id: int, now: datetime) -> None:
    earlier = now - timedelta(seconds=rules.LAST_USE_SECONDS)
    try:
        with ground.write() as tx:
            tx.connection.execute(
                update(Token)
                .where(
                    Token.id == token_id,
                    or_(Token.last_used_at.is_(None), Token.last_used_at <= earlier),
                )
                .values(last_used_at=now)
            )
    except HubError as trouble:
        log.info("The last use of token %s was not written down: %s", token_id, trouble.message)


def _revoke(tx: Tx, by: str, *which: Any) -> None:
    asked = select(Token.id, Token.name).where(*which, Token.revoked_at.is_(None))
    found = tx.connection.execute(asked).first()
    if found is None:
        raise Unknown("There is no such token.", code="TokenNotFound")
    tx.connection.execute(update(Token).where(Token.id == found.id).values(revoked_at=tx.now))
    tx.record(HUB, by, "revoked", f"token/{found.id}", private={"name": found.name})


def _require_fewer(tx: Tx, table: type[Token | Invite], *which: Any) -> None:
    limit = rules.TOKENS_MAX if table is Token else INVITES_MAX
    open_ones = tx.connection.execute(
        select(func.count())
        .select_from(table)
        .where(*which, or_(table.expires_at.is_(None), table.expires_at > tx.now))
    ).scalar_one()
    if open_ones >= limit:
        what = "tokens; revoke" if table is Token else "open invitations; let"
        rest = "one first" if table is Token else "one be used first"
        raise Excessive(f"An account has at most {limit} {what} {rest}.")


def _grants_kept(grants: Sequence[Grant]) -> list[dict[str, Any]]:
    return [
        {"acts": sorted(grant.acts)}
        | {
            key: value
            for key, value in (
                ("account_id", grant.account_id),
                ("repo_id", grant.repo_id),
                ("anywhere", grant.anywhere or None),
            )
            if value is not None
        }
        for grant in grants
    ]
