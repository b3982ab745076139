"""Signing in with an account at the outside provider, and tying one to an account here.

The browser is sent there with a question that is answered once; it comes back with a code, which
this hub changes for a signed token itself (authorisation code with PKCE). The provider is believed
for who somebody is; a second factor that an account here asks for is asked for all the same.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import delete, select

from iriai.base.errors import Conflict, Denied, Unavailable, Unknown
from iriai.base.events import HUB
from iriai.base.tx import Ground, Tx
from iriai.identity import actions as identity
from iriai.identity import admission
from iriai.identity.admission import SignedIn
from iriai.identity.rules import Act, Actor, Subject, require_may, require_signed_in
from iriai.identity.tables import Account
from iriai.signin import issuers, steps
from iriai.signin.factors import actions as factors
from iriai.signin.factors.actions import Halfway
from iriai.signin.outside.tables import OutsideIdentity
from iriai.signin.steps import Purpose

LABEL_LENGTH_MAX = 200
SCOPES = "openid profile email"
CALLBACK = "/login/outside/back"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody the provider knows and this hub does not. `raw` leads to making an account."""

    raw: str
    suggested: str


def is_offered(ground: Ground) -> bool:
    """Whether there is an outside provider at all."""
    return bool(ground.settings.oidc_issuer and ground.settings.oidc_client_id)


def begin(ground: Ground, *, going_to: str, actor: Actor) -> tuple[str, str]:
    """Where to send the browser, and the secret that it must bring back."""
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    if not is_offered(ground):
        raise Unknown("This hub has no outside provider to sign in with.")
    there = str(issuers.metadata(ground, ground.settings.oidc_issuer)["authorization_endpoint"])
    verifier, nonce, state = (secrets.token_urlsafe(48) for _ in range(3))
    facts = {"verifier": verifier, "nonce": nonce, "state": state, "next": going_to}
    with ground.write() as tx:
        raw = steps.begin(tx, Purpose.OUTSIDE, account_id=actor.id, facts=facts)
    asked = {
        "response_type": "code",
        "client_id": ground.settings.oidc_client_id,
        "redirect_uri": ground.settings.url + CALLBACK,
        "scope": SCOPES,
        "state": state,
        "nonce": nonce,
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    return f"{there}{'&' if '?' in there else '?'}{urlencode(asked)}", raw


def finish(
    ground: Ground, actor: Actor, *, raw: str, state: str, code: str, device: str = "",
    before: str | None = None,
) -> tuple[SignedIn | Halfway | Newcomer | None, str]:  # fmt: skip
    """What comes of it, and where the browser wanted to go. None: tied to the actor's account."""
    with ground.write() as tx:
        left = steps.take(tx, Purpose.OUTSIDE, raw)
    if not secrets.compare_digest(state.encode(), str(left.facts["state"]).encode()):
        raise Denied("This answer is to another question; sign in again.", code="StateMismatch")
    if left.account_id != actor.id:
        raise Denied("Somebody else began this; sign in again.", code="StateMismatch")
    claims = _claims(ground, code, left.facts)
    subject, issuer = str(claims["sub"]), ground.settings.oidc_issuer
    going_to = str(left.facts["next"])
    with ground.write() as tx:
        known = _known(tx, issuer, subject)
        if actor.id is not None:
            _tie(tx, actor, known, issuer=issuer, subject=subject, label=_label(claims))
            return None, going_to
        if known is None:
            facts = {"issuer": issuer, "subject": subject, "label": _label(claims)}
            facts |= {"email": str(claims.get("email") or ""), "name": _said(claims, "name")}
            newcomer = steps.begin(tx, Purpose.NEWCOMER, facts=facts | {"next": going_to})
            return Newcomer(newcomer, _said(claims, "preferred_username")), going_to
        known.last_used_at = tx.now
        account = tx.session.get_one(Account, known.account_id)
        if account.deleted_at is not None:
            raise Denied("The account here that this belonged to was deleted.", code="AccountGone")
        if account.second_factor:
            return factors.halfway(tx, account), going_to
        if before is not None:
            admission.close_session(tx, before)
        return admission.open_session(tx, account, device=device), going_to


def join(ground: Ground, *, raw: str, name: str, device: str = "") -> tuple[SignedIn, str]:
    """Make an account for a newcomer, with the name they chose, and sign them in."""
    if not ground.settings.oidc_sign_up and ground.settings.sign_up != "open":
        raise Denied("One joins this hub by invitation.", code="InviteNeeded")
    with ground.write() as tx:
        left = steps.take(tx, Purpose.NEWCOMER, raw)
        facts = left.facts
        if _known(tx, facts["issuer"], facts["subject"]) is not None:
            raise Conflict("This account elsewhere belongs to somebody here already.")
        made = identity.join_from_outside(tx, name=name, fullname=facts["name"])
        _add(tx, made, facts["issuer"], facts["subject"], facts["label"])
        return admission.open_session(tx, made, device=device), str(facts["next"])


def may_join(ground: Ground) -> bool:
    """Whether newcomers from the provider may make an account."""
    return ground.settings.oidc_sign_up or ground.settings.sign_up == "open"


def ties(tx: Tx, actor: Actor) -> list[OutsideIdentity]:
    """The actor's accounts elsewhere."""
    require_may(actor, Act.SECURE, Subject(require_signed_in(actor)))
    asked = select(OutsideIdentity).where(OutsideIdentity.account_id == actor.id)
    return list(tx.session.scalars(asked.order_by(OutsideIdentity.id)))


def untie(tx: Tx, actor: Actor, *, tie_id: int) -> None:
    """Sign in with that account no more. The last way in stays."""
    mine = require_signed_in(actor)
    require_may(actor, Act.SECURE, Subject(mine))
    account = tx.session.get_one(Account, mine, with_for_update=True, populate_existing=True)
    if account.password is None and len(ties(tx, actor)) == 1:
        raise Conflict("This is your only way in; your account has no password.")
    gone = tx.connection.execute(
        delete(OutsideIdentity).where(
            OutsideIdentity.id == tie_id, OutsideIdentity.account_id == mine
        )
    )
    if gone.rowcount != 1:
        raise Unknown("You have no such account elsewhere.")
    tx.record(HUB, actor.name, "changed", f"account/{actor.name}", fields=["ways in"])


def _claims(ground: Ground, code: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the provider says of who came back, asked of it directly with the code."""
    settings = ground.settings
    told = issuers.metadata(ground, settings.oidc_issuer)
    body = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": settings.url + CALLBACK,
        "client_id": settings.oidc_client_id,
        "code_verifier": facts["verifier"],
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if settings.oidc_client_secret:
        pair = f"{quote(settings.oidc_client_id)}:{quote(settings.oidc_client_secret)}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    answer = issuers.exchanged(
        ground,
        "POST",
        str(told.get("token_endpoint", "")),
        headers=headers,
        body=urlencode(body).encode(),
    )
    raw = answer.get("id_token")
    if not isinstance(raw, str):
        raise Unavailable("The provider did not say who you are.", code="Issuer")
    claims = issuers.proved(
        ground,
        settings.oidc_issuer,
        raw,
        audience=settings.oidc_client_id,
        now=ground.clock(),
    )
    if claims.get("nonce") != facts["nonce"] or not isinstance(claims.get("sub"), str):
        raise Denied("This answer is to another question; sign in again.", code="StateMismatch")
    return claims


def _tie(
    tx: Tx, actor: Actor, known: OutsideIdentity | None, *, issuer: str, subject: str, label: str
) -> None:
    mine = require_signed_in(actor)
    require_may(actor, Act.SECURE, Subject(mine))
    if known is not None and known.account_id != mine:
        raise Conflict("This account elsewhere belongs to somebody else here.")
    if known is None:
        _add(tx, tx.session.get_one(Account, mine), issuer, subject, label)
        tx.record(HUB, actor.name, "changed", f"account/{actor.name}", fields=["ways in"])


def _add(tx: Tx, account: Account, issuer: str, subject: str, label: str) -> None:
    tx.session.add(
        OutsideIdentity(
            account_id=account.id,
            issuer=issuer,
            subject=subject,
            label=label,
            created_at=tx.now,
            last_used_at=tx.now,
        )
    )
    tx.session.flush()


def _known(tx: Tx, issuer: str, subject: str) -> OutsideIdentity | None:
    asked = select(OutsideIdentity).where(
        OutsideIdentity.issuer == issuer, OutsideIdentity.subject == subject
    )
    return tx.session.scalar(asked)


def _label(claims: Mapping[str, Any]) -> str:
    """What somebody recognises their account elsewhere by."""
    return _said(claims, "preferred_username") or _said(claims, "email") or str(claims["sub"])[:40]


def _said(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    text = " ".join(found.split())[:LABEL_LENGTH_MAX] if isinstance(found, str) else ""
    return text if text.isprintable() else ""
