"""What a decision does to a charter. Only `commons.enactment` calls it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from iriai.base.tx import Tx
from iriai.commons.charter import queries, register
from iriai.commons.charter.rules import Charter

NOTHING: Mapping[str, Any] = {}


def adopt(
    tx: Tx,
    commons_id: int,
    text: str,
    *,
    decision: str,
    by: str | None = None,
    holds_from: datetime | None = None,
    cited: Mapping[str, Any] = NOTHING,
) -> Charter:
    """Put a charter into force, by this decision; it must be whole, and this commons' own.

    `by`: who is said to have done it, where that is not the decision.
    """
    before = queries.version(tx, commons_id)
    charter = register.enter(tx, commons_id, text, decision=decision, holds_from=holds_from)
    name = queries.name_of(tx, commons_id)
    facts: dict[str, Any] = {} if holds_from is None else {"holds_from": holds_from.isoformat()}
    tx.record(
        commons_id,
        by or f"system:decision/{decision}",
        "amended",
        f"charter/{name}",
        digest=queries.version(tx, commons_id).digest,
        before=before.digest,
        preset=charter.preset.value,
        decision=decision,
        **facts,
        **cited,
    )
    return charter
