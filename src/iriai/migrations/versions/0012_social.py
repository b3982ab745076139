"""Likes, followers, and collections."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "likes",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.UniqueConstraint("repo_id", "account_id", name="uq_likes_repo_id_account_id"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_likes_repo_id_repos"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_likes_account_id_accounts"
        ),
    )
    op.create_index("ix_likes_account_id", "likes", ["account_id", "id"])
    op.create_table(
        "follows",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("followed_id", BigId, nullable=False),
        sa.Column("follower_id", BigId, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.UniqueConstraint(
            "followed_id", "follower_id", name="uq_follows_followed_id_follower_id"
        ),
        sa.ForeignKeyConstraint(
            ["followed_id"], ["accounts.id"], name="fk_follows_followed_id_accounts"
        ),
        sa.ForeignKeyConstraint(
            ["follower_id"], ["accounts.id"], name="fk_follows_follower_id_accounts"
        ),
    )
    op.create_index("ix_follows_follower_id", "follows", ["follower_id", "id"])
    _collections()


def _collections() -> None:
    op.create_table(
        "collections",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("key", sa.String(24), nullable=False),
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("title_key", sa.String, nullable=False),
        sa.Column("description", sa.String, nullable=False),
        sa.Column("is_private", sa.Boolean, nullable=False),
        sa.Column("theme", sa.String(16), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("upvotes", sa.Integer, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.UniqueConstraint("key", name="uq_collections_key"),
        sa.UniqueConstraint("owner_id", "title_key", name="uq_collections_owner_id_title_key"),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["accounts.id"], name="fk_collections_owner_id_accounts"
        ),
    )
    op.create_index("ix_collections_updated_at", "collections", ["updated_at", "id"])
    op.create_index("ix_collections_upvotes", "collections", ["upvotes", "id"])
    op.create_table(
        "collection_items",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("key", sa.String(24), nullable=False),
        sa.Column("collection_id", BigId, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.UniqueConstraint("key", name="uq_collection_items_key"),
        sa.UniqueConstraint(
            "collection_id",
            "kind",
            "target",
            name="uq_collection_items_collection_id_kind_target",
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collections.id"],
            name="fk_collection_items_collection_id_collections",
        ),
    )
    op.create_index("ix_collection_items_target", "collection_items", ["kind", "target"])
    op.create_table(
        "collection_upvotes",
        sa.Column("collection_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.PrimaryKeyConstraint("collection_id", "account_id", name="pk_collection_upvotes"),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collections.id"],
            name="fk_collection_upvotes_collection_id_collections",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_collection_upvotes_account_id_accounts"
        ),
    )
    op.create_index("ix_collection_upvotes_account_id", "collection_upvotes", ["account_id"])
