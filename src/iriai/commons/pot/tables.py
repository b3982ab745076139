"""What is kept of the pot: what there is of each unit, and what was allotted to whom."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Part, Table


class PoolRow(Table):
    """What there is of one unit: `gifts` says who gives how much of it."""

    __tablename__ = "pools"
    __table_args__ = (UniqueConstraint("commons_id", "unit"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    unit: Mapped[str] = mapped_column(String(32))
    gifts: Mapped[list[Any]]
    declared_at: Mapped[datetime]


class AllotmentRow(Table):
    """So much of a unit for somebody's project, by which decision."""

    __tablename__ = "allotments"
    __table_args__ = (Index("ix_allotments_commons_id", "commons_id", "state"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    unit: Mapped[str] = mapped_column(String(32))
    amount: Mapped[int] = mapped_column(BigId)
    project: Mapped[str]
    source: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    decision: Mapped[str]
    granted_at: Mapped[datetime]
    noticed_at: Mapped[datetime | None]
    recalled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class UsageRow(Table):
    """What somebody used of a unit that is measured elsewhere, as it was last reported.

    `holder` is a person's name. It says who is served next, so the log tells it.
    """

    __tablename__ = "pot_usage"
    __table_args__ = (UniqueConstraint("commons_id", "unit", "holder"),)
    in_part: ClassVar[tuple[Part, ...]] = (
        Part(
            "pot_usage",
            columns=("unit", "person_id", "holder", "amount"),
            inside=("commons_id", None),
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    unit: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[int | None] = mapped_column(BigId)
    holder: Mapped[str]
    amount: Mapped[int] = mapped_column(BigId)
    at: Mapped[datetime]


class MeasureRow(Table):
    """What somebody used of a unit, as it was last measured here; it is made anew each hour.

    `holder` is a person's name, or `repo/<number>` for what one repository uses.
    """

    __tablename__ = "pot_measures"
    __table_args__ = (UniqueConstraint("commons_id", "unit", "holder"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    unit: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[int | None] = mapped_column(BigId)
    holder: Mapped[str]
    amount: Mapped[int] = mapped_column(BigId)
    at: Mapped[datetime]
