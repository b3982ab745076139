"""Signed logs: keys, checkpoints, and what the operator did with their own hands."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "log_keys",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("public", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.Column("began_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_log_keys"),
        sa.UniqueConstraint("commons_id", "hash", name="uq_log_keys_commons_id_hash"),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_log_keys_commons_id_commons"
        ),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("commons_id", BigId, nullable=False, autoincrement=False),
        sa.Column("size", BigId, nullable=False, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("signed_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("commons_id", "size", name="pk_log_checkpoints"),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_log_checkpoints_commons_id_commons"
        ),
    )
    op.create_table(
        "operator_acts",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("basis", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("undo", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("done_at", Moment, nullable=False),
        sa.Column("lapses_at", Moment),
        sa.Column("sealed_until", Moment),
        sa.Column("decision", sa.String),
        sa.Column("closed_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_operator_acts"),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_operator_acts_commons_id_commons"
        ),
    )
    op.create_index("ix_operator_acts_standing", "operator_acts", ["state", "lapses_at"])
