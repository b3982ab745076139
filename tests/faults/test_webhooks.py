"""Webhooks to a receiver that fails often, while the worker is killed: nothing is lost."""

import os
import signal

import pytest
from huggingface_hub import HfApi
from tests.conftest import LONG
from tests.support import server
from tests.support.receiver import Receiver

HOOKS = 4
EVENTS = 250 if LONG else 10
FAILING = 0.3
SECONDS = 900 if LONG else 200
STATES = server.STATES if LONG else server.STATES[:1]


class Worker:
    """`iriai work` in a process of its own."""

    def __init__(self, hub):
        self.hub = hub
        self.start()

    def start(self):
        self.process = self.hub.begin("work", log=self.hub.folder / "work.log")

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(params=STATES)
def hub(tmp_path, request):
    made = server.LiveHub(
        tmp_path,
        state=request.param,
        settings={"IRIAI_OUTBOUND_ALLOW": "127.0.0.0/8"},
        flags=("--no-worker",),
    )
    made.start()
    made.token = made.person("ada")
    yield made
    made.stop()


@pytest.mark.timeout(SECONDS + 120)
def test_every_delivery_arrives_in_order_though_receiver_and_worker_fail(hub):
    api, receiver = HfApi(endpoint=hub.url, token=hub.token), Receiver(failing=FAILING)
    worker = Worker(hub)
    try:
        api.create_repo("ada/told")
        watched, domains = [{"type": "model", "name": "ada/told"}], ["discussion"]
        for number in range(HOOKS):
            api.create_webhook(url=f"{receiver.url}/{number}", watched=watched, domains=domains)
        for number in range(EVENTS):
            api.create_discussion("ada/told", f"Number {number:04}")
        for share in (0.25, 0.6):
            receiver.wait(int(share * HOOKS * EVENTS), seconds=SECONDS)
            worker.kill()
            worker.start()
        wanted = {(f"/{hook}", number + 1) for hook in range(HOOKS) for number in range(EVENTS)}
        told, count = set(), HOOKS * EVENTS
        while told != wanted:  # each delivery that a killed worker repeats asks for one more
            heard = receiver.wait(count, seconds=SECONDS)
            told = told_by(heard)
            if len(heard) < count:
                break
            count = len(heard) + 1
        assert told == wanted
    finally:
        worker.kill()
        receiver.close()
    ids = {}
    for each in receiver.heard:
        ids.setdefault((each.path, each.json["discussion"]["num"]), set()).add(each.id)
    assert all(len(each) == 1 for each in ids.values())  # whatever came twice shares an id
    assert len(set.union(*ids.values())) == HOOKS * EVENTS
    for hook in range(HOOKS):
        order = [e.json["discussion"]["num"] for e in receiver.received if e.path == f"/{hook}"]
        assert order == sorted(order)
    assert sum(each.status == 500 for each in receiver.heard) > FAILING / 2 * HOOKS * EVENTS


def told_by(heard):
    """Which event was told to which webhook."""
    return {(each.path, each.json["discussion"]["num"]) for each in heard}
