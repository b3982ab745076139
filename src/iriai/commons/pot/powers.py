"""What decisions do to the pot. Only `commons.enactment` calls it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from iriai.base.errors import Conflict, Excessive
from iriai.base.tx import Tx
from iriai.commons import queries as commons_queries
from iriai.commons.pot import queries, rules
from iriai.commons.pot.rules import Allotment, Source, State
from iriai.commons.pot.tables import AllotmentRow, PoolRow

Cited = Mapping[str, Any]


def declare(
    tx: Tx,
    actor: str,
    commons_id: int,
    commons: str,
    *,
    unit: str,
    by: str,
    amount: int,
    cited: Cited,
) -> None:
    """Say how much of a unit somebody gives from now on; 0 takes their gift back."""
    commons_queries.lock(tx, commons_id)
    row = tx.session.scalar(
        select(PoolRow).where(PoolRow.commons_id == commons_id, PoolRow.unit == unit)
    )
    if row is None:
        if len(queries.pools(tx, commons_id)) >= rules.UNITS_MAX:
            raise Excessive(f"A pot has at most {rules.UNITS_MAX} units.")
        row = PoolRow(commons_id=commons_id, unit=unit, gifts=[], declared_at=tx.now)
        tx.session.add(row)
    gifts = [each for each in row.gifts if each["by"] != by]
    if amount:
        gifts.append({"by": by, "amount": amount})
    if len(gifts) > rules.GIVERS_MAX:
        raise Excessive(f"A unit has at most {rules.GIVERS_MAX} givers.")
    row.gifts, row.declared_at = gifts, tx.now
    tx.record(
        commons_id, actor, "declared", f"pot/{commons}", unit=unit, by=by, amount=amount, **cited
    )


def allot(
    tx: Tx,
    actor: str,
    commons_id: int,
    commons: str,
    *,
    account_id: int,
    holder: str,
    unit: str,
    amount: int,
    project: str,
    source: Source,
    cited: Cited,
) -> None:
    """Grant somebody an amount of a round, which must be free; or let them wait in the queue."""
    commons_queries.lock(tx, commons_id)
    cut = queries.slice_(tx, commons_id, unit)
    queued = source is Source.QUEUE
    if not queued and amount > cut.round_free:
        raise Conflict(f"Only {rules.said(unit, cut.round_free)} are free in the round.")
    tx.session.add(
        AllotmentRow(
            commons_id=commons_id,
            account_id=account_id,
            unit=unit,
            amount=amount,
            project=project,
            source=source,
            state=State.QUEUED if queued else State.GRANTED,
            decision=str(cited.get("decision", "")),
            granted_at=tx.now,
        )
    )
    tx.record(
        commons_id,
        actor,
        "queued" if queued else "allotted",
        f"pot/{commons}",
        unit=unit,
        amount=amount,
        to=holder,
        project=project,
        **cited,
    )


def reclaim(
    tx: Tx, actor: str, commons_id: int, commons: str, *, allotment_id: int, cited: Cited
) -> None:
    """Take an allotment back into the pot. Nothing that was stored is deleted by it."""
    commons_queries.lock(tx, commons_id)
    row = tx.session.get(AllotmentRow, allotment_id)
    if row is None or row.commons_id != commons_id or row.state == State.RECLAIMED:
        raise Conflict("This allotment is not in force any more.")
    row.state, row.ended_at = State.RECLAIMED, tx.now
    tx.record(
        commons_id,
        actor,
        "reclaimed",
        f"pot/{commons}",
        unit=row.unit,
        amount=row.amount,
        project=row.project,
        **cited,
    )


def grant(
    tx: Tx,
    actor: str,
    commons_id: int,
    commons: str,
    *,
    one: Allotment,
    source: Source,
    cited: Cited,
) -> None:
    """Serve what waited in the queue; out of the floor it is lent, and can be recalled."""
    row = tx.session.get_one(AllotmentRow, one.id)
    row.state, row.source, row.granted_at = State.GRANTED, source, tx.now
    row.recalled_at = None
    _record(
        tx, actor, "lent" if source is Source.FLOOR else "allotted", commons_id, commons, one, cited
    )


def recall(
    tx: Tx, actor: str, commons_id: int, commons: str, *, one: Allotment, cited: Cited
) -> None:
    """What was lent goes back to whose floor it is, after a day."""
    tx.session.get_one(AllotmentRow, one.id).recalled_at = tx.now
    _record(tx, actor, "recalled", commons_id, commons, one, cited)


def notice(
    tx: Tx, actor: str, commons_id: int, commons: str, *, one: Allotment, cited: Cited
) -> None:
    """Tell somebody that what they were granted lies cold, and will be taken back."""
    tx.session.get_one(AllotmentRow, one.id).noticed_at = tx.now
    _record(tx, actor, "noticed", commons_id, commons, one, cited)


def renew(
    tx: Tx, actor: str, commons_id: int, commons: str, *, one: Allotment, cited: Cited
) -> None:
    """It is used again: the notice is void."""
    tx.session.get_one(AllotmentRow, one.id).noticed_at = None
    _record(tx, actor, "renewed", commons_id, commons, one, cited)


def _record(  # noqa: PLR0917 - one event
    tx: Tx, actor: str, verb: str, commons_id: int, commons: str, one: Allotment, cited: Cited
) -> None:
    tx.record(
        commons_id,
        actor,
        verb,
        f"pot/{commons}",
        unit=one.unit,
        amount=one.amount,
        to=one.holder,
        project=one.project,
        **cited,
    )
