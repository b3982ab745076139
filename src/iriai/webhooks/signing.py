"""The headers of a delivery: Hugging Face's plain secret, and Standard Webhooks' signature. Pure.

`webhook-id` is the same for every try; a receiver that has seen it has seen the event. The
signature is HMAC-SHA256 over `id.timestamp.body`; its key is the secret itself, or, where that
begins with `whsec_`, the bytes that follow in base64.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

PREFIX = "whsec_"
USER_AGENT = "iriai-webhooks/1"


def headers(key: str, body: bytes, secret: str | None, at: datetime) -> dict[str, str]:
    """What goes out with one try."""
    stamp = str(int(at.timestamp()))
    made = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": key,
        "webhook-timestamp": stamp,
    }
    if secret is not None:
        made["X-Webhook-Secret"] = secret
        made["webhook-signature"] = signature(key, stamp, body, secret)
    return made


def signature(key: str, stamp: str, body: bytes, secret: str) -> str:
    """The signature of one try, as `webhook-signature` holds it."""
    signed = b".".join((key.encode(), stamp.encode(), body))
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def _key(secret: str) -> bytes:
    if secret.startswith(PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            pass  # it only looks like one of theirs
    return secret.encode()
