"""What time it is. Tests pass a clock that stands still; nothing else asks the machine.

Processes that share a database share its time: leases, terms and turns are moments that one of
them writes and another one reads. One whose clock is far from the database's does not take part.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from iriai.base.errors import Unavailable

Clock = Callable[[], datetime]

APART_MAX = timedelta(seconds=30)
"""How far a process's clock may be from its database's: less than a job's lease."""


def now() -> datetime:
    """The present moment, aware and in UTC."""
    return datetime.now(UTC)


def apart(engine: Engine, clock: Clock = now) -> timedelta:
    """How far this clock is ahead of PostgreSQL's; SQLite has none but ours."""
    if engine.dialect.name != "postgresql":
        return timedelta()
    with engine.connect() as connection:
        before = clock()
        theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return before + (clock() - before) / 2 - theirs


def require_agreed(engine: Engine, clock: Clock = now) -> None:
    """`Unavailable` where the database's clock says another time."""
    ahead = apart(engine, clock)
    if abs(ahead) > APART_MAX:
        which = "ahead of" if ahead > timedelta() else "behind"
        raise Unavailable(
            f"This machine's clock is {abs(ahead)} {which} the database's; set both by NTP.",
            code="ClockWrong",
        )
