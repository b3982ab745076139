"""Exports asked for from a page."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("asker_id", BigId, nullable=False),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("ready_at", Moment),
        sa.Column("expires_at", Moment),
        sa.Column("size", BigId, nullable=False),
        sa.Column("key", sa.String(80)),
        sa.Column("failure", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_exports"),
        sa.ForeignKeyConstraint(["asker_id"], ["accounts.id"], name="fk_exports_asker_id_accounts"),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_exports_commons_id_commons"
        ),
    )
    op.create_index("ix_exports_commons_id", "exports", ["commons_id", "asked_at"])
    op.create_index("ix_exports_expires_at", "exports", ["expires_at"])
