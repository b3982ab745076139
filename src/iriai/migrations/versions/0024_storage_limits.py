"""Storage that a commons shares out: who may keep how much, and what was used when."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("quota_bytes", BigId))
    op.create_index("ix_repos_creator_id", "repos", ["creator_id"])
    op.create_table(
        "storage_limits",
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("commons", sa.String, nullable=False),
        sa.Column("bytes_max", BigId, nullable=False),
        sa.Column("bytes_in_buckets", BigId, nullable=False),
        sa.PrimaryKeyConstraint("commons_id", "person_id", "unit", name="pk_storage_limits"),
    )
    op.create_table(
        "served_days",
        sa.Column("holder_id", BigId, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("bytes_served", BigId, nullable=False),
        sa.PrimaryKeyConstraint("holder_id", "day", name="pk_served_days"),
    )
    for name in ("noticed_at", "recalled_at"):
        op.add_column("allotments", sa.Column(name, Moment))
    op.create_table(
        "pot_usage",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("person_id", BigId),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("amount", BigId, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pot_usage"),
        sa.UniqueConstraint(
            "commons_id", "unit", "holder", name="uq_pot_usage_commons_id_unit_holder"
        ),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_pot_usage_commons_id_commons"
        ),
    )
