"""Of a draw everybody has a commitment, and those who may see the matter the whole list."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.add_column("panels", sa.Column("drawn_from", sa.JSON))
    op.add_column("panels", sa.Column("draw_salt", sa.String(64)))
    op.add_column("panels", sa.Column("eligible_root", sa.String(64)))
    op.add_column("panel_seats", sa.Column("salt", sa.String(64)))
