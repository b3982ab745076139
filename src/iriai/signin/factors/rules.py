"""What second factors are made of, and when a code counts. Pure.

A code from an app is the HMAC of a secret and of the half-minute it is shown in (RFC 6238). Each
half-minute counts once: a code that was read over a shoulder is worth nothing after its use.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

import pyotp

from iriai.base.errors import Excessive, Invalid
from iriai.identity.fields import clean_line

STEP_SECONDS = 30
DRIFT_STEPS = 1
"""Clocks of phones are off by half a minute, rarely more."""
SECRET_BYTES = 20
CODE_DIGITS = 6
FAILURES_MAX = 10
PAUSE = timedelta(minutes=30)
"""After so many wrong codes in a row an app's codes do not count for a while."""
RECOVERY_CODES = 10
RECOVERY_LENGTH = 16
RECOVERY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
PASSKEYS_MAX = 20
PASSKEY_NAME_LENGTH_MAX = 60
FRESH = timedelta(minutes=10)


def secret(instance_secret: bytes, nonce: str) -> str:
    """The secret of a code app, in base 32. It is derived, so that no row ever holds it."""
    made = hmac.digest(instance_secret, b"authenticator\0" + nonce.encode(), hashlib.sha256)
    return base64.b32encode(made[:SECRET_BYTES]).decode()


def setting_up(secret_32: str, *, name: str, hub: str) -> str:
    """What a code app reads from the picture."""
    return pyotp.TOTP(secret_32).provisioning_uri(name=name, issuer_name=hub)


def step_of(secret_32: str, code: str, *, now: datetime, last_step: int) -> int | None:
    """The half-minute whose code this is, if it is one of now and later than `last_step`."""
    digits = re.sub(r"\s", "", code)
    if len(digits) != CODE_DIGITS or not digits.isascii() or not digits.isdigit():
        return None
    codes, present = pyotp.TOTP(secret_32), int(now.timestamp()) // STEP_SECONDS
    for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        if hmac.compare_digest(codes.at(step * STEP_SECONDS), digits) and step > last_step:
            return step
    return None


def is_paused(failures: int, failed_at: datetime | None, *, now: datetime) -> bool:
    """Whether an app's codes do not count at present, for too many were wrong."""
    return failures >= FAILURES_MAX and failed_at is not None and now < failed_at + PAUSE


def is_recovery_code(text: str) -> bool:
    """Whether somebody typed a recovery code rather than one of an app."""
    return len(clean_recovery_code(text)) == RECOVERY_LENGTH


def clean_recovery_code(text: str) -> str:
    """A recovery code as it was made, however it was typed."""
    return re.sub(r"[^a-z0-9]", "", text.lower()[:100])


def shown_recovery_code(code: str) -> str:
    """A recovery code for reading: four groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, RECOVERY_LENGTH, 4))


def clean_passkey_name(name: str, taken: Iterable[str]) -> str:
    """What somebody calls a passkey of theirs; one without a name is numbered."""
    cleaned = clean_line(name, "A passkey's name", PASSKEY_NAME_LENGTH_MAX)
    names = set(taken)
    if len(names) >= PASSKEYS_MAX:
        raise Excessive(f"An account has at most {PASSKEYS_MAX} passkeys; remove one first.")
    if cleaned in names:
        raise Invalid("You have a passkey of this name already.")
    return cleaned or next(
        f"Passkey {n}" for n in range(1, PASSKEYS_MAX + 2) if f"Passkey {n}" not in names
    )
