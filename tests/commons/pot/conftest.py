import pytest
from tests.support.commons import Town
from tests.support.prepared import Prepared

TOWN = Prepared(lambda ground, _clock: Town(ground).found("university", "ada", "bob", "cyd"))


@pytest.fixture
def town(tmp_path, clock):
    with TOWN.copied(tmp_path, clock) as made:
        yield made
