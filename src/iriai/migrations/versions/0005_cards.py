"""Cards: what repositories say about themselves, and the words listings filter by."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "cards",
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("sha", sa.String, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("languages", sa.JSON, nullable=False),
        sa.Column("pipeline_tag", sa.String),
        sa.Column("library_name", sa.String),
        sa.Column("licence", sa.String),
        sa.Column("config", sa.JSON, nullable=False),
        sa.Column("safetensors", sa.JSON),
        sa.Column("gguf", sa.JSON),
        sa.Column("parameters", BigId),
        sa.Column("refreshed_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("repo_id", name="pk_cards"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_cards_repo_id"),
    )
    op.create_index("ix_cards_pipeline_tag", "cards", ["pipeline_tag"])
    op.create_index("ix_cards_library_name", "cards", ["library_name"])
    op.create_index("ix_cards_licence", "cards", ["licence"])
    op.create_table(
        "card_facets",
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("facet", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("repo_id", "facet", name="pk_card_facets"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_card_facets_repo_id"),
    )
    op.create_index("ix_card_facets_facet", "card_facets", ["facet", "repo_id"])
