"""Write into the logs what was there before they told of it: once, after an upgrade.

Only rows that a log has never named are adopted. A row that the log knows otherwise stays a
difference, however often this runs.
"""

from itertools import groupby, islice

from sqlalchemy import select

from iriai.base import instance, ledger_parts
from iriai.base.jobs import Job
from iriai.base.ledger_entries import STATE_ROWS_MAX
from iriai.base.ledger_parts import Living
from iriai.base.ledger_reading import UNREADABLE
from iriai.base.tx import Ground
from iriai.commons import queries as commons_queries
from iriai.commons.tlog import replaying

KIND = "commons.adopt"
"""The job; a migration asks for it."""
DONE = "ledger_adopted/talk"
"""The instance's fact that says it was done. Whatever logs come to tell besides needs another."""
ACTOR = "system:log"


def finish(ground: Ground) -> None:
    """See to it that what waits to be adopted is, without a worker."""
    with ground.read() as tx:
        waits = tx.connection.execute(select(Job.id).where(Job.kind == KIND)).first() is not None
    if waits:
        once(ground)


def once(ground: Ground) -> None:
    """Adopt what there is, unless that was done."""
    with ground.read() as tx:
        done = instance.fact(tx, DONE) is not None
    if not done:
        adopt(ground)
        with ground.write() as tx:
            instance.settle(tx, DONE, tx.now.isoformat())


def adopt(ground: Ground) -> int:
    """Tell every log of the rows governed in part that it has never named. Returns how many."""
    with ground.read() as tx:
        every = commons_queries.all_commons(tx)
    return sum(_adopt(ground, each.id, each.name) for each in every)


def _adopt(ground: Ground, commons_id: int, name: str) -> int:
    with ground.read() as tx:
        replaying.know_tables()
        told = replaying.read(tx, commons_id).state
        live = ledger_parts.live(tx, commons_id)
        missing = [each for each in live if each.name not in told and each.digest != UNREADABLE]
    adopted = 0
    for _, rows in groupby(missing, key=lambda each: each.part.name):
        while some := list(islice(rows, STATE_ROWS_MAX)):
            adopted += _told(ground, commons_id, name, some)
    return adopted


def _told(ground: Ground, commons_id: int, name: str, some: list[Living]) -> int:
    """One entry about some rows of one part, as they are now."""
    table, part = some[0].table, some[0].part
    with ground.write() as tx:
        state = ledger_parts.present(tx, commons_id, table, part, [each.key for each in some])
        if state:
            tx.record(commons_id, ACTOR, "adopted", f"commons/{name}", rows=len(state))
            tx.restate(commons_id, state)
    return len(state)
