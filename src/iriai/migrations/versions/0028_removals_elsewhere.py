"""Requests for removal whose repository is not known: they came with an import, it is private."""

from alembic import op

from iriai.base.db import BigId

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    with op.batch_alter_table("removals") as table:
        table.alter_column("repo_id", existing_type=BigId, nullable=True)
