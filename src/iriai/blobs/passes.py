"""Passes: short-lived permissions that travel in a header or a URL, signed by this hub.

A Xet client gets one for a repository, to read or to write. A URL that is fetched without any
credentials (a byte range of a xorb, an upload) carries its own: it is good for exactly what it
names, until it expires. Each use has a key of its own, so that no pass is good for another's.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import asdict, dataclass

import orjson

from iriai.base.errors import Denied

PREFIX = "xet_"
XET_LIFE_SECONDS = 20 * 60
URL_LIFE_SECONDS = 60 * 60
SIGNATURE_DIGITS = 40
CIRCLE_DIGITS = 12
TOKEN_LENGTH_MAX = 2_000


@dataclass(frozen=True, slots=True)
class XetPass:
    """What the holder of a Xet token may do: read or write in one repository's or bucket's name.

    They have one series of numbers, so that `repo_id` means one thing, whichever it is.
    """

    repo_id: int
    may_write: bool
    account_id: int | None
    token_id: int | None
    expires_at: int
    is_bucket: bool = False


def sealed(secret: bytes, given: XetPass) -> str:
    """A Xet token."""
    body = base64.urlsafe_b64encode(orjson.dumps(asdict(given))).decode().rstrip("=")
    return f"{PREFIX}{body}.{_signature(secret, 'xet', body)}"


def opened(secret: bytes, token: str, *, now: int, write: bool = False) -> XetPass:
    """The pass in a Xet token; else `Denied`, unauthenticated, upon which clients renew it."""
    body, dot, signature = token.removeprefix(PREFIX).partition(".")
    good = _signature(secret, "xet", body)
    if not dot or len(token) > TOKEN_LENGTH_MAX or not _same(signature, good):
        raise Denied("This is not a Xet token of this hub.", code="Unauthenticated")
    try:
        padded = body + "=" * (-len(body) % 4)
        found = XetPass(**orjson.loads(base64.urlsafe_b64decode(padded)))
    except (binascii.Error, orjson.JSONDecodeError, TypeError) as error:
        raise Denied("This is not a Xet token of this hub.", code="Unauthenticated") from error
    if found.expires_at <= now:
        raise Denied("This Xet token has expired; ask for a new one.", code="Unauthenticated")
    if write and not found.may_write:
        raise Denied("This Xet token is for reading only.")
    return found


def signed(secret: bytes, use: str, *facts: str | int, expires_at: int) -> dict[str, str]:
    """The query parameters that make a URL good for these facts, and for nothing else."""
    return {"e": str(expires_at), "s": _signature(secret, use, *facts, expires_at)}


def require_signed(
    secret: bytes, use: str, *facts: str | int, expires_at: str, signature: str, now: int
) -> None:
    """Refuse a URL that we did not sign for these facts, or that is too old."""
    if not _same(signature, _signature(secret, use, *facts, expires_at)):
        raise Denied(
            "This address was not signed by this hub, or was changed.", code="BadSignature"
        )
    if not expires_at.isascii() or not expires_at.isdigit() or int(expires_at) <= now:
        raise Denied("This address has expired; ask for a new one.", code="Expired")


def circle_number(secret: bytes, *facts: str) -> int:
    """A number for these facts, by which nobody else can find them out; it fits 64 bits."""
    return int(_signature(secret, "xet circle", *facts)[:CIRCLE_DIGITS], 16)


def _same(given: str, good: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), good.encode())


def _signature(secret: bytes, use: str, *facts: str | int) -> str:
    """Facts are joined by a character that none of them holds."""
    key = hmac.digest(secret, f"iriai {use}".encode(), hashlib.sha256)
    text = "\n".join(str(fact) for fact in facts)
    return hmac.new(key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[
        :SIGNATURE_DIGITS
    ]


def dedup_key(secret: bytes, account_id: int | None, week: int) -> bytes:
    """The key under which chunk hashes are told to one account during one week."""
    key = hmac.digest(secret, b"iriai dedup", hashlib.sha256)
    return hmac.digest(key, f"{account_id}\n{week}".encode(), hashlib.sha256)
