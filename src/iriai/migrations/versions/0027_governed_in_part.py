"""Rows governed in part: those there are from before are written into the logs, by a job."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    events = sa.table("events", sa.column("id", BigId))
    connection = op.get_bind()
    if connection.execute(sa.select(events.c.id).limit(1)).first() is None:
        return  # a new hub: nothing was done yet
    jobs = sa.table(
        "jobs",
        *map(sa.column, ("kind", "key", "state", "attempts")),
        sa.column("payload", sa.JSON),
        sa.column("run_at", Moment),
    )
    row = {"kind": "commons.adopt", "key": "adopt", "payload": {}, "state": "waiting"}
    connection.execute(sa.insert(jobs).values(**row, run_at=sa.func.now(), attempts=0))
