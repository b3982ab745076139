"""Webhooks, what they were told, and how far readers of the log have come."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "log_cursors",
        sa.Column("reader", sa.String, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("position", BigId, nullable=False),
        sa.PrimaryKeyConstraint("reader", "commons_id", name="pk_log_cursors"),
    )
    op.execute(
        "INSERT INTO log_cursors (reader, commons_id, position) "
        "SELECT 'webhooks', commons_id, size FROM log_heads"
    )
    op.create_table(
        "webhooks",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("key", sa.String(24), nullable=False),
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("secret", sa.String),
        sa.Column("domains", sa.JSON, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("disabled_at", Moment),
        sa.Column("disabled_reason", sa.String, nullable=False),
        sa.Column("capped_at", Moment),
        sa.Column("next_at", Moment),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("claimed_by", sa.String),
        sa.Column("claimed_until", Moment),
        sa.UniqueConstraint("key", name="uq_webhooks_key"),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["accounts.id"], name="fk_webhooks_owner_id_accounts"
        ),
    )
    op.create_index("ix_webhooks_owner_id", "webhooks", ["owner_id"])
    op.create_index("ix_webhooks_next_at", "webhooks", ["next_at"])
    op.create_table(
        "webhook_watches",
        sa.Column("webhook_id", BigId, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("name_key", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", "place", name="pk_webhook_watches"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name="fk_webhook_watches_webhook_id_webhooks"
        ),
    )
    op.create_index("ix_webhook_watches_name_key", "webhook_watches", ["name_key", "kind"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("webhook_id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("position", BigId, nullable=False),
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("scope", sa.String(32), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("queued_at", Moment, nullable=False),
        sa.Column("tried_at", Moment),
        sa.Column("status", sa.Integer),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("error", sa.String, nullable=False),
        sa.Column("seconds", sa.Double),
        sa.UniqueConstraint("key", name="uq_webhook_deliveries_key"),
        sa.UniqueConstraint(
            "webhook_id",
            "commons_id",
            "position",
            name="uq_webhook_deliveries_webhook_id_commons_id_position",
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name="fk_webhook_deliveries_webhook_id_webhooks"
        ),
    )
    op.create_index(
        "ix_webhook_deliveries_waiting", "webhook_deliveries", ["webhook_id", "state", "id"]
    )
    op.create_index("ix_webhook_deliveries_made_at", "webhook_deliveries", ["made_at"])
