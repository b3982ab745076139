"""`iriai demo` on an empty folder, stopped, and run again."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.faults.clients import Wire
from tests.support import processes, warm

from iriai.base import clock, events
from iriai.base.opening import opened
from iriai.base.serving import LOCK_NAME
from iriai.cli.commons.pot import pot
from iriai.cli.demo import _of_the_commons, commons, upload
from iriai.cli.demo import demo as start_demo
from iriai.cli.demo.commons import story
from iriai.cli.demo.hub import require_free
from iriai.cli.demo.people import Person
from iriai.commons import queries
from iriai.commons.cases import queries as cases
from iriai.commons.membership.queries import seats
from iriai.commons.pot import queries as pots
from iriai.commons.proposals import queries as proposals
from iriai.commons.proposals.rules import State
from iriai.commons.removal import queries as removals
from iriai.commons.tlog import replaying
from iriai.identity import queries as accounts
from iriai.settings import load

ROOT = Path(__file__).parents[2]
FIRST_RUN_SECONDS = 300
END_SECONDS = 120
MODEL = "demo/all-MiniLM-L6-v2"
DATASET = "datasets/demo/palmer-penguins"
PORT = 8700
LARGE = ("xorbs", "lfs", "client", "packages")


@dataclass
class Demo:
    """One run of the command, its output going to a file."""

    data: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        return self.data.parent / "demo.log"

    def run_until_served(self) -> Wire:
        """Where it serves; it is started where it does not run already."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        deadline = time.monotonic() + FIRST_RUN_SECONDS
        while "Ctrl-C stops the hub" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.2)
        url = re.search(r"export HF_ENDPOINT=(\S+)", self.said)
        token = re.search(r"export HF_TOKEN=(hf_\S+)", self.said)
        assert url
        assert token
        return Wire(url[1], token[1])

    def start(self) -> None:
        self.log.write_bytes(b"")
        self.process = processes.start(
            [sys.executable, "-m", "iriai", "demo", "--data", self.data, "--port", str(self.port)],
            log=self.log,
            environment=dict(os.environ) | {"PYTHONPATH": str(ROOT / "src")},
        )

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(END_SECONDS)


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[Demo]:
    """The command, which has run on an empty folder."""
    made = Demo(tmp_path_factory.mktemp("demo") / "data", processes.free_ports(1)[0])
    made.run_until_served()
    yield made
    processes.stop(made.process)


@pytest.mark.timeout(FIRST_RUN_SECONDS * 2)
def test_the_demo_shows_a_real_model_and_dataset_and_goes_on_where_it_was(demo: Demo):
    wire = demo.run_until_served()
    if "could not be fetched" in demo.said:
        pytest.skip("the packages with the model and the dataset cannot be fetched here")
    history = wire.history(MODEL)
    files = wire.tree(MODEL)
    assert files["model.safetensors"]["size"] == 90_868_376
    assert b"Palmer" in wire.ask("GET", f"/{DATASET}/resolve/main/README.md")
    for page in ("/commons/valley-speech", "/commons/valley-speech/pot"):
        assert f"{wire.url}{page}" in demo.said
        assert b"Valley Speech" in wire.ask("GET", page)
    assert demo.interrupt() == 0
    require_free(demo.port)

    again = demo.run_until_served()
    assert again.token == wire.token
    assert again.history(MODEL) == history
    assert "hf upload" not in demo.said
    os.kill(int((demo.data / LOCK_NAME).read_text().split()[0]), signal.SIGKILL)
    assert demo.process.wait(END_SECONDS) == 1
    assert "The hub ended by itself" in demo.said


@pytest.fixture
def village(demo: Demo) -> Path:
    """The data folder of the demonstration, whose commons has lived its half year."""
    processes.stop(demo.process, signal.SIGINT)
    return demo.data


def copied(village: Path, to: Path) -> Path:
    """What the commons needs of it: neither the model nor what the client keeps."""
    return shutil.copytree(village, to, ignore=shutil.ignore_patterns(*LARGE))


def heads(data: Path) -> dict[str, int]:
    """How long each log is."""
    with opened(load(data=data, port=PORT)) as ground, ground.read() as tx:
        return {each.name: events.head(tx, each.id).size for each in queries.all_commons(tx)}


def test_its_commons_has_one_of_each_thing_to_look_at(village: Path):
    with opened(load(data=village, port=PORT)) as ground, ground.read() as tx:
        here = queries.commons(tx, story.NAME).id
        every = [*proposals.open_(tx, here), *proposals.closed(tx, here)]
        states = {each.title: each.state for each in every}
        assert states[story.GATE] is State.VOTING
        assert states[story.MEETING] is State.DELIBERATING
        assert states[story.TAGGING] is State.OPEN
        assert states[story.LICENCE] is State.ENACTED
        assert not {State.ENACT_FAILED, State.FAILED, State.NO_QUORUM} & set(states.values())
        gate = next(each for each in every if each.title == story.GATE)
        newcomer = accounts.actor_named(tx, story.NEWCOMER)
        (voter,) = proposals.voters(tx, gate, newcomer.id)
        assert not voter.voted
        assert len(gate.options) == 3
        assert {each.role for each in seats(tx, here)} == {"steward", "secretary", "maintainer"}
        assert cases.row(tx, here, 1).outcome == "varied"
        assert cases.panel(tx, here, 1).size == 5
        shared = pots.pot(tx, here)
        units = {"bytes_stored", "gpu_hours", story.SCANS}
        assert {each.unit for each in shared.pools} == units
        assert {each.source.value for each in shared.allotments} == {"queue", "floor", "round"}
        assert [each.allotment.project for each in shared.waiting] == ["a songbook"]
        lent = [each.project for each in shared.allotments if each.recalled_at is not None]
        cold = [each.project for each in shared.allotments if each.noticed_at is not None]
        assert (lent, cold) == (["old newspapers"], ["tapes of my grandparents"])
        assert [each.state for each in removals.removals(tx, here)] == ["held", "fulfilled"]


def test_what_it_says_at_its_end_is_still_true_when_its_vote_is_over(village: Path):
    fresh = commons.settle(village, PORT)
    assert fresh is not None
    assert fresh.can_vote
    assert fresh.pages["a vote to take part in"].endswith("/ballot")
    later = commons.settle(village, PORT, now=clock.now() + timedelta(days=90))
    assert later is not None
    assert not later.can_vote
    assert "a vote to take part in" not in later.pages
    assert later.pages["how a vote went"].rpartition("/")[2].isdecimal()
    said = "\n".join(_of_the_commons("http://127.0.0.1:1", later))
    assert "and vote" not in said
    assert "how a vote went  http://127.0.0.1:1/commons/valley-speech/proposals/" in said


def test_its_pot_is_written_out_and_read_back_by_commands(village: Path, tmp_path: Path):
    copy = copied(village, tmp_path / "data")

    def ran(*words: str, data: Path = copy):
        return CliRunner().invoke(pot, [*words, "--data", str(data)])

    limits = json.loads(ran("export", story.NAME).stdout)["limits"]
    assert limits["eve"]["gpu_hours"] == limits["ada"]["gpu_hours"] + 380
    slurm = ran("export", story.NAME, "--format", "slurm")
    assert "modify user eve where Account=valley-speech set GrpTRESMins=gres/gpu=" in slurm.stdout
    assert "Left out, for slurm knows no such unit: bytes_stored" in slurm.stderr
    report = tmp_path / "usage.json"
    used = {"eve": {"gpu_hours": 300}, "zoe": {"gpu_hours": 3}}
    report.write_text(json.dumps({"commons": story.NAME, "usage": used}))
    read = ran("usage", str(report))
    assert read.stdout == "gpu_hours: 300 by 1 member; until now 435\n"
    assert "Left out, for they are no members: zoe" in read.stderr
    assert "is of valley-speech, not of hub" in ran("usage", str(report), "--commons", "hub").output
    report.write_text(json.dumps({"commons": story.NAME, "usage": {"zoe": {"gpu_hours": 3}}}))
    assert "nothing of any member, only zoe" in str(ran("usage", str(report)).exception)
    assert "Measured 1 commons." in ran("measure").output
    assert "gpu_hours\teve\t300\n" in ran("measure", story.NAME).output
    nothing = ran("export", story.NAME, data=tmp_path / "nothing")
    assert "There is no hub in" in nothing.output
    assert not (tmp_path / "nothing").exists()


def test_its_commons_lived_by_its_own_log(village: Path):
    with opened(load(data=village, port=PORT)) as ground, ground.read() as tx:
        here = queries.commons(tx, story.NAME).id
        assert replaying.replay(ground, here).differences == []
        moments = [each.at for each in events.entries(tx, here, before=None, limit=1_000)]
        assert moments == sorted(moments, reverse=True)


def test_its_commons_is_made_once(village: Path):
    before = heads(village)
    again = commons.settle(village, PORT)
    assert again is not None
    assert again.pages["a vote to take part in"].endswith("/ballot")
    assert heads(village) == before


def test_an_interrupted_story_goes_on_without_doing_anything_twice(tmp_path: Path, village: Path):
    data = copied(village, tmp_path / "data")
    memory = data / "demo" / commons.MEMORY
    kept = json.loads(memory.read_text("utf-8"))
    kept["told"], kept["begun"] = kept["told"][:-2], kept["told"][-2]
    memory.write_text(json.dumps(kept), "utf-8")
    assert commons.settle(data, PORT) is not None
    assert heads(data) == heads(village)


def test_a_port_that_is_taken_is_said_plainly(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = warm.run(
            *("demo", "--data", tmp_path, "--port", str(port)),
            environment=dict(os.environ),
            seconds=FIRST_RUN_SECONDS,
        )
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert f"PORT={port + 1}" in done.stderr


def test_without_the_client_nothing_is_made_or_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(upload.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(start_demo, ["--data", str(tmp_path / "data")])
    assert done.exit_code == 1
    assert done.output == (
        "Error: The `hf` client is not installed here: pip install 'iriai[client]'\n"
    )
    assert not (tmp_path / "data").exists()


def test_the_demos_client_keeps_its_things_in_the_data_folder(tmp_path, monkeypatch):
    for name in ("HF_HOME", "HF_XET_CACHE", "HF_HUB_CACHE", "HF_XET_LOG_DEST", "HF_HUB_OFFLINE"):
        monkeypatch.setenv(name, "elsewhere")
    told = upload.environment(tmp_path, Person("demo", "http://127.0.0.1:1", "hf_x", ""))
    assert "elsewhere" not in told.values()
    script = (
        "import os, hf_xet, huggingface_hub.constants as c; print(c.HF_HOME, c.HF_XET_CACHE, "
        "c.HF_HUB_CACHE, c.HF_TOKEN_PATH)"
    )
    told |= {"HOME": str(tmp_path / "home")}
    said = subprocess.run(
        [sys.executable, "-c", script], env=told, capture_output=True, text=True, check=True
    )
    assert all(each.startswith(f"{tmp_path}/demo/client") for each in said.stdout.split())
    assert not (tmp_path / "home").exists()
