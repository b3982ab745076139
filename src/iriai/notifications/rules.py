"""What concerns whom, what somebody chose to hear of, and the links in mail. Pure.

People hear of what is said where they take part, of what is theirs, of what they watch, and when
somebody writes their name; never of what they did themselves, nor of what they muted. Whoever may
not read a thing hears nothing of it, judged when it happens and again when it is shown or mailed.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from iriai.base.errors import Denied, Excessive, Gone, Invalid
from iriai.base.numbers import whole
from iriai.discussions.rules import CALLED
from iriai.identity.rules import Actor, require_signed_in

MENTIONS_MAX = 20
CONCERNED_MAX = 500
SUBSCRIPTIONS_MAX = 2_000
PAGE_LENGTH = 50
COUNTED_MAX = 100
KEPT_DAYS = 180
DIGEST_MAX = 50
CONFIRM_DAYS = 3
CONFIRM_MAILS_PER_DAY_MAX = 5
TEXT_LENGTH_MAX = 65_536
LINK_PARTS, STAMP_DIGITS_MAX = 3, 12


class Reason(StrEnum):
    """Why something concerns somebody, the strongest first."""

    YOU = "you"
    MENTIONED = "mentioned"
    PART = "part"
    OWN = "own"
    WATCHING = "watching"


class Level(StrEnum):
    """What somebody chose to hear of a repository or a discussion."""

    WATCH = "watch"
    MUTE = "mute"


class Digest(StrEnum):
    """How often what is unread is mailed."""

    OFF = "off"
    HOURLY = "hourly"
    DAILY = "daily"


PERIODS = {Digest.HOURLY: timedelta(hours=1), Digest.DAILY: timedelta(hours=24)}


@dataclass(frozen=True, slots=True)
class Notification:
    """Something that concerns a person. `repo_id` is None where it is about no repository."""

    id: int
    commons_id: int
    reason: Reason
    actor: str
    verb: str
    subject: str
    detail: str
    repo_id: int | None
    number: int | None
    comment: str | None
    at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A choice about a repository, or, with a `number`, about one discussion in it."""

    repo_id: int
    number: int | None
    level: Level
    since: datetime


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where a person's mail goes. It does only to an address that they confirmed."""

    person_id: int
    address: str
    confirmed_at: datetime | None
    digest: Digest
    mailed_at: datetime | None

    @property
    def is_confirmed(self) -> bool:
        """Whether somebody who reads this address said so."""
        return self.confirmed_at is not None


# -- who -----------------------------------------------------------------------------------------


def require_own(actor: Actor) -> int:
    """Notifications are a person's own: whoever asks, by page or with a token that may write."""
    return require_signed_in(actor)


_CODE = re.compile(r"(```|~~~).*?(?:\1|\Z)|`[^`\n]*`", re.DOTALL)


def mentioned(text: str) -> list[str]:
    """The names that a text calls by `@name`, outside of code, each once."""
    plain = _CODE.sub(" ", text[:TEXT_LENGTH_MAX])
    names = (found["name"] for found in CALLED.finditer(plain))
    return list(dict.fromkeys(name for name in names if name))[:MENTIONS_MAX]


def stronger(one: Reason, other: Reason | None) -> Reason:
    """Of two reasons the one that is said."""
    order = list(Reason)
    return one if other is None or order.index(one) < order.index(other) else other


# -- choices -------------------------------------------------------------------------------------


def clean_level(level: str) -> Level | None:
    """A choice from its word; an empty one is none."""
    if not level:
        return None
    try:
        return Level(level)
    except ValueError:
        raise Invalid(f"One can {' or '.join(Level)} something, or leave it as it is.") from None


def clean_digest(digest: str) -> Digest:
    """How often mail comes, from its word."""
    try:
        return Digest(digest)
    except ValueError:
        raise Invalid(f"Mail comes {', '.join(Digest)}.") from None


def require_room(count: int) -> None:
    """A person makes so many choices and no more."""
    if count >= SUBSCRIPTIONS_MAX:
        raise Excessive(f"One watches or mutes at most {SUBSCRIPTIONS_MAX:,} things.")


def require_few_mails(asked: int) -> None:
    """Nobody is sent letters to confirm an address over and over."""
    if asked >= CONFIRM_MAILS_PER_DAY_MAX:
        raise Excessive("Enough letters went to this address today; look among the junk mail.")


def is_due(mailbox: Mailbox, now: datetime) -> bool:
    """Whether what is unread may be mailed again."""
    if mailbox.digest is Digest.OFF or not mailbox.is_confirmed:
        return False
    return mailbox.mailed_at is None or now - mailbox.mailed_at >= PERIODS[mailbox.digest]


# -- links in mail -------------------------------------------------------------------------------


def sealed(secret: bytes, purpose: str, person_id: int, address: str, until: int) -> str:
    """A link's secret part: it says who, until when, and that this hub made it. 0 is for ever."""
    head = f"{person_id}.{until}"
    digest = hmac.digest(secret, f"mail:{purpose}:{head}:{address}".encode(), hashlib.sha256)
    return f"{head}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def person_in(token: str) -> int:
    """Whom a link claims to be of; `require_sealed` says whether that is so."""
    number = whole(token.partition(".")[0])
    if number is None:
        raise bad_link()
    return number


def require_sealed(secret: bytes, purpose: str, token: str, *, address: str, now: datetime) -> None:
    """This hub made the link, for this address, and it is not too old."""
    parts = token.split(".")
    until = whole(parts[1], digits_max=STAMP_DIGITS_MAX) if len(parts) == LINK_PARTS else None
    if until is None:
        raise bad_link()
    wanted = sealed(secret, purpose, person_in(token), address, until)
    if not hmac.compare_digest(wanted.encode(), token.encode()):
        raise bad_link()
    if until and now.timestamp() > until:
        raise Gone("This link is too old; ask for another letter.", code="LinkGone")


def bad_link() -> Denied:
    """The link is not one of ours, or for an address that has changed."""
    return Denied("This link is not good, or was for another address.", code="LinkInvalid")
