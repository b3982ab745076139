"""Institutions: for which one somebody spoke, and for which one a repository counts."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    for table, column in (
        ("proposals", "institution_id"),
        ("proposal_voices", "institution_id"),
        ("repos", "counts_for_id"),
        ("buckets", "counts_for_id"),
    ):
        op.add_column(
            table, sa.Column(column, BigId, sa.ForeignKey("accounts.id")), inline_references=True
        )
