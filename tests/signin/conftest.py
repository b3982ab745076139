"""Somebody with an account, and a build service that this hub believes."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.support import passwords
from tests.support.issuer import Issuer

from iriai.base.tx import Ground
from iriai.identity import actions as identity
from iriai.identity import queries
from iriai.identity.rules import OPERATOR, Actor
from iriai.signin import issuers

PASSWORD = "a long enough password"

cheap_passwords = passwords.cheap_passwords


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.close()


@pytest.fixture
def believing(any_ground, issuer) -> Ground:
    """A ground whose operator named the issuer."""
    issuers._known.clear()
    settings = replace(
        any_ground.settings,
        base_url="http://hub.test",
        publishers=f"github={issuer.url}",
        outbound_allow="127.0.0.0/8",
    )
    return replace(any_ground, settings=settings)


def person(ground: Ground, name: str, password: str | None = None) -> Actor:
    """Somebody with an account, signed in."""
    identity.add_person(ground, OPERATOR, name=name, password=password)
    with ground.read() as tx:
        return queries.actor_named(tx, name)
