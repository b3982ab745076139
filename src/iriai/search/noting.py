"""Noting downloads while they happen, in memory, and handing them to a job every few seconds.

A note costs a dictionary entry. What a process noted and did not hand on before it was killed is
lost, which is a few seconds of a figure that is an estimate anyway.
"""

import logging
import threading
from datetime import datetime
from hashlib import blake2b

from iriai.base.batches import batches
from iriai.base.errors import HubError
from iriai.base.tx import Ground
from iriai.search import rules

HAND_ON_SECONDS = 3.0
NOTES_MAX = 20_000
NOTES_A_JOB = 1_000
JOB = "downloads.count"

log = logging.getLogger(__name__)


class Notes:
    """What one process noted on one ground."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.lock = threading.Lock()
        self.waiting: dict[tuple[int, str], tuple[int | None, datetime]] = {}
        self.noted: dict[tuple[int, str], datetime] = {}
        self.timer: threading.Timer | None = None

    def note(self, repo_id: int, client: str, account_id: int | None) -> None:
        """Note that a client fetched a file that counts, unless it did so a moment ago."""
        now, key = self.ground.clock(), (repo_id, client)
        with self.lock:
            before = self.noted.get(key)
            if before is not None and now - before < rules.COUNT_ONCE_IN:
                return
            if len(self.noted) >= NOTES_MAX:
                self.noted.clear()
            if len(self.waiting) >= NOTES_MAX:
                return
            self.noted[key] = now
            self.waiting[key] = (account_id, now)
            if self.timer is None:
                self.timer = threading.Timer(HAND_ON_SECONDS, self.hand_on)
                self.timer.daemon = True
                self.timer.start()

    def hand_on(self) -> None:
        """Give what was noted to jobs, durably."""
        with self.lock:
            waiting, self.waiting = self.waiting, {}
            self.timer = None
        rows = [
            [repo_id, client, account_id, at.isoformat()]
            for (repo_id, client), (account_id, at) in waiting.items()
        ]
        try:
            for some in batches(rows, NOTES_A_JOB):
                with self.ground.write() as tx:
                    tx.enqueue(JOB, {"fetched": some})
        except HubError as trouble:
            log.warning("Downloads of some seconds are not counted: %s", trouble.message)


_notes: dict[int, Notes] = {}
_making = threading.Lock()


def note(ground: Ground, repo_id: int, *, account_id: int | None, network: str) -> None:
    """Note a download. Returns at once; nothing is written on the way of the request."""
    who = f"account {account_id}" if account_id is not None else f"network {network}"
    client = blake2b(f"{repo_id} {who}".encode(), key=ground.secret[:64], digest_size=12)
    of(ground).note(repo_id, client.hexdigest(), account_id)


def of(ground: Ground) -> Notes:
    """What this process noted on a ground."""
    with _making:
        found = _notes.get(id(ground.engine))
        if found is None or found.ground.engine is not ground.engine:
            found = _notes[id(ground.engine)] = Notes(ground)
        return found


def hand_on(ground: Ground) -> None:
    """Hand on what waits, before the process ends."""
    of(ground).hand_on()
