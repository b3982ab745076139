"""A stay: while a backup is taken, nothing is deleted from the store.

A backup writes down the rows of one moment and copies the bytes after it, so all that these rows
speak of must outlast it. Whoever deletes bytes decides that in a transaction which asks here first,
and deletes when it has been committed: what was decided before a backup began is in its rows, and
what would be decided later waits. The stay is one of the instance's facts: the moment until which
it lasts. A backup moves that on while it runs; one that was killed holds nobody up for longer than
`LEASE`, and one that stood still for longer does not count as taken.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from iriai.base import instance
from iriai.base.errors import HubError, Unavailable
from iriai.base.instance import InstanceFact
from iriai.base.jobs import PutOffError

if TYPE_CHECKING:
    from iriai.base.tx import Ground, Tx

LEASE = timedelta(minutes=10)
RENEWAL_SECONDS = 60.0
FACT = "deletions_stayed_until"


def require_none(tx: "Tx") -> None:
    """Let this transaction decide that bytes are deleted; `PutOffError` while there is a stay.

    No backup begins before it has ended.
    """
    until = _until(tx, shared=True)
    if until is not None and until > tx.now:
        raise PutOffError(until)


class Stay:
    """One backup's."""

    def __init__(self, ground: "Ground") -> None:
        self._ground = ground
        self._until: datetime | None = None
        self._lock = threading.Lock()

    def renew(self) -> None:
        """Make it last from now on; `Unavailable` where it ended before, if only for a moment."""
        with self._lock, self._ground.write() as tx:
            if self._until is not None and self._until <= tx.now:
                raise Unavailable(
                    "The backup stood still for so long that files may have been deleted "
                    "meanwhile. Take it again.",
                    code="BackupLapsed",
                )
            until = tx.now + LEASE
            before = _until(tx, shared=False)
            if before is None or before < until:  # another backup's may last longer
                instance.change(tx, FACT, until.isoformat())
            self._until = until


@contextmanager
def held(ground: "Ground") -> Iterator[Stay]:
    """Stay deletions while this lasts. Renew what it yields before relying on it."""
    stay = Stay(ground)
    stay.renew()
    done = threading.Event()

    def go_on() -> None:
        while not done.wait(RENEWAL_SECONDS):
            with suppress(HubError):  # tried again, or found to have ended
                stay.renew()

    thread = threading.Thread(target=go_on, name="stay", daemon=True)
    thread.start()
    try:
        yield stay
    finally:
        done.set()
        thread.join(timeout=RENEWAL_SECONDS)


def _until(tx: "Tx", *, shared: bool) -> datetime | None:
    """Until when deletions wait; the fact is locked, by many who delete or by one who backs up."""
    instance.settle(tx, FACT, "")
    asked = select(InstanceFact.value).where(InstanceFact.name == FACT)
    found = tx.connection.execute(asked.with_for_update(read=shared)).scalar_one()
    return datetime.fromisoformat(found) if found else None
