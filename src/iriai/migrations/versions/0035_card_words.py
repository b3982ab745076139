"""Words of cards are known by their spellings too; those of names and tags come first."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    named = sa.Column("named", sa.Boolean, nullable=False, server_default=sa.true())
    op.add_column("search_spellings", named)
