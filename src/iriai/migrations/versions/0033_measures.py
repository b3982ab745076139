"""What is measured of pots each hour stands apart from what was reported, which the log tells.

The job that adopts what is there was asked for by the migration before.
"""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0033"
down_revision = "0032"

MEASURED = ("bytes_logical", "bytes_stored", "bytes_served")


def upgrade() -> None:
    op.create_table(
        "pot_measures",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("person_id", BigId),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("amount", BigId, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pot_measures"),
        sa.UniqueConstraint(
            "commons_id", "unit", "holder", name="uq_pot_measures_commons_id_unit_holder"
        ),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_pot_measures_commons_id_commons"
        ),
    )
    names = ("commons_id", "unit", "person_id", "holder", "amount", "at")
    usage, measures = (
        sa.table(name, *map(sa.column, names)) for name in ("pot_usage", "pot_measures")
    )
    measured = sa.select(usage).where(usage.c.unit.in_(MEASURED))
    op.execute(sa.insert(measures).from_select(names, measured))
    op.execute(sa.delete(usage).where(usage.c.unit.in_(MEASURED)))
