"""How many bytes are served, of each repository and bucket, by day.

A note is an addition in memory; a thread writes the sums down every few seconds. What a process
noted and did not write before it was killed is lost: it is a figure, not an account. Counted are
the bytes of files that an answer gives or leads to; what git sends of history is not.
"""

import logging
import threading

from sqlalchemy import func, select

from iriai.base.errors import HubError
from iriai.base.tx import Ground, Tx
from iriai.repos.tables import ServedDay

WRITE_SECONDS = 5.0
DAYS = 30
"""Bytes served are those of so many days."""

log = logging.getLogger(__name__)


class Notes:
    """What one process served on one ground."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.lock = threading.Lock()
        self.waiting: dict[int, int] = {}
        self.timer: threading.Timer | None = None

    def note(self, holder_id: int, size: int) -> None:
        """Add to what is waiting."""
        with self.lock:
            self.waiting[holder_id] = self.waiting.get(holder_id, 0) + size
            if self.timer is None:
                self.timer = threading.Timer(WRITE_SECONDS, self.write)
                self.timer.daemon = True
                self.timer.start()

    def write(self) -> None:
        """Write the sums down."""
        with self.lock:
            waiting, self.waiting, self.timer = self.waiting, {}, None
        if not waiting:
            return
        try:
            with self.ground.write() as tx:
                _add(tx, waiting)
        except HubError as trouble:
            log.warning("Bytes served in some seconds are not counted: %s", trouble.message)


def _add(tx: Tx, sizes: dict[int, int]) -> None:
    for holder_id, size in sorted(sizes.items()):
        put = tx.insert(ServedDay).values(holder_id=holder_id, day=tx.now.date(), bytes_served=size)
        more = put.on_conflict_do_update(
            index_elements=["holder_id", "day"],
            set_={"bytes_served": ServedDay.bytes_served + size},
        )
        tx.connection.execute(more)


_notes: dict[int, Notes] = {}
_making = threading.Lock()


def note(ground: Ground, holder_id: int, size: int) -> None:
    """Note that so many bytes of a repository or bucket are served. Returns at once."""
    if size > 0:
        of(ground).note(holder_id, size)


def of(ground: Ground) -> Notes:
    """What this process noted on a ground."""
    with _making:
        found = _notes.get(id(ground.engine))
        if found is None or found.ground.engine is not ground.engine:
            found = _notes[id(ground.engine)] = Notes(ground)
        return found


def served(tx: Tx) -> dict[int, int]:
    """The bytes served in the last days, by the number of the repository or bucket."""
    since = tx.now.date().toordinal() - DAYS
    asked = (
        select(ServedDay.holder_id, func.sum(ServedDay.bytes_served))
        .where(ServedDay.day > tx.now.date().fromordinal(since))
        .group_by(ServedDay.holder_id)
    )
    return {holder: int(size) for holder, size in tx.connection.execute(asked)}
