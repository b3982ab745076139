"""Blobs: objects, Xet files and xorbs, who may read them, and uploads."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0004"
down_revision = "0003"

HEX = sa.String(64)


def upgrade() -> None:
    content()
    provenance()
    uploads()


def content() -> None:
    op.create_table(
        "xorbs",
        sa.Column("hash", HEX, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("chunk_count", sa.Integer, nullable=False),
        sa.Column("raw_bytes", sa.BigInteger, nullable=False),
        sa.Column("body_bytes", sa.BigInteger, nullable=False),
        sa.Column("first_repo_id", BigId, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("asserted_at", Moment, nullable=False),
        sa.Column("condemned_at", Moment),
        sa.Column("checked_at", Moment),
        sa.Column("chunk_table", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_xorbs"),
    )
    op.create_index("ix_xorbs_state_asserted_at", "xorbs", ["state", "asserted_at"])
    op.create_table(
        "xet_files",
        sa.Column("hash", HEX, nullable=False),
        sa.Column("sha256", HEX, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("damaged", sa.Boolean, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("terms", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_xet_files"),
    )
    op.create_index("ix_xet_files_sha256", "xet_files", ["sha256"])
    op.create_table(
        "file_xorbs",
        sa.Column("file_hash", HEX, nullable=False),
        sa.Column("xorb_hash", HEX, nullable=False),
        sa.PrimaryKeyConstraint("file_hash", "xorb_hash", name="pk_file_xorbs"),
        sa.ForeignKeyConstraint(
            ["file_hash"],
            ["xet_files.hash"],
            name="fk_file_xorbs_file_hash",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["xorb_hash"], ["xorbs.hash"], name="fk_file_xorbs_xorb_hash"),
    )
    op.create_index("ix_file_xorbs_xorb_hash", "file_xorbs", ["xorb_hash"])
    op.create_table(
        "objects",
        sa.Column("sha256", HEX, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("blob_state", sa.String(16), nullable=False),
        sa.Column("xet_hash", HEX),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("asserted_at", Moment, nullable=False),
        sa.Column("checked_at", Moment),
        sa.PrimaryKeyConstraint("sha256", name="pk_objects"),
        sa.ForeignKeyConstraint(["xet_hash"], ["xet_files.hash"], name="fk_objects_xet_hash"),
    )
    op.create_index("ix_objects_xet_hash", "objects", ["xet_hash"])
    op.create_index("ix_objects_blob_state_asserted_at", "objects", ["blob_state", "asserted_at"])


def provenance() -> None:
    op.create_table(
        "repo_objects",
        sa.Column("repo_id", BigId, nullable=False, autoincrement=False),
        sa.Column("sha256", HEX, nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("linked_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("repo_id", "sha256", name="pk_repo_objects"),
        sa.ForeignKeyConstraint(["sha256"], ["objects.sha256"], name="fk_repo_objects_sha256"),
    )
    op.create_index("ix_repo_objects_sha256", "repo_objects", ["sha256"])
    op.create_table(
        "repo_xorbs",
        sa.Column("repo_id", BigId, nullable=False, autoincrement=False),
        sa.Column("xorb_hash", HEX, nullable=False),
        sa.Column("sent_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("repo_id", "xorb_hash", name="pk_repo_xorbs"),
        sa.ForeignKeyConstraint(
            ["xorb_hash"], ["xorbs.hash"], name="fk_repo_xorbs_xorb_hash", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_repo_xorbs_xorb_hash", "repo_xorbs", ["xorb_hash"])


def uploads() -> None:
    op.create_table(
        "shards",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("account_id", BigId),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shards"),
    )
    op.create_index("ix_shards_repo_id", "shards", ["repo_id"])
    op.create_table(
        "shard_xorbs",
        sa.Column("shard_id", sa.String(32), nullable=False),
        sa.Column("place", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("xorb_hash", HEX, nullable=False),
        sa.PrimaryKeyConstraint("shard_id", "place", name="pk_shard_xorbs"),
        sa.ForeignKeyConstraint(
            ["shard_id"], ["shards.id"], name="fk_shard_xorbs_shard_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["xorb_hash"], ["xorbs.hash"], name="fk_shard_xorbs_xorb_hash", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_shard_xorbs_xorb_hash", "shard_xorbs", ["xorb_hash"])
    op.create_table(
        "dedup_chunks",
        sa.Column("chunk_hash", HEX, nullable=False),
        sa.Column("shard_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("chunk_hash", "shard_id", name="pk_dedup_chunks"),
        sa.ForeignKeyConstraint(
            ["shard_id"], ["shards.id"], name="fk_dedup_chunks_shard_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_dedup_chunks_shard_id", "dedup_chunks", ["shard_id"])
    op.create_table(
        "multiparts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("sha256", HEX, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_multiparts"),
    )
    op.create_index("ix_multiparts_created_at", "multiparts", ["created_at"])
    op.create_table(
        "multipart_parts",
        sa.Column("multipart_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("etag", HEX, nullable=False),
        sa.PrimaryKeyConstraint("multipart_id", "number", name="pk_multipart_parts"),
        sa.ForeignKeyConstraint(
            ["multipart_id"],
            ["multiparts.id"],
            name="fk_multipart_parts_multipart_id",
            ondelete="CASCADE",
        ),
    )
