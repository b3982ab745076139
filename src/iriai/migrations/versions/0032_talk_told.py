"""Buckets, and what of discussions decides something, are told too: what is there, by a job."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    connection = op.get_bind()
    events = sa.table("events", sa.column("id", BigId))
    if connection.execute(sa.select(events.c.id).limit(1)).first() is None:
        return  # a new hub: nothing was done yet
    names = ("kind", "key", "state", "attempts")
    more = (sa.column("payload", sa.JSON), sa.column("run_at", Moment))
    jobs = sa.table("jobs", *map(sa.column, names), *more)
    waits = sa.and_(jobs.c.key == "adopt", jobs.c.state == "waiting")
    if connection.execute(sa.select(jobs.c.kind).where(waits)).first() is None:
        row = {"kind": "commons.adopt", "key": "adopt", "payload": {}, "state": "waiting"}
        connection.execute(sa.insert(jobs).values(**row, run_at=sa.func.now(), attempts=0))
