"""Repositories: themselves, their names, their refs and their packs."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "repo_ids",
        sa.Column("id", BigId, nullable=False),
        sa.Column("taken_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_repo_ids"),
        sqlite_autoincrement=True,
    )
    _repos()
    op.create_table(
        "repo_names",
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("look", sa.String),
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "kind", "key", name="pk_repo_names"),
        sa.UniqueConstraint("owner_id", "kind", "look", name="uq_repo_names_owner_id_kind_look"),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name="fk_repo_names_owner_id"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_repo_names_repo_id"),
    )
    op.create_index("ix_repo_names_repo_id", "repo_names", ["repo_id"])
    op.create_table(
        "refs",
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("sha", sa.String, nullable=False),
        sa.Column("commit_sha", sa.String, nullable=False),
        sa.Column("opened_by", BigId),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("repo_id", "name", name="pk_refs"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_refs_repo_id"),
    )
    op.create_table(
        "packs",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("bytes", BigId, nullable=False),
        sa.Column("objects", sa.Integer, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("retired_at", Moment),
        sa.PrimaryKeyConstraint("name", name="pk_packs"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_packs_repo_id"),
    )
    op.create_index("ix_packs_repo_id", "packs", ["repo_id", "retired_at"])
    op.create_index("ix_packs_retired_at", "packs", ["retired_at"])


def _repos() -> None:
    op.create_table(
        "repos",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("name_key", sa.String, nullable=False),
        sa.Column("visibility", sa.String, nullable=False),
        sa.Column("gated", sa.String),
        sa.Column("held_by", sa.String, nullable=False),
        sa.Column("creator_id", BigId),
        sa.Column("disabled_reason", sa.String),
        sa.Column("held_reason", sa.String),
        sa.Column("held_until", Moment),
        sa.Column("held_is_gone", sa.Boolean, nullable=False),
        sa.Column("frozen_reason", sa.String),
        sa.Column("label", sa.String),
        sa.Column("is_delisted", sa.Boolean, nullable=False),
        sa.Column("has_withheld", sa.Boolean, nullable=False),
        sa.Column("discussions_disabled", sa.Boolean, nullable=False),
        sa.Column("sdk", sa.String),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("purged_at", Moment),
        sa.Column("downloads", BigId, nullable=False),
        sa.Column("likes", sa.Integer, nullable=False),
        sa.Column("git_bytes", BigId, nullable=False),
        sa.Column("next_number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_repos"),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name="fk_repos_owner_id"),
        sa.ForeignKeyConstraint(["creator_id"], ["accounts.id"], name="fk_repos_creator_id"),
    )
    op.create_index("ix_repos_owner_id", "repos", ["owner_id", "kind"])
    for order in ("updated_at", "created_at", "downloads", "likes"):
        op.create_index(f"ix_repos_kind_{order}", "repos", ["kind", order, "id"])
