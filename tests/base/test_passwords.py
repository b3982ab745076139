"""Passwords cost memory, so only few are looked at in one moment; the others are told so."""

import pytest

from iriai.api import problems
from iriai.base import passwords
from iriai.base.errors import Excessive


def test_who_comes_when_too_many_sign_in_is_asked_to_come_again(monkeypatch):
    monkeypatch.setattr(passwords, "WAIT_SECONDS_MAX", 0)
    for _ in range(passwords.AT_ONCE):
        assert passwords._turn.acquire(timeout=60)
    try:
        with pytest.raises(Excessive) as refused:
            passwords.hashed("correct horse battery staple")
    finally:
        for _ in range(passwords.AT_ONCE):
            passwords._turn.release()
    assert problems.status(refused.value) == 429
