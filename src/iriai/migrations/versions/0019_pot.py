"""The pot: what a commons has to share, and what is allotted."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "pools",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("gifts", sa.JSON, nullable=False),
        sa.Column("declared_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pools"),
        sa.UniqueConstraint("commons_id", "unit", name="uq_pools_commons_id_unit"),
        sa.ForeignKeyConstraint(["commons_id"], ["commons.id"], name="fk_pools_commons_id_commons"),
    )
    op.create_table(
        "allotments",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("amount", BigId, nullable=False),
        sa.Column("project", sa.String, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decision", sa.String, nullable=False),
        sa.Column("granted_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_allotments"),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_allotments_commons_id_commons"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_allotments_account_id_accounts"
        ),
    )
    op.create_index("ix_allotments_commons_id", "allotments", ["commons_id", "state"])
