"""Write down what an operator does, what is ratified, and what lapses. Enactment does the deed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from iriai.base.errors import Conflict
from iriai.base.tx import Tx
from iriai.commons.breakglass.rules import Act, Basis, State
from iriai.commons.breakglass.tables import OperatorAct
from iriai.commons.membership import queries as membership

OPERATOR = "operator"
CLOCK = "system:clock"


def note(
    tx: Tx,
    commons_id: int,
    act: Act,
    subject: str,
    *,
    basis: Basis,
    reason: str,
    undo: Mapping[str, Any],
    lapses_at: datetime | None,
    sealed_until: datetime | None,
    concerned: Iterable[str] = (),
) -> OperatorAct:
    """Record an act, and tell the stewards, and whoever else is concerned."""
    row = OperatorAct(
        commons_id=commons_id,
        act=act.value,
        subject=subject,
        basis=basis.value,
        reason=reason,
        undo=dict(undo),
        state=State.STANDING.value,
        done_at=tx.now,
        lapses_at=lapses_at,
        sealed_until=sealed_until,
    )
    tx.session.add(row)
    tx.flush()
    facts: dict[str, Any] = {
        "number": row.id,
        "act": act.value,
        "basis": basis.value,
        "rule": "operator.break_glass",
        "told": sorted(
            {seat.holder for seat in membership.stewards(tx, commons_id)} | set(concerned)
        ),
    }
    if lapses_at is not None:
        facts["lapses_at"] = lapses_at.isoformat()
    if sealed_until is None:
        facts["reason"] = reason
        tx.record(commons_id, OPERATOR, "broke glass", subject, **facts)
    else:
        facts["sealed_until"] = sealed_until.isoformat()
        kept = {"reason": reason}
        tx.record(commons_id, OPERATOR, "broke glass", subject, private=kept, **facts)
    return row


def close(tx: Tx, row: OperatorAct, state: State, *, by: str, **cited: Any) -> None:
    """Say what became of an act."""
    if row.state != State.STANDING:
        raise Conflict(f"This act is {row.state.replace('_', ' ')} already.")
    row.state, row.closed_at = state.value, tx.now
    row.decision = cited.get("decision")
    verb = {State.TAKEN_BACK: "took back"}.get(state, state.value)
    subject = row.subject
    tx.record(row.commons_id, by, verb, subject, number=row.id, act=row.act, **cited)


def unseal(tx: Tx, row: OperatorAct) -> None:
    """Make the reason of a legal order public: its day has come."""
    row.sealed_until = None
    tx.record(row.commons_id, CLOCK, "unsealed", row.subject, number=row.id, reason=row.reason)
