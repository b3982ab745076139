"""What operators did to what a commons holds. All of it is public but a sealed reason."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from iriai.base.errors import Unknown
from iriai.base.tx import Tx
from iriai.commons.breakglass.rules import State
from iriai.commons.breakglass.tables import OperatorAct


def acts(tx: Tx, commons_id: int) -> Sequence[OperatorAct]:
    """Every act, the newest first."""
    mine = OperatorAct.commons_id == commons_id
    return tx.session.scalars(select(OperatorAct).where(mine).order_by(OperatorAct.id.desc())).all()


def act(tx: Tx, commons_id: int, number: int) -> OperatorAct:
    """One act."""
    found = tx.session.get(OperatorAct, number)
    if found is None or found.commons_id != commons_id:
        raise Unknown("The operator did nothing under this number.")
    return found


def reason(row: OperatorAct, now: datetime) -> str | None:
    """Why it was done, for everybody; None as long as a legal order seals it."""
    return None if row.sealed_until is not None and now < row.sealed_until else row.reason


def due(tx: Tx, now: datetime) -> list[int]:
    """Emergencies whose time is over, and sealed reasons whose day has come."""
    over = (OperatorAct.state == State.STANDING) & (OperatorAct.lapses_at <= now)
    open_ = OperatorAct.sealed_until <= now
    return list(tx.connection.execute(select(OperatorAct.id).where(over | open_)).scalars())


def legal_orders(tx: Tx, commons_id: int) -> int:
    """How many legal orders there were: they are counted, whatever is sealed."""
    return sum(each.basis == "legal_order" for each in acts(tx, commons_id))
