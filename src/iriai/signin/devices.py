"""Browsers that signed in before: a sealed cookie by which wrong passwords are counted apart.

It lets nobody in. It only says that whoever tries a name now had that name's password once, so that
what others got wrong for the name does not keep them waiting (decision 0049).
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from iriai.base.names import fold
from iriai.base.numbers import whole

ID_BYTES = 16
DEVICE_DAYS = 365
STAMP_DIGITS_MAX = 12


def sealed(secret: bytes, name: str, now: datetime) -> str:
    """A cookie for a browser in which `name` just signed in: `id.until.seal`."""
    until = int((now + timedelta(days=DEVICE_DAYS)).timestamp())
    head = f"{secrets.token_hex(ID_BYTES)}.{until}"
    return f"{head}.{_seal(secret, head, name)}"


def known(secret: bytes, name: str, cookie: str, now: datetime) -> str | None:
    """The id of a browser in which `name` signed in before; None of any other."""
    head, _, seal = cookie.rpartition(".")
    if not hmac.compare_digest(_seal(secret, head, name).encode(), _bytes(seal)):
        return None
    device, until = head.split(".")
    stamp = whole(until, digits_max=STAMP_DIGITS_MAX) or 0
    return device if now.timestamp() < stamp else None


def _seal(secret: bytes, head: str, name: str) -> str:
    said = b"device:" + _bytes(f"{head}:{fold(name)}")
    return hmac.digest(secret, said, hashlib.sha256).hex()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
