"""What is kept of notifications: themselves, choices about what to hear of, and mailboxes."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class NotificationRow(Table):
    """One entry of the log, as it concerns one person."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("person_id", "commons_id", "position"),
        Index("ix_notifications_person_id", "person_id", "read_at", "id"),
        Index("ix_notifications_at", "at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    commons_id: Mapped[int] = mapped_column(BigId)
    position: Mapped[int] = mapped_column(BigId)
    reason: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str]
    verb: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[str] = mapped_column(default="")
    repo_id: Mapped[int | None] = mapped_column(BigId)
    number: Mapped[int | None]
    comment: Mapped[str | None] = mapped_column(String(24))
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]


class SubscriptionRow(Table):
    """What a person chose to hear of a repository (number 0) or of one discussion."""

    __tablename__ = "subscriptions"
    __table_args__ = (Index("ix_subscriptions_repo_id", "repo_id", "number"),)
    person_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    repo_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("repos.id"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    level: Mapped[str] = mapped_column(String(8))
    since: Mapped[datetime]


class MailboxRow(Table):
    """Where a person's mail goes, once they confirmed it."""

    __tablename__ = "mailboxes"
    person_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    address: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    digest: Mapped[str] = mapped_column(String(8))
    mailed_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    asked_count: Mapped[int] = mapped_column(default=0)
