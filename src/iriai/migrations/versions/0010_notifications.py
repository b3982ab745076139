"""Notifications, what people chose to hear of, and where their mail goes."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(
        "INSERT INTO log_cursors (reader, commons_id, position) "
        "SELECT 'notifications', commons_id, size FROM log_heads"
    )
    op.create_table(
        "notifications",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("position", BigId, nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("verb", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("detail", sa.String, nullable=False),
        sa.Column("repo_id", BigId),
        sa.Column("number", sa.Integer),
        sa.Column("comment", sa.String(24)),
        sa.Column("at", Moment, nullable=False),
        sa.Column("read_at", Moment),
        sa.Column("mailed_at", Moment),
        sa.UniqueConstraint(
            "person_id",
            "commons_id",
            "position",
            name="uq_notifications_person_id_commons_id_position",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["accounts.id"], name="fk_notifications_person_id_accounts"
        ),
    )
    op.create_index("ix_notifications_person_id", "notifications", ["person_id", "read_at", "id"])
    op.create_index("ix_notifications_at", "notifications", ["at"])
    op.create_table(
        "subscriptions",
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("level", sa.String(8), nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "repo_id", "number", name="pk_subscriptions"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["accounts.id"], name="fk_subscriptions_person_id_accounts"
        ),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_subscriptions_repo_id_repos"),
    )
    op.create_index("ix_subscriptions_repo_id", "subscriptions", ["repo_id", "number"])
    op.create_table(
        "mailboxes",
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("confirmed_at", Moment),
        sa.Column("digest", sa.String(8), nullable=False),
        sa.Column("mailed_at", Moment),
        sa.Column("asked_at", Moment),
        sa.Column("asked_count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_mailboxes"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["accounts.id"], name="fk_mailboxes_person_id_accounts"
        ),
    )
