"""What a webhook is, what it is told, how often, and for how long it is tried. Pure.

A webhook belongs to a person or an organisation and is told what its owner may know, judged when
it is told. Its deliveries go out one after the other, in the order of the log: what fails is tried
again, later and later, before anything newer, and given up after a day.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from iriai.base import outbound
from iriai.base.errors import Denied, Excessive, Invalid, Unavailable, Unknown
from iriai.base.names import fold
from iriai.base.outbound import Network
from iriai.identity.rules import Act, Actor, Reach, Subject, may, require_may
from iriai.repos.subjects import Place, place

WEBHOOKS_MAX = 50
WATCHED_MAX = 100
WATCHED_NAME_LENGTH_MAX = 200
SECRET_LENGTH_MAX = 200
DELIVERIES_PER_DAY_MAX = 1_000
DAY = timedelta(hours=24)
GIVEN_UP_AFTER = timedelta(hours=24)
KEPT_DAYS = 14
SHOWN_MAX = 50
ANSWER_LENGTH_MAX = 2_000
REQUEST_LENGTH_MAX = 4_000
BACKOFF_FIRST_SECONDS = 1.0
BACKOFF_FACTOR = 3.0
BACKOFF_SECONDS_MAX = 1_800.0
GONE = 410


class Domain(StrEnum):
    """What a webhook is told about."""

    REPO = "repo"
    DISCUSSION = "discussion"


class State(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    WITHHELD = "withheld"


WATCHED_KINDS = ("bucket", "dataset", "model", "org", "space", "user")
ACCOUNT_KINDS = ("user", "org")


@dataclass(frozen=True, slots=True)
class Watched:
    """Something a webhook watches: an account with all it owns, or one repository."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook. `key` is the id that clients know."""

    id: int
    key: str
    owner_id: int
    owner: str
    url: str
    secret: str | None
    domains: tuple[Domain, ...]
    watched: tuple[Watched, ...]
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str
    failures: int
    next_at: datetime | None
    capped_at: datetime | None

    @property
    def is_disabled(self) -> bool:
        """Whether nothing is sent to it."""
        return self.disabled_at is not None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing that a webhook is told, and what came of it. `key` stays over every try."""

    id: int
    key: str
    webhook_id: int
    action: str
    scope: str
    payload: str
    state: State
    attempts: int
    made_at: datetime
    tried_at: datetime | None
    status: int | None
    answer: str
    error: str
    seconds: float | None


# -- who may -------------------------------------------------------------------------------------


def require_may_see(actor: Actor, owner_id: int) -> None:
    """Webhooks are seen by their owner, and of an organisation by those who administer it."""
    act = Act.READ if owner_id == actor.id else Act.GOVERN
    require_may(actor, act, Subject(owner_id))


def may_see_secret(actor: Actor, owner_id: int) -> bool:
    """Whether a webhook's secret is shown: not to what only reads."""
    return actor.scope.reach is not Reach.FINE_GRAINED and may(actor, Act.GOVERN, Subject(owner_id))


def require_may_change(actor: Actor, owner_id: int) -> None:
    """A webhook tells all its owner may know, so a token for a part of that cannot make one."""
    require_may(actor, Act.GOVERN, Subject(owner_id))
    if actor.scope.reach is Reach.FINE_GRAINED:
        raise Denied(
            "A webhook tells what its owner may read everywhere; change webhooks with a token "
            "that may write, or on the settings page.",
            code="TokenScope",
        )


# -- fields --------------------------------------------------------------------------------------

_SECRET = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_NAME = re.compile(r"[^\s/]+(?:/[^\s/]+)?")


def clean_url(url: str, allow: Sequence[Network] = ()) -> str:
    """A URL that may be called, as far as that can be said before it is."""
    outbound.require_may_call(url.strip(), allow)
    return url.strip()


def clean_secret(secret: str) -> str | None:
    """A secret that fits a header; none where it is empty."""
    if not secret:
        return None
    if len(secret) > SECRET_LENGTH_MAX or not _SECRET.fullmatch(secret):
        raise Invalid(f"A secret has at most {SECRET_LENGTH_MAX} characters, all of plain ASCII.")
    return secret


def clean_domains(domains: Iterable[str]) -> tuple[Domain, ...]:
    """What a webhook is told about: `repo`, `discussion` (or `discussions`), or both."""
    given = {"discussion" if each == "discussions" else each for each in domains}
    if not given or given - set(Domain):
        raise Invalid(f'"domains" must be one or more of [{", ".join(Domain)}].')
    return tuple(each for each in Domain if each in given)


def clean_watched(watched: Iterable[tuple[str, str]]) -> tuple[Watched, ...]:
    """What a webhook watches. Names need not exist yet, so nobody learns by it what does."""
    found = list(dict.fromkeys(Watched(kind, name.strip("/ ")) for kind, name in watched))
    if not found:
        raise Invalid('"watched" must name at least one account or repository.')
    if len(found) > WATCHED_MAX:
        raise Excessive(f"A webhook watches at most {WATCHED_MAX} things.")
    for each in found:
        if each.kind not in WATCHED_KINDS:
            raise Invalid(f"What is watched must be one of [{', '.join(WATCHED_KINDS)}].")
        if len(each.name) > WATCHED_NAME_LENGTH_MAX or not _NAME.fullmatch(each.name):
            raise Invalid("What is watched has a name, such as ada or ada/tiny.")
    return tuple(found)


def watched_key(each: Watched) -> str:
    """The name of something watched, as it is looked up."""
    return fold(each.name)


def require_room(count: int) -> None:
    """An account has so many webhooks and no more."""
    if count >= WEBHOOKS_MAX:
        raise Excessive(f"An account has at most {WEBHOOKS_MAX} webhooks; delete one first.")


def no_jobs() -> Unavailable:
    """A webhook here calls a URL; it cannot start a job."""
    return Unavailable("This hub does not run jobs; give the webhook a URL.", code="NotImplemented")


def unknown_webhook() -> Unknown:
    """There is no such webhook, or it is somebody else's."""
    return Unknown("Webhook not found", code="WebhookNotFound")


def unknown_delivery() -> Unknown:
    """There is no such delivery, or it is too long ago."""
    return Unknown("There is no such delivery.", code="DeliveryNotFound")


# -- what happened, in the words of the wire -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Happening:
    """An entry of the log, as a webhook tells it."""

    action: str
    scope: str
    place: Place

    @property
    def domain(self) -> Domain:
        """Which kind of webhook wants to know."""
        return Domain(self.scope.partition(".")[0])


OF_A_REPO: Mapping[str, tuple[str, str]] = {
    "created": ("create", "repo"),
    "duplicated": ("create", "repo"),
    "deleted": ("delete", "repo"),
    "moved": ("move", "repo"),
    "changed": ("update", "repo.config"),
    "committed": ("update", "repo.content"),
    "pushed": ("update", "repo.content"),
    "squashed": ("update", "repo.content"),
    "proposed": ("update", "repo.content"),
    "created ref of": ("update", "repo.content"),
    "deleted ref of": ("update", "repo.content"),
}
OF_A_DISCUSSION: Mapping[str, tuple[str, str]] = {
    "opened discussion": ("create", "discussion"),
    "opened pull request": ("create", "discussion"),
    "commented": ("create", "discussion.comment"),
    "edited": ("update", "discussion.comment"),
    "hid": ("update", "discussion.comment"),
    "renamed": ("update", "discussion"),
    "opened": ("update", "discussion"),
    "closed": ("update", "discussion"),
    "merged": ("update", "discussion"),
    "locked": ("update", "discussion"),
    "unlocked": ("update", "discussion"),
}


def happening(verb: str, subject: str) -> Happening | None:
    """An entry in the words of the wire; None for what webhooks do not tell."""
    found = place(subject)
    if found is None:
        return None
    told = (OF_A_REPO if found.discussion is None else OF_A_DISCUSSION).get(verb)
    return None if told is None else Happening(*told, found)


def updated_refs(verb: str, facts: Mapping[str, Any]) -> list[dict[str, str | None]]:
    """Which ref went from where to where, as the facts of an entry say it."""
    ref = facts.get("ref")
    if not isinstance(ref, str):
        return []
    new, old = facts.get("new", facts.get("sha")), facts.get("old")
    if verb == "deleted ref of":
        new, old = None, facts.get("sha")
    return [{"ref": ref, "oldSha": old, "newSha": new}]


# -- trying again --------------------------------------------------------------------------------


def is_delivered(status: int) -> bool:
    """Whether an answer says that it was received. A redirect does not."""
    return 200 <= status < 300  # noqa: PLR2004


def pause(attempts: int, chance: float) -> timedelta:
    """How long to wait after so many failed tries; `chance` from 0 to 1 spreads it by half."""
    longest = min(
        BACKOFF_SECONDS_MAX, BACKOFF_FIRST_SECONDS * BACKOFF_FACTOR ** min(attempts - 1, 20)
    )
    return timedelta(seconds=longest * (0.5 + chance / 2))


def is_given_up(queued_at: datetime, again_at: datetime) -> bool:
    """Whether another try at this time would come too late."""
    return again_at - queued_at > GIVEN_UP_AFTER
