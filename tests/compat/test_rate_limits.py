"""The client that is told to wait waits as long as it was told, and then succeeds."""

import sys
import time

import pytest
from huggingface_hub import HfApi

from tests.support import processes, server

WINDOW_SECONDS = 4
SCRIPT = f"""
import sys
from iriai.api import limits
limits.API = limits.Quota("api", {WINDOW_SECONDS}, 3, 3)
from iriai.__main__ import main
sys.argv = ["iriai", "serve"]
main()
"""


class SmallQuotas(server.LiveHub):
    """A hub where an asker may ask three times in four seconds."""

    def start(self) -> "SmallQuotas":
        self.process = processes.start(
            [sys.executable, "-c", SCRIPT], log=self.log, environment=self.server_env
        )
        processes.wait_until(self.answers, self.process, log=self.log, seconds=server.START_SECONDS)
        return self


@pytest.fixture
def small(tmp_path):
    hub = SmallQuotas(tmp_path / "hub", settings={"IRIAI_RATE_LIMITS": "on"})
    hub.start()
    hub.token = hub.person("ada")
    yield hub
    hub.stop()


def test_the_client_waits_as_long_as_it_was_told_and_succeeds(small, monkeypatch):
    slept, sleep = [], time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: (slept.append(seconds), sleep(seconds)))
    api = HfApi(endpoint=small.url, token=small.token)
    started = time.monotonic()
    for _ in range(7):
        assert list(api.list_models()) == []
    took = time.monotonic() - started
    assert took >= WINDOW_SECONDS, "seven questions fit into no two windows of three"
    assert len(slept) < 7
    assert all(each <= WINDOW_SECONDS + 1 for each in slept), "it waited longer than it was told"
