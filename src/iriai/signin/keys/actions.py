"""Registering a key, and giving a ticket to whoever shows that they hold it.

A key is kept as a token of the account's that only reads: it is listed, revoked and ended with the
account as tokens are. The public key itself is worth nothing as a token.
"""

import secrets

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from iriai.base.errors import Conflict, Denied, Excessive
from iriai.base.tx import Tx
from iriai.identity import admission, fields
from iriai.identity import queries as identity
from iriai.identity.rules import Act, Actor, Reach, Subject, Via, require_may, require_signed_in
from iriai.identity.tables import Token
from iriai.signin.keys import queries, rules
from iriai.signin.keys.rules import Ticket

DIGEST_BYTES = 32
TAKEN = "This key is registered already."


def register(tx: Tx, actor: Actor, *, key: str, name: str) -> int:
    """Let this key read as its owner may. Returns the number to revoke it by."""
    owner = require_signed_in(actor)
    require_may(actor, Act.SECURE, Subject(owner))
    public = rules.clean_key(key)
    if len(queries.keys_of(tx, actor)) >= rules.KEYS_MAX:
        raise Excessive(f"An account has at most {rules.KEYS_MAX} keys; revoke one first.")
    _free(tx, rules.digest(public))
    made = admission.issue_token(
        tx, actor.name, owner, name=fields.clean_token_name(name), role=Reach.READ, via=Via.KEY
    )
    hint = key.split()[1][-rules.HINT_LENGTH :]
    values = {"digest": rules.digest(public), "hint": hint}
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(update(Token).where(Token.id == made.id).values(values))
    except IntegrityError:
        raise Conflict(TAKEN) from None
    return made.id


def ticket(tx: Tx, *, authorization: str, address: str, model: str) -> str:
    """A ticket to pull `model`, for who signed the question at `address`; `Denied` to others."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from joserfc import jwt
    from joserfc.jwk import OctKey

    public, signature = rules.shown(authorization)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, rules.signed_text(address))
    except InvalidSignature:
        raise Denied("This signature is not of this key.", code="Unauthenticated") from None
    held = queries.holder(tx, rules.digest(public))
    if held is None:
        raise Denied(
            "There is no such model, or it is not for everybody and this hub does not know your "
            "key. Put what is in ~/.ollama/id_ed25519.pub (or in /usr/share/ollama/.ollama/) into "
            f"{tx.ground.settings.url}/settings/tokens#keys",
            code="Unauthenticated",
        )
    identity.actor(tx, *held)  # refuses where the account or the key ended
    given = Ticket(*held, model=model, until=tx.now + rules.TICKET)
    sealed = OctKey.import_key(rules.key_of_tickets(tx.ground.secret))
    return jwt.encode({"alg": queries.ALGORITHM, "typ": "JWT"}, rules.claims(given), sealed)


def _free(tx: Tx, digest: bytes) -> None:
    """Let a key that was revoked be registered again; `Conflict` where it is in use."""
    asked = select(Token.id, Token.revoked_at).where(Token.digest == digest)
    row = tx.connection.execute(asked).one_or_none()
    if row is None:
        return
    if row.revoked_at is None:
        raise Conflict(TAKEN)
    forgotten = {"digest": secrets.token_bytes(DIGEST_BYTES)}
    tx.connection.execute(update(Token).where(Token.id == row.id).values(forgotten))
