"""Pictures and recordings in comments, and what changed in buckets."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("content_type", sa.String(40), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_attachments"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_attachments_account_id_accounts"
        ),
    )
    op.create_index("ix_attachments_account_id", "attachments", ["account_id", "at"])
    op.create_table(
        "bucket_changes",
        sa.Column("id", BigId, primary_key=True, autoincrement=True),
        sa.Column("bucket_id", BigId, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["bucket_id"], ["buckets.id"], name="fk_bucket_changes_bucket_id_buckets"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bucket_changes_bucket_id", "bucket_changes", ["bucket_id", "id"])
    op.create_index("ix_bucket_changes_at", "bucket_changes", ["at"])
