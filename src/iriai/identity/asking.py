"""Who is asking. It runs on every request: one statement, no objects made.

What a role, a kept repository or a restriction is at this moment the statement judges itself, by
`now`: rights stop in the second in which their term ends, though nobody has written that down yet.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, or_, select

from iriai.base import credentials
from iriai.base.db import Moment
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
from iriai.identity.tables import Account, Maintainer, Membership, Restriction, Session, Token

BAD_CREDENTIALS = "Invalid credentials in Authorization header"
"""Clients look for exactly these words."""

_NOW = bindparam("now", type_=Moment)
_PLACE = Account.__table__.alias("place")
_ROLE = case(
    (or_(Membership.until.is_(None), Membership.until > _NOW), Membership.role),
    else_=Membership.role_after,
).label("role")
"""The role in force: in the second its term ends, what remains after it."""


def role_at(now: datetime) -> ColumnElement[str | None]:
    """The role in force at a moment that is known."""
    return case(
        (or_(Membership.until.is_(None), Membership.until > now), Membership.role),
        else_=Membership.role_after,
    )


def _with_roles(*columns: Any) -> Select[Any]:
    """Columns about an account, and a row for each role, kept repository and restriction.

    The three multiply, which hardly anybody notices: of the last two most people have none.
    """
    return (
        select(
            Account.id.label("account_id"),
            Account.name,
            Account.is_operator,
            Membership.organisation_id,
            _ROLE,
            Maintainer.repo_id.label("maintains"),
            Restriction.organisation_id.label("restricted_in"),
            Restriction.kind.label("restriction"),
            Restriction.until.label("restricted_until"),
            Restriction.appeal_at,
            _PLACE.c.name.label("restricted_at"),
            *columns,
        )
        .outerjoin(Membership, Membership.person_id == Account.id)
        .outerjoin(Maintainer, and_(Maintainer.person_id == Account.id, Maintainer.until > _NOW))
        .outerjoin(
            Restriction,
            and_(
                Restriction.account_id == Account.id,
                or_(Restriction.until.is_(None), Restriction.until > _NOW),
            ),
        )
        .outerjoin(_PLACE, _PLACE.c.id == Restriction.organisation_id)
    )


_WITH_TOKEN = (
    _with_roles(
        Token.id.label("token_id"),
        Token.name.label("token_name"),
        Token.role.label("token_role"),
        Token.grants,
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
        Session.expires_at > _NOW,
        Account.deleted_at.is_(None),
    )
)


def actor_by_token(tx: Tx, raw: str) -> Actor:
    """Whoever holds this access token. A bad, expired or revoked one is `Denied`, all alike."""
    if credentials.is_token(raw):
        rows = tx.connection.execute(
            _BY_TOKEN, {"digest": credentials.digest(raw), "now": tx.now}
        ).all()
        return _holder(tx, rows)
    raise Denied(BAD_CREDENTIALS, code="Unauthenticated")


def actor_by_session(tx: Tx, raw: str) -> Actor | None:
    """Whoever signed in with this session; None when it is over."""
    asked = {"digest": credentials.digest(raw), "now": tx.now}
    rows = tx.connection.execute(_BY_SESSION, asked).all()
    return _actor(rows, SESSION_SCOPE) if rows else None


def actor(tx: Tx, account_id: int, token_id: int | None = None) -> Actor:
    """An account as it may act now, in a session or with the token it came with.

    For what was begun earlier, by a transfer or a job: rights lost meanwhile are lost. `Denied`
    when the account or the token is gone.
    """
    if token_id is not None:
        asked = {"token_id": token_id, "account_id": account_id, "now": tx.now}
        return _holder(tx, tx.connection.execute(_BY_TOKEN_ID, asked).all())
    rows = tx.connection.execute(_BY_ID, {"account_id": account_id, "now": tx.now}).all()
    if not rows:
        raise Denied(BAD_CREDENTIALS, code="Unauthenticated")
    return _actor(rows, SESSION_SCOPE)


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
    )
    return _actor(rows, scope)


def _actor(rows: Sequence[Row[Any]], scope: TokenScope) -> Actor:
    first = rows[0]
    return Actor(
        id=first.account_id,
        name=first.name,
        scope=scope,
        roles={row.organisation_id: Role(row.role) for row in rows if row.role is not None},
        is_operator=first.is_operator,
        maintains=_NOTHING if first.maintains is None else frozenset(row.maintains for row in rows),
        restraints={} if first.restriction is None else _restraints(rows),
    )


_NOTHING: frozenset[int] = frozenset()


def _restraints(rows: Sequence[Row[Any]]) -> dict[int, Restraint]:
    return {
        row.restricted_in: Restraint(
            rules.Restriction(row.restriction),
            row.restricted_until,
            row.appeal_at,
            row.restricted_at or "",
        )
        for row in rows
    }


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
