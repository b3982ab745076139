"""Who is asking. It runs on every request: one statement, no objects made.

What a role, a kept repository or a restriction is at this moment is judged here, by `tx.now`:
rights stop in the second in which their term ends, though nobody has written that down yet.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, case, or_, select

from iriai.base import credentials
from iriai.base.errors import Denied
from iriai.base.tx import Tx
from iriai.identity import rules
from iriai.identity.rules import (
    SESSION_SCOPE,
    Act,
    Actor,
    Grant,
    Reach,
    Restraint,
    Role,
    TokenScope,
)
from iriai.identity.tables import Account, Membership, Session, Token

BAD_CREDENTIALS = "Invalid credentials in Authorization header"
"""Clients look for exactly these words."""


def role_at(now: datetime) -> ColumnElement[str | None]:
    """The role in force at a moment that is known."""
    return case(
        (or_(Membership.until.is_(None), Membership.until > now), Membership.role),
        else_=Membership.role_after,
    )


def _with_roles(*columns: Any) -> Select[Any]:
    """Columns about an account, and a row for each role. `terms` says in short what else holds."""
    return select(
        Account.id.label("account_id"),
        Account.name,
        Account.is_operator,
        Account.terms,
        Membership.organisation_id,
        Membership.role,
        Membership.until,
        Membership.role_after,
        *columns,
    ).outerjoin(Membership, Membership.person_id == Account.id)


_WITH_TOKEN = (
    _with_roles(
        Token.id.label("token_id"),
        Token.name.label("token_name"),
        Token.role.label("token_role"),
        Token.grants,
        Token.created_at.label("token_made_at"),
        Token.expires_at,
    )
    .join(Token, Token.account_id == Account.id)
    .where(Token.revoked_at.is_(None), Account.deleted_at.is_(None))
)
_BY_TOKEN = _WITH_TOKEN.where(Token.digest == bindparam("digest"))
_BY_TOKEN_ID = _WITH_TOKEN.where(
    Token.id == bindparam("token_id"), Account.id == bindparam("account_id")
)
_BY_ID = _with_roles().where(Account.id == bindparam("account_id"), Account.deleted_at.is_(None))
_BY_SESSION = (
    _with_roles()
    .join(Session, Session.account_id == Account.id)
    .where(
        Session.digest == bindparam("digest"),
        Session.expires_at > bindparam("now"),
        Account.deleted_at.is_(None),
    )
)


def actor_by_token(tx: Tx, raw: str) -> Actor:
    """Whoever holds this access token. A bad, expired or revoked one is `Denied`, all alike."""
    if credentials.is_token(raw):
        rows = tx.connection.execute(_BY_TOKEN, {"digest": credentials.digest(raw)}).all()
        return _holder(tx, rows)
    raise Denied(BAD_CREDENTIALS, code="Unauthenticated")


def actor_by_session(tx: Tx, raw: str) -> Actor | None:
    """Whoever signed in with this session; None when it is over."""
    asked = {"digest": credentials.digest(raw), "now": tx.now}
    rows = tx.connection.execute(_BY_SESSION, asked).all()
    return _actor(rows, SESSION_SCOPE, tx.now) if rows else None


def actor(tx: Tx, account_id: int, token_id: int | None = None) -> Actor:
    """An account as it may act now, in a session or with the token it came with.

    For what was begun earlier, by a transfer or a job: rights lost meanwhile are lost. `Denied`
    when the account or the token is gone.
    """
    if token_id is not None:
        asked = {"token_id": token_id, "account_id": account_id}
        return _holder(tx, tx.connection.execute(_BY_TOKEN_ID, asked).all())
    rows = tx.connection.execute(_BY_ID, {"account_id": account_id}).all()
    if not rows:
        raise Denied(BAD_CREDENTIALS, code="Unauthenticated")
    return _actor(rows, SESSION_SCOPE, tx.now)


def _holder(tx: Tx, rows: Sequence[Row[Any]]) -> Actor:
    """The actor of these rows about one token, unless it has expired or is none."""
    if not rows or (rows[0].expires_at is not None and rows[0].expires_at <= tx.now):
        raise Denied(BAD_CREDENTIALS, code="Unauthenticated")
    first = rows[0]
    scope = TokenScope(
        reach=Reach(first.token_role),
        grants=grants_read(first.grants),
        token_id=first.token_id,
        token_name=first.token_name,
        token_made_at=first.token_made_at,
    )
    return _actor(rows, scope, tx.now)


def _actor(rows: Sequence[Row[Any]], scope: TokenScope, now: datetime) -> Actor:
    first = rows[0]
    roles = {}
    for row in rows:
        role = row.role if row.until is None or row.until > now else row.role_after
        if role is not None:
            roles[row.organisation_id] = Role(role)
    if first.terms is None:
        return Actor(first.account_id, first.name, scope, roles, first.is_operator)
    return Actor(
        id=first.account_id,
        name=first.name,
        scope=scope,
        roles=roles,
        is_operator=first.is_operator,
        maintains=frozenset(
            int(repo_id)
            for repo_id, until in first.terms["keeps"].items()
            if datetime.fromisoformat(until) > now
        ),
        restraints=_restraints(first.terms["bound"], now),
    )


def _restraints(kept: Mapping[str, list[Any]], now: datetime) -> dict[int, Restraint]:
    found = {}
    for place, (kind, until, appeal_at, name) in kept.items():
        ends = None if until is None else datetime.fromisoformat(until)
        if ends is None or ends > now:
            found[int(place)] = Restraint(rules.Restriction(kind), ends, appeal_at, name)
    return found


def grants_read(kept: list[Any]) -> tuple[Grant, ...]:
    """Grants as rules know them, from how a row keeps them."""
    return tuple(
        Grant(
            acts=frozenset(Act(act) for act in each["acts"]),
            account_id=each.get("account_id"),
            repo_id=each.get("repo_id"),
            anywhere=each.get("anywhere", False),
        )
        for each in kept
    )
