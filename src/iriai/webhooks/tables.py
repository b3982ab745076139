"""What is kept of webhooks: themselves, what they watch, and what they were told of late.

`next_at` says when the oldest delivery that waits may be tried, and is None where none waits; so
one index finds all there is to do. `claimed_until` is the lease of whoever sends for this webhook.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class WebhookRow(Table):
    """A webhook of a person or an organisation. `key` is its 24 hex digits."""

    __tablename__ = "webhooks"
    __table_args__ = (
        Index("ix_webhooks_owner_id", "owner_id"),
        Index("ix_webhooks_next_at", "next_at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(24), unique=True)
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    url: Mapped[str]
    secret: Mapped[str | None]
    domains: Mapped[list[str]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str] = mapped_column(default="")
    capped_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[datetime | None]


class WatchRow(Table):
    """Something a webhook watches, by name, in the order it was given."""

    __tablename__ = "webhook_watches"
    __table_args__ = (Index("ix_webhook_watches_name_key", "name_key", "kind"),)
    webhook_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("webhooks.id"), primary_key=True, autoincrement=False
    )
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str]
    name_key: Mapped[str]


class DeliveryRow(Table):
    """One event told to one webhook. `key` is the id that every try carries."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "commons_id", "position"),
        Index("ix_webhook_deliveries_waiting", "webhook_id", "state", "id"),
        Index("ix_webhook_deliveries_made_at", "made_at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    webhook_id: Mapped[int] = mapped_column(BigId, ForeignKey("webhooks.id"))
    commons_id: Mapped[int] = mapped_column(BigId)
    position: Mapped[int] = mapped_column(BigId)
    repo_id: Mapped[int] = mapped_column(BigId)
    action: Mapped[str] = mapped_column(String(16))
    scope: Mapped[str] = mapped_column(String(32))
    payload: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12))
    attempts: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    status: Mapped[int | None]
    answer: Mapped[str] = mapped_column(Text, default="")
    error: Mapped[str] = mapped_column(default="")
    seconds: Mapped[float | None]
