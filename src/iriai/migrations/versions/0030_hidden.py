"""What an entry says of rows whose keys are not for everybody lies beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("events", sa.Column("hidden", sa.Text))
