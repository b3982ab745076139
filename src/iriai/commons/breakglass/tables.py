"""What is kept of an operator's acts: what was done, why, until when, and what became of it."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table
from iriai.commons.tables import Commons


class OperatorAct(Table):
    """One act. `reason` is private as long as a legal order seals it."""

    __tablename__ = "operator_acts"
    __table_args__ = (Index("ix_operator_acts_standing", "state", "lapses_at"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey(Commons.id))
    act: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str]
    basis: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text, info={"private": True})
    undo: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))
    done_at: Mapped[datetime]
    lapses_at: Mapped[datetime | None]
    sealed_until: Mapped[datetime | None]
    decision: Mapped[str | None]
    closed_at: Mapped[datetime | None]
