"""What a request for removal goes through, and by when. Pure.

`received → acknowledged (the files are held) → fulfilled | refused → appealed`. Asking needs no
account; the files are held once a steward has seen that the request is one.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from iriai.base.errors import Conflict, Denied, Excessive, Invalid, Unknown
from iriai.commons.charter.rules import Charter

PATHS_MAX = 20
WORDS_LENGTH_MAX = 4_000
CONTACT_LENGTH_MAX = 200
OPEN_MAX = 200
"""How many unread requests a commons takes before it asks people to wait."""

A_DAY_FOR_ONE = 10
"""How many requests about one repository a day."""


LETTERS_A_DAY = 3
"""How many requests a day one address may be given for before the hub writes to it no more."""

_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")


class State(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    HELD = "held"
    FULFILLED = "fulfilled"
    REFUSED = "refused"
    APPEALED = "appealed"


OPEN = (State.RECEIVED, State.HELD)
LABELS: Mapping[State, str] = MappingProxyType(
    {
        State.RECEIVED: "received, and nobody has looked at it yet",
        State.HELD: "being looked at; the files are held back",
        State.FULFILLED: "removed",
        State.REFUSED: "refused",
        State.APPEALED: "refused, and appealed",
    }
)


def clean_words(text: str, what: str, *, length_max: int = WORDS_LENGTH_MAX) -> str:
    """A text that must be there."""
    cleaned = text.replace("\0", "").replace("\r\n", "\n").strip()
    if not cleaned:
        raise Invalid(f"{what} cannot be empty.")
    if len(cleaned) > length_max:
        raise Invalid(f"{what} has at most {length_max:,} characters.")
    return cleaned


def require_some(paths: list[str]) -> list[str]:
    """The files that are named: some, and not too many."""
    if not paths:
        raise Invalid("Name the files that hold the data, one a line.")
    if len(paths) > PATHS_MAX:
        raise Excessive(f"Name at most {PATHS_MAX} files in one request.")
    return paths


def require_room(*, unread: int, about_repo_today: int) -> None:
    """Requests are read by people; a flood of them would keep all others waiting."""
    if unread >= OPEN_MAX or about_repo_today >= A_DAY_FOR_ONE:
        raise Excessive("So many requests came that people have to read first; try tomorrow.")


def times(charter: Charter, now: datetime) -> tuple[datetime, datetime]:
    """By when a request of now is acknowledged, and decided."""
    removal = charter.removal
    return now + timedelta(days=removal.ack_days), now + timedelta(days=removal.decide_days)


def require_known(repo_id: int | None) -> int:
    """What a request is about, unless that stayed at the hub that the commons came from."""
    if repo_id is None:
        raise Conflict(
            "What this request names is private and stayed at the hub that this commons came from. "
            "Refuse it, and say that whoever asked can ask again here."
        )
    return repo_id


def require_state(state: State, *allowed: State) -> None:
    """A request goes its way step by step."""
    if state not in allowed:
        raise Conflict(f"This request is {state.value}: this cannot be done any more, or not yet.")


def is_overdue(state: State, acknowledge_by: datetime, decide_by: datetime, now: datetime) -> bool:
    """Whether the commons is late."""
    return (state is State.RECEIVED and now > acknowledge_by) or (state in OPEN and now > decide_by)


def is_address(contact: str) -> bool:
    """Whether a contact is something that mail can be sent to."""
    return _ADDRESS.fullmatch(contact) is not None


def digest(code: str) -> str:
    """How the code is kept."""
    return hashlib.sha256(code.encode()).hexdigest()


def next_step(state: State, dates: tuple[datetime, datetime], appeal_until: datetime | None) -> str:
    """What happens next, when, and where to object."""
    acknowledge_by, decide_by = (f"{each.day} {each:%B %Y}" for each in dates)
    if state is State.RECEIVED:
        return (
            f"A steward looks at it by {acknowledge_by}; from then on the files are not served. "
            f"It is decided by {decide_by}, and a refusal can be appealed on this page."
        )
    if state is State.HELD:
        return (
            f"The files are not served. It is decided by {decide_by}; a refusal can be "
            "appealed on this page."
        )
    if state is State.REFUSED and appeal_until is not None:
        return (
            f"Whoever asked may appeal on this page until {appeal_until.day} {appeal_until:%B %Y}."
        )
    if state is State.APPEALED:
        return "A panel drawn by lot looks at it again; until then the files are not served."
    return "This is over. What was removed is in no revision any more."


def unknown_removal() -> Unknown:
    """There is no such request."""
    return Unknown("There is no such request for removal.", code="RemovalNotFound")


def not_yours() -> Denied:
    """Without the code, and no steward, one sees only the summary."""
    return Denied("This takes the code of the request.", code="CodeNeeded")
