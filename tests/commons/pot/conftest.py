import pytest
from tests.support.commons import Town


@pytest.fixture
def town(ground):
    return Town(ground).found("university", "ada", "bob", "cyd")
