"""A fresh store of each kind."""

import pytest
from tests.support import seaweed

from iriai.base.stores import open_store


@pytest.fixture(params=["disk", "memory", "s3"])
def store(request, tmp_path):
    urls = {
        "disk": (tmp_path / "store").as_uri,
        "memory": lambda: "memory:",
        "s3": seaweed.fresh_store,
    }
    return open_store(urls[request.param](), staging=tmp_path / "staging")


@pytest.fixture
def bucket(tmp_path):
    return open_store(seaweed.fresh_store(), staging=tmp_path / "staging")
