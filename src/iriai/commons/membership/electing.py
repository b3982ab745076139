"""How offices are filled and asked back: when a seat is free, how many names it takes. Pure."""

import hashlib
import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from iriai.base.errors import Conflict
from iriai.commons.charter.rules import Charter
from iriai.commons.membership.rules import Seat

ELECTION_LEAD = timedelta(days=28)
"""How long before a term ends its election begins."""
NOMINATIONS = timedelta(days=7)
PETITION = timedelta(days=60)
"""For how long a petition gathers names."""
CANDIDATES_MAX = 50
ROUNDS_MAX = 2
"""A tie leads to a second round; if that is one too, the lot decides."""


class ElectionState(StrEnum):
    """Where an election stands."""

    NOMINATIONS = "nominations"
    VOTING = "voting"
    CLOSED = "closed"


class PetitionState(StrEnum):
    """Where a petition stands."""

    OPEN = "open"
    BALLOT = "ballot"
    CLOSED = "closed"


def require_may_serve(charter: Charter, role: str, term: int) -> None:
    """Nobody holds an office for more terms in a row than the charter says."""
    most = charter.roles[role].max_terms
    if most is not None and term > most:
        raise Conflict(
            f"The charter lets nobody be {role} for more than {most} terms in a row "
            f"(roles.{role}.max_terms).",
            code="CharterSays",
        )


def signatures_needed(charter: Charter, role: str, electors: int) -> int | None:
    """How many electors must ask for a seat back; None where the charter has no recall.

    Never one alone, as long as there is another besides whoever holds the seat.
    """
    recall = charter.roles[role].recall if role in charter.roles else None
    if recall is None:
        return None
    others = max(1, electors - 1)
    return max(min(2, others), math.ceil(recall.petition * electors - 1e-9))


def free_from(charter: Charter, role: str, seats: Iterable[Seat], now: datetime) -> datetime | None:
    """From when a further seat of an office is free: now, or when a term ends; None: never."""
    office = charter.roles[role]
    if office.seats is None:
        return now
    ends = sorted(seat.ends_at for seat in seats if seat.role == role and seat.ends_at > now)
    if len(ends) < office.seats:
        return now
    return ends[len(ends) - office.seats] if office.seats else None


def seats_to_fill(charter: Charter, role: str, seats: Iterable[Seat], now: datetime) -> int:
    """How many seats an election is about: those empty now, or by the end of its lead."""
    office = charter.roles[role]
    staying = sum(1 for each in seats if each.role == role and each.ends_at > now + ELECTION_LEAD)
    return max(0, (1 if office.seats is None else office.seats) - staying)


def lot(seed: str, names: Iterable[str]) -> list[str]:
    """The order of the lot: by SHA-256 of `seed|name`. Anybody can draw it again."""
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed}|{name}".encode()).digest())
