"""Turns: of all who would do one thing, in whichever process of a hub, one at a time does it.

On PostgreSQL a turn is an advisory lock, held by a transaction that does nothing else; on SQLite,
whose processes share a machine, a lock on a file beside the database. Both end with whoever has
them, even by `kill -9`. Who has a turn must not ask for a second one.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from iriai.base.tx import Ground

FOLDER = "turns"
FILES = 64
"""Names that share a file wait for each other, which harms nothing."""
KEY_BYTES = 8


@contextmanager
def taken(ground: Ground, name: str) -> Iterator[None]:
    """Wait for the turn of this name, and have it until this is left."""
    key = hashlib.sha256(name.encode()).digest()[:KEY_BYTES]
    if ground.engine.dialect.name == "postgresql":
        with ground.read() as tx:
            number = int.from_bytes(key, signed=True)
            tx.connection.execute(select(func.pg_advisory_xact_lock(number)))
            yield
        return
    folder = Path(str(ground.engine.url.database)).parent / FOLDER
    folder.mkdir(exist_ok=True)
    place = folder / f"{int.from_bytes(key) % FILES:02}"
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
