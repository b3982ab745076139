"""Exports that were asked for from a page, as long as they are kept."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class ExportRow(Table):
    """One export. It is ready when it has a `key`: where its tar lies in the store."""

    __tablename__ = "exports"
    __table_args__ = (
        Index("ix_exports_commons_id", "commons_id", "asked_at"),
        Index("ix_exports_expires_at", "expires_at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    asker_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    asked_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    size: Mapped[int] = mapped_column(BigId, default=0)
    key: Mapped[str | None] = mapped_column(String(80))
    failure: Mapped[str | None] = mapped_column(Text)
