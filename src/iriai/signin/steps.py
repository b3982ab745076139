"""One step of a sign-in leads to the next by a secret that works once.

`begin` gives the secret, for a cookie or a hidden field; `look` reads what was left there, `take`
reads and ends it. Only one of two requests that come at once gets it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select, update

from iriai.base import credentials
from iriai.base.errors import Gone
from iriai.base.tx import Tx
from iriai.signin.tables import Step

STEP_SECONDS = 600
TRIES_MAX = 5


class Purpose(StrEnum):
    """What a step is for; one for another purpose is none."""

    SECOND_FACTOR = "second-factor"
    PASSKEY = "passkey"
    NEW_PASSKEY = "new-passkey"
    OUTSIDE = "outside"
    NEWCOMER = "newcomer"


@dataclass(frozen=True, slots=True)
class Left:
    """What was left at a step."""

    account_id: int | None
    facts: Mapping[str, Any]


def begin(
    tx: Tx, purpose: Purpose, *, account_id: int | None = None, facts: Mapping[str, Any]
) -> str:
    """Leave `facts` for the next request. Returns the secret that leads to them."""
    raw = credentials.fresh_secret()
    tx.session.add(
        Step(
            digest=credentials.digest(raw),
            purpose=purpose.value,
            account_id=account_id,
            facts=dict(facts),
            created_at=tx.now,
            expires_at=tx.now + timedelta(seconds=STEP_SECONDS),
        )
    )
    tx.flush()
    return raw


def look(tx: Tx, purpose: Purpose, raw: str) -> Left:
    """What was left, without ending the step."""
    asked = select(Step.account_id, Step.facts).where(*_here(tx, purpose, raw))
    found = tx.connection.execute(asked).first()
    if found is None:
        raise _over()
    return Left(found.account_id, found.facts)


def take(tx: Tx, purpose: Purpose, raw: str) -> Left:
    """What was left; the step is over with it, whatever comes of it."""
    asked = delete(Step).where(*_here(tx, purpose, raw)).returning(Step.account_id, Step.facts)
    found = tx.connection.execute(asked).first()
    if found is None:
        raise _over()
    return Left(found.account_id, found.facts)


def count_try(tx: Tx, purpose: Purpose, raw: str) -> Left:
    """What was left, with one try spent on it; after `TRIES_MAX` one begins again."""
    asked = (
        update(Step)
        .where(*_here(tx, purpose, raw), Step.tries < TRIES_MAX)
        .values(tries=Step.tries + 1)
        .returning(Step.account_id, Step.facts)
    )
    found = tx.connection.execute(asked).first()
    if found is None:
        raise _over()
    return Left(found.account_id, found.facts)


def _here(tx: Tx, purpose: Purpose, raw: str) -> tuple[Any, ...]:
    return (
        Step.digest == credentials.digest(raw),
        Step.purpose == purpose.value,
        Step.expires_at > tx.now,
    )


def _over() -> Gone:
    return Gone("This took too long, or was done already; begin again.", code="StepOver")
