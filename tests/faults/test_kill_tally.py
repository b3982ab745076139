"""A worker killed at any instant: each vote is counted, published and enacted exactly once."""

import contextlib
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from sqlalchemy import func, select
from tests.conftest import LONG
from tests.support.commons import Town

from iriai.base.events import Event
from iriai.commons.proposals.rules import State
from iriai.commons.proposals.tables import TallyRow

VOTES = 40 if LONG else 4
KILLS = 60 if LONG else 4
SEED = 20260105
TICKS = """
import os, pickle, sys
from datetime import datetime
from iriai.base.opening import open_ground
from iriai.commons import jobs
moment = datetime.fromisoformat(sys.argv[2])
for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        ground = open_ground(pickle.loads(bytes.fromhex(sys.argv[1])), now=lambda: moment)
        print(os.getpid(), flush=True)
        jobs.tick(ground, {})
        os._exit(0)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""
"""For each line that comes, a worker in a process of its own, which says its number."""


def ask_for_one(workers):
    workers.stdin.write("\n")
    workers.stdin.flush()
    return int(workers.stdout.readline())


@pytest.mark.timeout(KILLS * 20 + 200)
def test_a_vote_is_published_once_though_the_worker_is_killed_at_any_instant(any_ground):
    ground = any_ground
    town = Town(ground).found("university", "ada", "bob")
    numbers = []
    for each in range(VOTES):
        made = town.propose("ada", payload={"text": f"We like tea number {each}."})
        town.second("bob", made.number)
        town.object("bob", made.number)
        numbers.append(made.number)
    town.tick(days=7)
    for number in numbers:
        town.vote("ada", number, 1, 2)
        town.vote("bob", number, 1, 2)
    ground.clock.advance(days=10)
    chance = random.Random(SEED)
    moment, settings = ground.clock().isoformat(), pickle.dumps(ground.settings).hex()
    with subprocess.Popen(
        [sys.executable, "-c", TICKS, settings, moment],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as workers:
        for _ in range(KILLS):
            worker = ask_for_one(workers)
            time.sleep(chance.uniform(0, 0.15))
            with contextlib.suppress(ProcessLookupError):  # it was quicker
                os.kill(worker, signal.SIGKILL)
            assert workers.stdout.readline() == "ended\n"
    town.tick()
    assert [town.see(number).state for number in numbers] == [State.ENACTED] * VOTES
    with ground.read() as tx:
        assert tx.session.scalar(select(func.count()).select_from(TallyRow)) == VOTES
        asked = select(Event.subject, Event.verb)
        happened = Counter(
            (row.subject, row.verb)
            for row in tx.connection.execute(asked)
            if row.verb in ("counted", "passed", "stated", "enacted")
        )
    assert len(happened) == VOTES * 4
    assert set(happened.values()) == {1}
