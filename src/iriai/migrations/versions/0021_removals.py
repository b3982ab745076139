"""Requests for the removal of data."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "removals",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("paths", sa.JSON, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("asker_id", BigId),
        sa.Column("since", sa.String(40), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("acknowledge_by", Moment, nullable=False),
        sa.Column("decide_by", Moment, nullable=False),
        sa.Column("acknowledged_at", Moment),
        sa.Column("acknowledged_by", BigId),
        sa.Column("decided_at", Moment),
        sa.Column("reason", sa.Text),
        sa.Column("appeal_until", Moment),
        sa.Column("new_revision", sa.String(40)),
        sa.PrimaryKeyConstraint("id", name="pk_removals"),
        sa.UniqueConstraint("commons_id", "number", name="uq_removals_commons_id_number"),
        sa.ForeignKeyConstraint(
            ["acknowledged_by"], ["accounts.id"], name="fk_removals_acknowledged_by_accounts"
        ),
        sa.ForeignKeyConstraint(
            ["asker_id"], ["accounts.id"], name="fk_removals_asker_id_accounts"
        ),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_removals_commons_id_commons"
        ),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_removals_repo_id_repos"),
    )
    op.create_index("ix_removals_repo_id", "removals", ["repo_id"])
    op.create_index("ix_removals_state", "removals", ["state"])
