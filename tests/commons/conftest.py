import pytest

from tests.support.commons import Town


@pytest.fixture
def town(ground):
    return Town(ground)


@pytest.fixture
def any_town(any_ground):
    return Town(any_ground)
