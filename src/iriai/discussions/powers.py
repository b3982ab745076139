"""What may be done to what others said. Only enactment calls these."""

from datetime import datetime

from sqlalchemy import select, update

from iriai.base.tx import Tx
from iriai.discussions.tables import DiscussionEvent


def hold_comment(tx: Tx, key: str, *, reason: str | None, until: datetime) -> None:
    """Show a comment to nobody until then, and say why; without a reason it is shown again."""
    own = DiscussionEvent.key == key
    asked = select(DiscussionEvent.data).where(own).with_for_update()
    found = tx.connection.execute(asked).scalar_one_or_none()
    if found is None:
        return
    data = {name: value for name, value in found.items() if name != "held"}
    if reason is not None:
        data["held"] = {"reason": reason, "until": until.isoformat()}
    tx.connection.execute(update(DiscussionEvent).where(own).values(data=data))
