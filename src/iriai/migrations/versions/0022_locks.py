"""Locks on files, as git-lfs has them."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "locks",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("key", sa.String(24), nullable=False),
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.UniqueConstraint("key", name="uq_locks_key"),
        sa.UniqueConstraint("repo_id", "path", name="uq_locks_repo_id_path"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_locks_repo_id_repos"),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name="fk_locks_owner_id_accounts"),
    )
