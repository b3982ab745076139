"""Signed tokens of others: who signed, with which key, for whom, and until when.

Only issuers that the operator named are believed, each only about itself: a token is checked with
the keys of the very issuer it names, and no address is taken from the token. What an issuer says of
itself and its keys are fetched through `base.outbound` and kept for an hour; an unknown key is
looked for again at most once a minute, so that nobody can make this hub call out at will.
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from iriai.base import outbound
from iriai.base.errors import Invalid, Unavailable
from iriai.base.tx import Ground

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

ALGORITHMS = ["RS256", "PS256", "ES256"]
"""Signatures by a key of two halves; never one by a shared secret, never none."""

TOKEN_LENGTH_MAX = 16_384
DOCUMENT_BYTES_MAX = 256 << 10
KEPT_SECONDS = 3_600.0
RETRY_SECONDS = 60.0
LEEWAY_SECONDS = 30
LASTS_SECONDS_MAX = 24 * 3_600
CLAIM_LENGTH_MAX = 1_000
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Unproved(Invalid):
    """A token that proves nothing. `code` is OAuth's word."""


@dataclass(slots=True)
class Known:
    """What is known of an issuer, and since when (in the process's own seconds)."""

    metadata: Mapping[str, Any]
    keys: "KeySet"
    since: float
    tried: float = field(default=0.0)


_known: dict[str, Known] = {}
_asking = threading.Lock()


def metadata(ground: Ground, issuer: str) -> Mapping[str, Any]:
    """What an issuer says of itself."""
    return _about(ground, issuer).metadata


def issuer_named(raw: str) -> str:
    """Which issuer a token names. Nothing is proved by it."""
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        if len(raw) > TOKEN_LENGTH_MAX:
            raise ValueError
        payload = json.loads(jws.extract_compact(raw.encode("ascii")).payload)
        return str(payload["iss"])[:CLAIM_LENGTH_MAX]
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise Unproved("This is not a signed token.", code="invalid_grant") from error


def proved(
    ground: Ground, issuer: str, raw: str, *, audience: str, now: datetime
) -> Mapping[str, Any]:
    """What a token says, if this issuer signed it for this audience and it is good now."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    if issuer_named(raw) != issuer:
        raise Unproved("Another issuer is named in this token.", code="invalid_grant")
    about = _about(ground, issuer)
    if not _has_key(raw, about.keys) and time.monotonic() - about.tried > RETRY_SECONDS:
        about = _about(ground, issuer, anew=True)
    try:
        claims = jwt.decode(raw, about.keys, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Unproved("The signature of this token is not good.", code="invalid_grant") from error
    _require(claims, issuer=issuer, audience=audience, now=now.timestamp())
    return claims


def _require(claims: Mapping[str, Any], *, issuer: str, audience: str, now: float) -> None:
    """It is of this issuer, for us alone, and now."""
    meant = claims.get("aud")
    meant = meant if isinstance(meant, list) else [meant]
    expires, since = claims.get("exp"), claims.get("nbf", claims.get("iat", now))
    if claims.get("iss") != issuer:
        raise Unproved("Another issuer is named in this token.", code="invalid_grant")
    if len(meant) != 1 or not isinstance(meant[0], str) or meant[0].rstrip("/") != audience:
        raise Unproved(f"This token is not meant for {audience}.", code="invalid_grant")
    if not isinstance(expires, int | float) or not isinstance(since, int | float):
        raise Unproved("This token does not say until when it is good.", code="invalid_grant")
    if now >= expires + LEEWAY_SECONDS:
        raise Unproved("This token is too old.", code="invalid_grant")
    if now < since - LEEWAY_SECONDS:
        raise Unproved("This token is not good yet.", code="invalid_grant")
    if expires > now + LASTS_SECONDS_MAX:
        raise Unproved("This token is good for too long.", code="invalid_grant")


def _about(ground: Ground, issuer: str, *, anew: bool = False) -> Known:
    """What is known of an issuer; asked for at most once at a time."""
    found = _known.get(issuer)
    if found is not None and not anew and time.monotonic() - found.since < KEPT_SECONDS:
        return found
    with _asking:
        again = _known.get(issuer)
        if again is not None and again is not found:
            return again
        if again is not None:
            again.tried = time.monotonic()
        told = _json(ground, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if str(told.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
            raise Unavailable("The provider calls itself by another name.", code="IssuerMismatch")
        keys = _json(ground, str(told.get("jwks_uri", "")))
        try:
            read = _key_set(keys)
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable("The provider's keys cannot be read.", code="Issuer") from error
        at = time.monotonic()
        _known[issuer] = Known(told, read, since=at, tried=at)
        return _known[issuer]


def _readable(keys: Mapping[str, Any]) -> Any:
    """Keys for signatures, of the kinds known here; others are passed over."""
    usable = [
        each
        for each in keys.get("keys", [])
        if each.get("kty") in ("RSA", "EC", "OKP") and each.get("use", "sig") == "sig"
    ]
    return {"keys": usable[:100]}


def _json(ground: Ground, url: str) -> Mapping[str, Any]:
    """A JSON object from an issuer the operator named: by HTTPS, or from this same machine."""
    return exchanged(ground, "GET", url)


def exchanged(
    ground: Ground, method: str, url: str, *, headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Mapping[str, Any]:  # fmt: skip
    """What an issuer answers, if that is a JSON object."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise Unavailable("The provider's addresses must start with https://.", code="Issuer")
    answer = outbound.call(
        method,
        url,
        headers={"Accept": "application/json"} | dict(headers or {}),
        body=body,
        allow=outbound.networks(ground.settings.outbound_allow),
        answer_bytes_max=DOCUMENT_BYTES_MAX,
    )
    try:
        told = json.loads(answer.body)
    except ValueError as error:
        raise Unavailable("The provider's answer cannot be read.", code="Issuer") from error
    if answer.status >= 400 or not isinstance(told, dict):  # noqa: PLR2004
        raise Unavailable("The provider refused.", code="Issuer")
    return told


def _key_set(told: Mapping[str, Any]) -> "KeySet":
    """The keys of an issuer; `ValueError` where they are none."""
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        return KeySet.import_key_set(_readable(told))
    except JoseError as error:
        raise ValueError(str(error)) from error


def _has_key(raw: str, keys: "KeySet") -> bool:
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        kid = jws.extract_compact(raw.encode("ascii")).headers().get("kid")
    except (JoseError, ValueError):
        return False
    return kid is None or any(each.kid == kid for each in keys.keys)
