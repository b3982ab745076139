"""Discussions and pull requests; requests for access, and who was let in."""

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
    op.create_table(
        "repo_grants",
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.PrimaryKeyConstraint("repo_id", "account_id", name="pk_repo_grants"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_repo_grants_repo_id_repos"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_repo_grants_account_id_accounts"
        ),
    )
    op.create_index("ix_repo_grants_account_id", "repo_grants", ["account_id"])
    op.create_table(
        "access_requests",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("shares_email", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("handled_at", Moment),
        sa.Column("handled_by", BigId),
        sa.UniqueConstraint("repo_id", "account_id", name="uq_access_requests_repo_id_account_id"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_access_requests_repo_id_repos"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_access_requests_account_id_accounts"
        ),
        sa.ForeignKeyConstraint(
            ["handled_by"], ["accounts.id"], name="fk_access_requests_handled_by_accounts"
        ),
    )
    op.create_index("ix_access_requests_repo_id", "access_requests", ["repo_id", "status", "id"])
    op.create_index("ix_access_requests_account_id", "access_requests", ["account_id"])
