"""The search index, and downloads: who lately, how many on each day."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0011"
down_revision = "0010"

ORDERS = ("trending", "updated", "created", "downloads", "likes")


def upgrade() -> None:
    op.create_table(
        "search_docs",
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("names", sa.Text, nullable=False),
        sa.Column("tokens", sa.Text, nullable=False),
        sa.Column("made_of", sa.String, nullable=False),
        sa.Column("behind", sa.Boolean, nullable=False),
        sa.Column("trending", sa.Integer, nullable=False),
        *(sa.Column(f"by_{order}", BigId, nullable=False) for order in ORDERS),
        sa.PrimaryKeyConstraint("repo_id", name="pk_search_docs"),
    )
    op.create_index("ix_search_docs_behind", "search_docs", ["behind", "repo_id"])
    for order in ORDERS:
        op.create_index(f"ix_search_docs_by_{order}", "search_docs", ["kind", f"by_{order}"])
    op.create_table(
        "search_spellings",
        sa.Column("spelling", BigId, nullable=False),
        sa.Column("word", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("spelling", "word", name="pk_search_spellings"),
    )
    op.create_table(
        "search_tags",
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("tag", sa.String, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("kind", "tag", name="pk_search_tags"),
    )
    op.create_index("ix_search_tags_count", "search_tags", ["kind", "count"])
    op.create_table(
        "search_state",
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("until", Moment, nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_search_state"),
    )
    _downloads()
    _index()


def _downloads() -> None:
    op.create_table(
        "download_clients",
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("counted_at", Moment, nullable=False),
        sa.Column("weight", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("repo_id", "client", name="pk_download_clients"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_download_clients_repo_id"),
    )
    op.create_index("ix_download_clients_counted_at", "download_clients", ["counted_at"])
    op.create_table(
        "download_days",
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("repo_id", "day", name="pk_download_days"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_download_days_repo_id"),
    )
    op.create_index("ix_download_days_day", "download_days", ["day"])


def _index() -> None:
    """What each database has for finding rows by their tokens; see `search/index.py`."""
    if op.get_bind().dialect.name == "sqlite":
        for order in ORDERS:
            op.execute(
                f"CREATE VIRTUAL TABLE search_by_{order} USING fts5("
                "tokens, content='', detail=none, tokenize='ascii')"
            )
        return
    op.execute("CREATE TABLE search_vectors (repo_id bigint PRIMARY KEY, vector tsvector NOT NULL)")
    op.execute(
        "CREATE INDEX ix_search_vectors_vector ON search_vectors USING gin (vector) "
        "WITH (gin_pending_list_limit = 512)"
    )
