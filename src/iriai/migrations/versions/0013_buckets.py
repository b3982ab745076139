"""Buckets and their files."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    path = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "buckets",
        sa.Column("id", BigId, nullable=False),
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("name_key", sa.String, nullable=False),
        sa.Column("is_private", sa.Boolean, nullable=False),
        sa.Column("creator_id", BigId),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("file_count", BigId, nullable=False),
        sa.Column("bytes", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_buckets"),
        sa.ForeignKeyConstraint(["id"], ["repo_ids.id"], name="fk_buckets_id_repo_ids"),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name="fk_buckets_owner_id_accounts"),
        sa.ForeignKeyConstraint(
            ["creator_id"], ["accounts.id"], name="fk_buckets_creator_id_accounts"
        ),
    )
    op.create_index("ix_buckets_owner_id", "buckets", ["owner_id", "name_key"])
    op.create_table(
        "bucket_names",
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("bucket_id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "key", name="pk_bucket_names"),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["accounts.id"], name="fk_bucket_names_owner_id_accounts"
        ),
        sa.ForeignKeyConstraint(
            ["bucket_id"], ["buckets.id"], name="fk_bucket_names_bucket_id_buckets"
        ),
    )
    op.create_index("ix_bucket_names_bucket_id", "bucket_names", ["bucket_id"])
    op.create_table(
        "bucket_files",
        sa.Column("bucket_id", BigId, nullable=False),
        sa.Column("path", path, nullable=False),
        sa.Column("xet_hash", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("modified_at", Moment),
        sa.Column("uploaded_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("bucket_id", "path", name="pk_bucket_files"),
        sa.ForeignKeyConstraint(
            ["bucket_id"], ["buckets.id"], name="fk_bucket_files_bucket_id_buckets"
        ),
    )
    op.create_index("ix_bucket_files_sha256", "bucket_files", ["bucket_id", "sha256"])
