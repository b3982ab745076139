"""Which app may ask for what, and what a consent lets through. Pure.

Scopes are Hugging Face's words. What is unknown among them is passed over, and an app is told which
it was given. `authlib` knows how PKCE's challenge is made.
"""

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import urlsplit

from iriai.base.errors import Excessive, Invalid
from iriai.identity.fields import clean_line
from iriai.identity.rules import ANYWHERE, Act, Grant

COMMAND_LINE = "26be6b09-91c5-47da-9861-d2d2bb7a7e36"
"""What `hf auth login` calls itself (`constants.DEVICE_CODE_OAUTH_CLIENT_ID`)."""

COMMAND_LINE_NAME = "hf auth login"
APP_NAME_LENGTH_MAX = 100
APPS_MAX = 50
REDIRECTS_MAX = 10
URI_LENGTH_MAX = 2_000
SCOPES_MAX = 40
STATE_LENGTH_MAX = 4_000
NONCE_LENGTH_MAX = 500
DEVICE_LENGTH_MAX = 200

CODE = timedelta(minutes=5)
APP_TOKEN = timedelta(hours=8)
LOGIN_TOKEN = timedelta(days=30)
"""Clients renew a token in its last day, so it lasts many of them."""
REFRESH_TOKEN = timedelta(days=180)
DEVICE_CODE = timedelta(minutes=15)
POLL_SECONDS = 5
SLOWER_SECONDS = 5
DEVICE_CODES_MAX = 10_000

USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no word appears by chance (RFC 8628, 6.1)."""
USER_CODE_LENGTH = 8

LOOPBACK = frozenset({"127.0.0.1", "[::1]", "localhost"})
NETLOC = re.compile(r"[A-Za-z0-9.:\[\]-]*")
APP_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")

SCOPES: Mapping[str, frozenset[Act]] = MappingProxyType(
    {
        "openid": frozenset(),
        "profile": frozenset(),
        "email": frozenset({Act.KNOW_EMAIL}),
        "gated-repos": frozenset({Act.READ_GATED}),
        "read-repos": frozenset({Act.READ}),
        "write-repos": frozenset({Act.READ, Act.WRITE}),
        "manage-repos": frozenset({Act.READ, Act.WRITE, Act.CREATE, Act.ADMINISTER}),
        "write-discussions": frozenset({Act.DISCUSS}),
    }
)
"""What each scope lets an app do, with what is one's own."""

LOGIN_SCOPES = ("read", "write")
"""How far a command line may be let in: not scopes of apps, but the roles of tokens."""


class DeviceStatus(StrEnum):
    """How far a device has come."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"


class Poll(StrEnum):
    """The answer to a device that asks whether it may come in, in RFC 8628's words."""

    GO = "go"
    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    EXPIRED = "expired_token"
    DENIED = "access_denied"
    SPENT = "invalid_grant"


class Refused(Invalid):
    """A request of an app that cannot be granted. `code` is OAuth's word for it."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody lets an app do, and for which of their organisations besides."""

    scopes: tuple[str, ...]
    organisations: tuple[int, ...] = ()


def polled(
    status: DeviceStatus,
    *,
    polled_at: datetime | None,
    interval: timedelta,
    expires_at: datetime,
    now: datetime,
) -> Poll:
    """What a device that asks is told. Who asks too often is told to slow down, whatever else."""
    if status is DeviceStatus.USED:
        return Poll.SPENT
    if now >= expires_at:
        return Poll.EXPIRED
    if status is DeviceStatus.DENIED:
        return Poll.DENIED
    if polled_at is not None and now - polled_at < interval:
        return Poll.SLOW_DOWN
    return Poll.GO if status is DeviceStatus.APPROVED else Poll.PENDING


def clean_user_code(text: str) -> str:
    """A typed code as it was made, however it was spaced, or written."""
    letters = re.sub(r"[^A-Z]", "", text.upper()[:40])
    if len(letters) != USER_CODE_LENGTH or set(letters) - set(USER_CODE_LETTERS):
        raise Invalid("A code has eight letters, as in BCDF-GHJK.", code="UserCode")
    return f"{letters[:4]}-{letters[4:]}"


def clean_app_name(name: str) -> str:
    """What an app is called on the page where people decide."""
    cleaned = clean_line(name, "An app's name", APP_NAME_LENGTH_MAX)
    if not cleaned:
        raise Invalid("An app needs a name, so that people know whom they let in.")
    return cleaned


def clean_redirects(uris: Iterable[str]) -> list[str]:
    """The addresses that an app may have people sent back to."""
    cleaned = list(dict.fromkeys(each.strip() for each in uris if each.strip()))
    if len(cleaned) > REDIRECTS_MAX:
        raise Excessive(f"An app has at most {REDIRECTS_MAX} addresses to go back to.")
    for each in cleaned:
        _require_redirect(each)
    return cleaned


def _require_redirect(uri: str) -> None:
    """HTTPS; plain HTTP only to this same machine; or an app's own scheme, `org.example.app:/`."""
    try:
        parts = urlsplit(uri)
        host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    except ValueError:
        raise Invalid(f"{uri[:100]} is not an address.") from None
    plain = uri.isascii() and uri.isprintable() and " " not in uri and "\\" not in uri
    if not plain or len(uri) > URI_LENGTH_MAX or "#" in uri:
        raise Invalid("An address to go back to has no spaces and no fragment.")
    if not NETLOC.fullmatch(parts.netloc):
        raise Invalid("An address to go back to names a host and perhaps a port, no password.")
    if parts.scheme == "https" and host:
        return
    if parts.scheme == "http" and host in LOOPBACK:
        return
    if APP_SCHEME.fullmatch(parts.scheme):
        return
    raise Invalid("An address to go back to starts with https://, or http://localhost.")


def goes_to(uri: str) -> str:
    """Where an address leads, as a policy of contents names it: a host, or an app's scheme."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def redirect_fits(registered: Sequence[str], asked: str) -> bool:
    """Whether an app registered this very address. On the same machine its port may vary."""
    if asked in registered:
        return True
    return any(_portless(each) == _portless(asked) != "" for each in registered)


def _portless(uri: str) -> str:
    """A loopback address without its port (RFC 8252, 7.3); empty for any other."""
    try:
        parts = urlsplit(uri)
        host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    except ValueError:
        return ""
    if parts.scheme != "http" or host not in LOOPBACK or "\\" in uri:
        return ""
    return parts._replace(netloc=host).geturl()


def clean_scopes(asked: str) -> tuple[str, ...]:
    """The scopes of a request that this hub knows, in the order asked."""
    words = asked.split()
    if len(words) > SCOPES_MAX:
        raise Refused("This asks for too many scopes.", code="invalid_scope")
    return tuple(dict.fromkeys(word for word in words if word in SCOPES))


def clean_challenge(challenge: str, method: str, *, required: bool) -> str | None:
    """PKCE's challenge of a request; public apps must send one, and only S256 is one."""
    if not challenge and not required:
        return None
    if method != "S256" or not CHALLENGE.fullmatch(challenge):
        raise Refused(
            "Send a code_challenge with code_challenge_method=S256.", code="invalid_request"
        )
    return challenge


def comes_back(given: str, *, asked: str, registered: Sequence[str], proved: bool) -> bool:
    """Whether a code comes with the address it went to, where one has to be named.

    Only one that the request for it named (RFC 6749, 4.1.3), and not where PKCE proves who asked
    (OAuth 2.1, 4.1.3). One that is named fits, whether it has to be or not.
    """
    if not given:
        return proved or not asked
    return given == asked if asked else redirect_fits(registered, given)


def proves(verifier: str, challenge: str | None) -> bool:
    """Whether `verifier` is what the challenge was made of."""
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    if challenge is None:
        return not verifier
    if not VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(str(create_s256_code_challenge(verifier)), challenge)


def grants(consent: Consent, *, person_id: int) -> tuple[Grant, ...]:
    """What a consent lets an app's token do: on one's own, on named organisations', anywhere."""
    acts = frozenset[Act]().union(*(SCOPES[scope] for scope in consent.scopes))
    made = [Grant(acts, account_id=person_id)] if acts else []
    shared = acts - {Act.KNOW_EMAIL}
    if shared:
        made += [Grant(shared, account_id=each) for each in consent.organisations]
    if acts & ANYWHERE:
        made.append(Grant(acts & ANYWHERE, anywhere=True))
    return tuple(made)
