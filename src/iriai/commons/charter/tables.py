"""What is kept of charters: each version that was ever in force, word for word."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class CharterRow(Table):
    """One version of a commons' charter; the one of the highest number is in force.

    `decision` is by what it came: `founding`, or the proposal that enacted it. `holds_from` is the
    moment from which what the organisation already had is held by the commons.
    """

    __tablename__ = "charters"
    __table_args__ = (UniqueConstraint("commons_id", "number"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    decision: Mapped[str]
    enacted_at: Mapped[datetime]
    holds_from: Mapped[datetime | None]
