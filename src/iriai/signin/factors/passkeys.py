"""What this hub asks a passkey, and how it reads the answer (WebAuthn, by its library).

A passkey is bound to the hub's host: an answer given to a look-alike page is worth nothing here. An
answer is to one question, asked minutes ago and only once. A counter that does not rise betrays a
copied key; most passkeys count nothing, and say 0 for ever.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from iriai.base.errors import Denied, Invalid

ANSWER_LENGTH_MAX = 64 << 10
TIMEOUT_MS = 300_000
HUB_NAME = "iriai"


@dataclass(frozen=True, slots=True)
class Place:
    """Where passkeys of this hub are good: its host, and the origin of its pages."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Key:
    """The public half of a passkey."""

    credential_id: bytes
    public_key: bytes
    count: int


def place(url: str) -> Place | None:
    """Where passkeys are good, or None: browsers want HTTPS (or localhost), and a name."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        if parts.scheme == "https" or host == "localhost":
            return Place(host, f"{parts.scheme}://{parts.netloc}")
    return None


def to_make(
    here: Place, *, challenge: bytes, account_id: int, name: str, known: Sequence[bytes]
) -> str:
    """What a browser is asked to make a passkey with, in JSON."""
    import webauthn
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    asked = webauthn.generate_registration_options(
        rp_id=here.host,
        rp_name=HUB_NAME,
        user_name=name,
        user_id=account_id.to_bytes(8, "big"),
        challenge=challenge,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
    )
    return webauthn.options_to_json(asked)


def to_use(here: Place, *, challenge: bytes, known: Sequence[bytes] = ()) -> str:
    """What a browser is asked to use a passkey with, in JSON; without `known`, any of this hub."""
    import webauthn
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    asked = webauthn.generate_authentication_options(
        rp_id=here.host,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(asked)


def made(here: Place, answer: str, *, challenge: bytes) -> Key:
    """The passkey that a browser made, if it made it for this question, here, by its holder."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        told = webauthn.verify_registration_response(
            credential=_read(answer),
            expected_challenge=challenge,
            expected_rp_id=here.host,
            expected_origin=here.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise Invalid("This passkey could not be added; try again.", code="Passkey") from error
    return Key(told.credential_id, told.credential_public_key, told.sign_count)


def used(here: Place, answer: str, *, challenge: bytes, key: Key) -> int:
    """How often a passkey was used by now, if this answer is its own; else `Denied`."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        told = webauthn.verify_authentication_response(
            credential=_read(answer),
            expected_challenge=challenge,
            expected_rp_id=here.host,
            expected_origin=here.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise Denied("This passkey does not open this account.", code="Passkey") from error
    return told.new_sign_count


def named(answer: str) -> bytes:
    """Which passkey an answer says it is from."""
    from webauthn.helpers import base64url_to_bytes

    try:
        return base64url_to_bytes(str(_read(answer)["id"]))
    except (ValueError, KeyError) as error:
        raise Invalid("This answer of a passkey cannot be read.", code="Passkey") from error


def written(challenge: bytes) -> str:
    """A question as it is kept."""
    from webauthn.helpers import bytes_to_base64url

    return bytes_to_base64url(challenge)


def read(challenge: str) -> bytes:
    """A question as it was asked."""
    from webauthn.helpers import base64url_to_bytes

    return base64url_to_bytes(challenge)


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > ANSWER_LENGTH_MAX:
        raise Invalid("This answer of a passkey is too long.", code="Passkey")
    try:
        found = json.loads(answer)
    except ValueError as error:
        raise Invalid("This answer of a passkey cannot be read.", code="Passkey") from error
    if not isinstance(found, dict):
        raise Invalid("This answer of a passkey cannot be read.", code="Passkey")
    return found
