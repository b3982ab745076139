"""Passwords, kept as Argon2id.

One hash takes a quarter of a second and 64 MiB on purpose. So only `AT_ONCE` run at a time in one
process: without that, a few hundred sign-ins a second would be a way to take the hub down. Checking
the password of somebody who does not exist does the same work, so that time tells nothing.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from iriai.base.errors import Excessive

if TYPE_CHECKING:
    from argon2 import PasswordHasher

AT_ONCE = 2
WAIT_SECONDS_MAX = 10.0
NOBODYS = (
    "$argon2id$v=19$m=65536,t=3,p=4$1ahK1CAfxJ5qbF4hrSbp2A"
    "$4TG/Gfvg5jdTUFFve/bZASMNV91lH5R8ZT0F3YixyXE"
)
"""A hash with today's cost that no password gives; it is checked where there is no account."""

_turn = threading.BoundedSemaphore(AT_ONCE)


def hashed(password: str) -> str:
    """The password as it is kept: algorithm, cost, salt and hash in one line."""
    with _one_of_few():
        return _hasher().hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether `password` is the one kept; the same work where nothing is kept."""
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415

    with _one_of_few():
        try:
            return _hasher().verify(kept or NOBODYS, password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Whether a hash was made at another cost than today's, and should be made again."""
    return _hasher().check_needs_rehash(kept)


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # noqa: PLC0415 - slow to import, rarely needed

    return PasswordHasher()


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not _turn.acquire(timeout=WAIT_SECONDS_MAX):
        raise Excessive(
            "Too many people sign in at this moment; try again in a minute.",
            code="TooManyRequests",
        )
    try:
        yield
    finally:
        _turn.release()
