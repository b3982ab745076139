"""What is kept of requests for access. Who was let in stands in `repos.tables.RepoGrant`."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class AccessRequest(Table):
    """One account's request for one repository; asking again writes it anew."""

    __tablename__ = "access_requests"
    __table_args__ = (
        UniqueConstraint("repo_id", "account_id"),
        Index("ix_access_requests_repo_id", "repo_id", "status", "id"),
        Index("ix_access_requests_account_id", "account_id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    repo_id: Mapped[int] = mapped_column(BigId, ForeignKey("repos.id"))
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    status: Mapped[str] = mapped_column(String(16))
    fields: Mapped[dict[str, Any]]
    shares_email: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(Text)
    asked_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    handled_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
