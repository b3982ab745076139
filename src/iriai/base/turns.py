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
    if ground.engine.dialect.name == "postgresql":
        with ground.read() as tx:
            tx.connection.execute(select(func.pg_advisory_xact_lock(_number(name))))
            yield
        return
    with _file(ground, f"{int.from_bytes(_key(name)) % FILES:02}") as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def tried(ground: Ground, name: str) -> Iterator[bool]:
    """Have the turn of this name, unless somebody has it: whether it was to be had.

    It may be had for days: on PostgreSQL by a connection of its own that is in no transaction.
    """
    if ground.engine.dialect.name == "postgresql":
        with ground.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.detach()  # it is closed with this, and so is the lock's session
            asked = select(func.pg_try_advisory_lock(_number(name)))
            is_had = bool(connection.execute(asked).scalar_one())
            if is_had:
                yield True
        if not is_had:
            yield False
        return
    with _file(ground, _key(name).hex()) as descriptor:  # not shared: nobody waits for days
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_had = True
        except BlockingIOError:
            is_had = False
        yield is_had


def _number(name: str) -> int:
    return int.from_bytes(_key(name), signed=True)


def _key(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:KEY_BYTES]


@contextmanager
def _file(ground: Ground, name: str) -> Iterator[int]:
    """A file to lock, beside the database."""
    folder = Path(str(ground.engine.url.database)).parent / FOLDER
    folder.mkdir(exist_ok=True)
    descriptor = os.open(
        folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
    )
    try:
        yield descriptor
    finally:
        os.close(descriptor)
