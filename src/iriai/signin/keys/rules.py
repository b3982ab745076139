"""What an SSH key is, what is signed with it, and what a ticket says. Pure.

Ollama has a key of its own (`~/.ollama/id_ed25519`). Asked for a token, it signs

    GET,{the whole address},{base64 of the hexadecimal SHA-256 of nothing}

with it, where the address ends in `service`, `scope`, `ts` (seconds) and `nonce`, and sends
`{key}:{signature}`, both in base64. The key stands there as SSH writes it: the name of its type and
its 32 bytes, each after its length.

Some versions sign for whichever address a registry names, so another registry could come by what
they are given: it is for one model, to read it, for an hour.
"""

import base64
import binascii
import hashlib
import hmac
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from iriai.base.errors import Denied, Invalid
from iriai.base.numbers import whole

TYPE = "ssh-ed25519"
KEY_BYTES = 32
SIGNATURE_BYTES = 64
TEXT_LENGTH_MAX = 2_000
KEYS_MAX = 20
HINT_LENGTH = 6
TICKET = timedelta(hours=1)
CLOCKS_APART_MAX = timedelta(minutes=5)
TICKET_LENGTH_MAX = 2_000
STAMP_DIGITS_MAX = 11
AUDIENCE = "registry"
NOTHING = base64.b64encode(hashlib.sha256(b"").hexdigest().encode()).decode()
SCOPE = re.compile(r"repository:([^:\s]{1,300}):pull")
_HEAD = struct.pack(">I", len(TYPE)) + TYPE.encode() + struct.pack(">I", KEY_BYTES)


@dataclass(frozen=True, slots=True)
class Ticket:
    """Whose key was shown, for which model, by its name on the wire, and until when."""

    account_id: int
    token_id: int
    model: str
    until: datetime


def clean_key(text: str) -> bytes:
    """The 32 bytes of a key as `cat ~/.ollama/id_ed25519.pub` shows it, or `Invalid`."""
    words = text.split()
    if len(text) > TEXT_LENGTH_MAX or "PRIVATE" in text:
        raise Invalid(
            "This is not a public key: show the file that ends in .pub, and keep the other."
        )
    if not words or words[0] != TYPE or len(words) < 2:  # noqa: PLR2004 - type and key
        raise Invalid(f"A key is one line that begins with {TYPE}; other types are not taken.")
    return wire_key(words[1])


def wire_key(text: str) -> bytes:
    """The 32 bytes of a key in SSH's own form, in base64, or `Invalid`."""
    raw = _decoded(text)
    if not raw.startswith(_HEAD) or len(raw) != len(_HEAD) + KEY_BYTES:
        raise Invalid(f"This is not an {TYPE} key.")
    return raw[len(_HEAD) :]


def digest(key: bytes) -> bytes:
    """By what a key is kept and found. No text that is sent as a token has this digest."""
    return hashlib.sha256(f"{TYPE}\0".encode() + key).digest()


def shown(authorization: str) -> tuple[bytes, bytes]:
    """The key and the signature in an Authorization header, or `Denied`."""
    key, colon, signature = authorization.strip().partition(":")
    try:
        found = wire_key(key), _decoded(signature)
    except Invalid:
        found = b"", b""
    if not colon or len(found[1]) != SIGNATURE_BYTES:
        raise Denied(f"This needs an {TYPE} key and its signature.", code="Unauthenticated")
    return found


def signed_text(address: str) -> bytes:
    """What ollama signs to ask `address` for a token."""
    return f"GET,{address},{NOTHING}".encode()


def require_now(query: Mapping[str, str], *, service: str, now: datetime) -> str:
    """The model that a question is about, where it is meant for us and asked now."""
    wanted = SCOPE.fullmatch(query.get("scope", ""))
    stamp = query.get("ts", "")
    if wanted is None or query.get("service") != service:
        raise Invalid("Ask for the service and scope that the challenge names.")
    at = whole(stamp, digits_max=STAMP_DIGITS_MAX) or 0
    if abs(now.timestamp() - at) > CLOCKS_APART_MAX.total_seconds():
        raise Denied(
            "This was signed at another time; is your clock right?", code="Unauthenticated"
        )
    return wanted[1]


def key_of_tickets(secret: bytes) -> bytes:
    """What tickets are sealed with, and nothing else."""
    return hmac.digest(secret, b"iriai registry ticket", hashlib.sha256)


def claims(ticket: Ticket) -> dict[str, Any]:
    """What a ticket says, in the words of a JSON Web Token."""
    return {
        "aud": AUDIENCE,
        "sub": str(ticket.account_id),
        "jti": str(ticket.token_id),
        "model": ticket.model,
        "exp": int(ticket.until.timestamp()),
    }


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("This is not base64.") from None
