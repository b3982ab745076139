"""Commons: the hub's own is there from the first day."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    commons = op.create_table(
        "commons",
        sa.Column("id", BigId, nullable=False),
        sa.Column("account_id", BigId),
        sa.Column("preset", sa.String(32), nullable=False),
        sa.Column("founded_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_commons"),
        sa.UniqueConstraint("account_id", name="uq_commons_account_id"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_commons_account_id_accounts"
        ),
    )
    hub = sa.insert(commons).from_select(
        ["id", "preset", "founded_at"],
        sa.select(sa.literal(1), sa.literal("solo"), sa.func.now()),
    )
    op.execute(hub)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT setval(pg_get_serial_sequence('commons', 'id'), 1)")
