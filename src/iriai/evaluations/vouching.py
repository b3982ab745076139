"""Vouching for a score: a token that only whoever writes to the benchmark can have made here.

It binds dataset, task, model and value, sealed with this hub's secret. A model puts it beside its
score as `verifyToken`; a token made for another model, another score or by another hub says
nothing, and the score stands unverified.
"""

import base64
import binascii
import hashlib
import hmac

import orjson

PURPOSE = b"evaluation result"
SEAL_BYTES = 32


def token(secret: bytes, *, dataset: str, task: str, model: str, value: float) -> str:
    """The token that says: this model scored this on this task."""
    said = _said(dataset, task, model, value)
    return f"{_encoded(said)}.{_encoded(_seal(secret, said))}"


def holds(secret: bytes, given: str, *, dataset: str, task: str, model: str, value: float) -> bool:
    """Whether `given` was made here for just this."""
    said, _, seal = given.partition(".")
    expected = _said(dataset, task, model, value)
    try:
        return _decoded(said) == expected and hmac.compare_digest(
            _decoded(seal), _seal(secret, expected)
        )
    except (ValueError, binascii.Error):
        return False


def _said(dataset: str, task: str, model: str, value: float) -> bytes:
    return orjson.dumps([dataset.casefold(), task, model.casefold(), value])


def _seal(secret: bytes, said: bytes) -> bytes:
    key = hmac.new(secret, PURPOSE, hashlib.sha256).digest()
    return hmac.new(key, said, hashlib.sha256).digest()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
