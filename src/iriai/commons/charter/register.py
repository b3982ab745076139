"""Where a version of a charter is written down. Actions and powers come here; doors do not."""

from datetime import datetime

from sqlalchemy import func, select

from iriai.base.tx import Tx
from iriai.commons.charter import queries, reading
from iriai.commons.charter.rules import Charter
from iriai.commons.charter.tables import CharterRow
from iriai.commons.tables import Commons

FOUNDING = queries.FOUNDING


def enter(
    tx: Tx, commons_id: int, text: str, *, decision: str, holds_from: datetime | None = None
) -> Charter:
    """Make this text the charter in force, and its preset the one of the commons."""
    charter = reading.read(text, commons=queries.name_of(tx, commons_id))
    highest = select(func.max(CharterRow.number)).where(CharterRow.commons_id == commons_id)
    number = (tx.connection.execute(highest).scalar() or 0) + 1
    made = CharterRow(
        commons_id=commons_id,
        number=number,
        digest=queries.digest(text),
        text=text,
        decision=decision,
        enacted_at=tx.now,
        holds_from=holds_from,
    )
    tx.session.add(made)
    commons = tx.session.get_one(Commons, commons_id)
    commons.preset = charter.preset.value
    tx.session.flush()
    return charter
