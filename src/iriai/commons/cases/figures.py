"""What became of the cases of a commons, in numbers that give nobody away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from iriai.base.tx import Tx
from iriai.commons.cases import rules
from iriai.commons.cases.rules import State
from iriai.commons.cases.tables import CaseRow, HoldRow

CASES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of the cases of a commons; small counts do not give anybody away."""

    cases: str
    open: str
    dismissed: str
    rungs: Sequence[tuple[str, str]]
    grounds: Sequence[tuple[str, str]]
    outcomes: Sequence[tuple[str, str]]
    holds: Sequence[tuple[str, str]]
    days_to_decide: float | None


def figures(tx: Tx, commons_id: int) -> Figures:
    """Counts by rung, ground and outcome, and how long deciding takes."""
    own = CaseRow.commons_id == commons_id
    states = _counted(tx, CaseRow.state, own)
    asked = select(CaseRow.opened_at, CaseRow.decided_at).where(own).limit(CASES_MAX)
    took = [
        row.decided_at - row.opened_at
        for row in tx.connection.execute(asked.where(CaseRow.decided_at.is_not(None)))
    ]
    middle = sorted(took)[len(took) // 2] if len(took) > 2 else None  # noqa: PLR2004 - as `fewer`
    return Figures(
        cases=rules.fewer(sum(states.values())),
        open=rules.fewer(sum(states.get(each, 0) for each in rules.OPEN)),
        dismissed=rules.fewer(states.get(State.DISMISSED, 0)),
        rungs=_shown(_counted(tx, CaseRow.rung, own)),
        grounds=_shown(_counted(tx, CaseRow.ground, own)),
        outcomes=_shown(_counted(tx, CaseRow.outcome, own)),
        holds=_shown(_counted(tx, HoldRow.ground, HoldRow.commons_id == commons_id)),
        days_to_decide=None if middle is None else round(middle / timedelta(days=1), 1),
    )


def _counted(
    tx: Tx, column: InstrumentedAttribute[Any], where: ColumnElement[bool]
) -> dict[str, int]:
    tx.flush()
    asked = select(column, func.count()).where(where, column.is_not(None)).group_by(column)
    return {str(name): int(count) for name, count in tx.connection.execute(asked)}


def _shown(counts: dict[str, int]) -> list[tuple[str, str]]:
    return [(name, rules.fewer(count)) for name, count in sorted(counts.items())]
