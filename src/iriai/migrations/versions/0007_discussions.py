"""Discussions and pull requests."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "discussions",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("is_pull_request", sa.Boolean, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("author_id", BigId),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("comments", sa.Integer, nullable=False),
        sa.Column("base", sa.String, nullable=False),
        sa.Column("merge_sha", sa.String),
        sa.Column("locked_reason", sa.String),
        sa.UniqueConstraint("repo_id", "number", name="uq_discussions_repo_id_number"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_discussions_repo_id_repos"),
        sa.ForeignKeyConstraint(
            ["author_id"], ["accounts.id"], name="fk_discussions_author_id_accounts"
        ),
    )
    op.create_index("ix_discussions_author_id", "discussions", ["author_id"])
    op.create_table(
        "discussion_events",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("key", sa.String(24), nullable=False),
        sa.Column("discussion_id", BigId, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("author_id", BigId),
        sa.Column("at", Moment, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.UniqueConstraint("key", name="uq_discussion_events_key"),
        sa.ForeignKeyConstraint(
            ["discussion_id"],
            ["discussions.id"],
            name="fk_discussion_events_discussion_id_discussions",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["accounts.id"], name="fk_discussion_events_author_id_accounts"
        ),
    )
    op.create_index(
        "ix_discussion_events_discussion_id", "discussion_events", ["discussion_id", "id"]
    )
