"""The ground: the log, jobs, facts about the instance."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("position", BigId),
        sa.Column("at", Moment, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("verb", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("private", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("commons_id", "position", name="uq_events_commons_id_position"),
    )
    unsealed = sa.text("position IS NULL")
    op.create_index(
        "ix_events_unsealed",
        "events",
        ["commons_id", "id"],
        sqlite_where=unsealed,
        postgresql_where=unsealed,
    )
    op.create_index("ix_events_subject", "events", ["subject"])
    op.create_table(
        "log_nodes",
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("index", BigId, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("commons_id", "level", "index", name="pk_log_nodes"),
    )
    op.create_table(
        "log_heads",
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("sealed_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("commons_id", name="pk_log_heads"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("key", sa.String),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("run_at", Moment, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("claimed_by", sa.String),
        sa.Column("claimed_until", Moment),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_due", "jobs", ["state", "run_at"])
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "uq_jobs_waiting_key",
        "jobs",
        ["key"],
        unique=True,
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_table(
        "instance",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_instance"),
    )
