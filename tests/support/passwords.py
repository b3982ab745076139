"""Passwords kept at a price that a test can pay: the same Argon2id, with the least of work.

A hash takes a fifth of a second on purpose, and a test about something else has no use for that.
What it costs in earnest is looked at in tests/base/test_credentials.py.
"""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from iriai.base import passwords

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
NOBODYS = CHEAP.hash("that nobody has")


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """In a folder whose conftest has this, passwords are kept cheaply; nobody's is as cheap."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: CHEAP)
        patch.setattr(passwords, "NOBODYS", NOBODYS)
        yield
