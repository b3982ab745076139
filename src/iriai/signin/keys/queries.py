"""One's keys, and who holds a ticket."""

from collections.abc import Sequence

from sqlalchemy import select

from iriai.base.errors import Denied
from iriai.base.tx import Tx
from iriai.identity import queries as identity
from iriai.identity.rules import Act, Actor, Subject, Via, require_may, require_signed_in
from iriai.identity.tables import Token
from iriai.signin.keys import rules

ALGORITHM = "HS256"


def keys_of(tx: Tx, actor: Actor) -> Sequence[Token]:
    """The keys that the actor registered and did not revoke, newest first."""
    require_may(actor, Act.SECURE, Subject(require_signed_in(actor)))
    asked = (
        select(Token)
        .where(Token.account_id == actor.id, Token.via == Via.KEY, Token.revoked_at.is_(None))
        .order_by(Token.id.desc())
    )
    return tx.session.scalars(asked).all()


def holder(tx: Tx, digest: bytes) -> tuple[int, int] | None:
    """The account and the token of a key that is in use."""
    asked = select(Token.account_id, Token.id).where(
        Token.digest == digest, Token.via == Via.KEY, Token.revoked_at.is_(None)
    )
    row = tx.connection.execute(asked).one_or_none()
    return None if row is None else (row.account_id, row.id)


def is_ticket(raw: str) -> bool:
    """Whether a token has the form of a ticket. No other token of ours has dots in it."""
    return raw.startswith("ey") and raw.count(".") == 2  # noqa: PLR2004


def actor_by_ticket(tx: Tx, raw: str, model: str) -> Actor | None:
    """Whoever got this ticket, as they are now; None where it is over or for another model.

    So that ollama, which knows no other way on, is told where to ask for a new one.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import OctKey

    if len(raw) > rules.TICKET_LENGTH_MAX:
        return None
    sealed = OctKey.import_key(rules.key_of_tickets(tx.ground.secret))
    try:
        said = jwt.decode(raw, sealed, algorithms=[ALGORITHM]).claims
        over = said["exp"] <= tx.now.timestamp()
        if over or said["aud"] != rules.AUDIENCE or said["model"] != model:
            return None
        return identity.actor(tx, int(said["sub"]), int(said["jti"]))
    except (JoseError, ValueError, Denied):
        return None
