"""A live hub for the tests: `iriai serve` in a process of its own, and how to talk to it.

The state pairs are the two that the product promises: SQLite with a folder, PostgreSQL with S3.
"""

import inspect
import itertools
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tests.support import processes, schema, waiting, warm

from iriai.base.opening import opened
from iriai.identity import actions
from iriai.identity.rules import OPERATOR, Reach
from iriai.settings import load

START_SECONDS = 180
COMMAND_SECONDS = 120
STATES = ("sqlite+disk", "postgres+s3")
SOURCE = Path(__file__).parents[2] / "src"
PATIENCE = {"HF_HUB_ETAG_TIMEOUT": "120", "HF_HUB_DOWNLOAD_TIMEOUT": "120"}
"""Clients give an answer up after ten seconds, which a slow machine may take for it."""
os.environ.update(PATIENCE)  # for the client in this process, which reads them as it is imported
_plain = inspect.signature(httpx.get).parameters["timeout"].default
_plain.connect = _plain.read = _plain.write = _plain.pool = waiting.SECONDS  # it has five for each


def state_environment(state: str, folder: Path, *, is_newest: bool = False) -> dict[str, str]:
    """`IRIAI_*` variables of an empty state; `is_newest` gives it the newest schema beforehand."""
    made = {"IRIAI_DATA": str(folder / "data")}
    if state == "postgres+s3":
        from tests.support import postgres, seaweed

        database = schema.newest_postgres if is_newest else postgres.fresh_database
        made["IRIAI_DATABASE_URL"] = database()
        made["IRIAI_STORE_URL"] = seaweed.fresh_store()
    elif is_newest:
        schema.newest_sqlite(folder / "data")
    return made


@dataclass
class LiveHub:
    """One running hub. `env` is what a client's shell would hold; `is_cold`: with no stem."""

    folder: Path
    state: str = "sqlite+disk"
    settings: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    port: int = 0
    is_cold: bool = False
    process: "warm.Forked | subprocess.Popen[bytes] | None" = None
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or processes.free_ports(1)[0]
        if "IRIAI_DATA" not in self.settings:
            self.settings = state_environment(self.state, self.folder) | self.settings
        self.settings.setdefault("IRIAI_RATE_LIMITS", "off")
        self.token = ""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the server wrote."""
        return self.folder / f"serve-{self.port}.log"

    @property
    def server_env(self) -> dict[str, str]:
        """The environment of the server and of its command line."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {"PYTHONPATH": str(SOURCE), "IRIAI_PORT": str(self.port)} | self.settings

    @property
    def env(self) -> dict[str, str]:
        """The environment of a client with an empty home and an empty cache."""
        home = self.folder / f"home-{next(self._numbers)}"
        home.mkdir()
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return kept | {
            "HOME": str(home),
            "HF_HOME": str(home / "hf"),
            "HF_ENDPOINT": self.url,
            "HF_TOKEN": self.token,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            **PATIENCE,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def start(self) -> "LiveHub":
        """Start, and wait until it answers."""
        self.process = self.begin("serve", *self.flags, log=self.log)
        processes.wait_until(self.answers, self.process, log=self.log, seconds=START_SECONDS)
        return self

    def begin(
        self, *words: str, log: Path, **variables: str
    ) -> "warm.Forked | subprocess.Popen[bytes]":
        """Start `iriai WORDS…` on the same state, and do not wait for it."""
        environment = self.server_env | variables
        if self.is_cold:
            command = [sys.executable, "-m", "iriai", *words]
            return processes.start(command, log=log, environment=environment)
        return warm.start(*words, log=log, environment=environment)

    def answers(self) -> bool:
        """Whether it answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None:
            processes.stop(self.process, signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, with all its children, as `kill -9` would."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def run(self, *words: str, check: bool = True) -> str:
        """Run `iriai WORDS…` against the same state. Returns what it printed."""
        done = warm.run(*words, environment=self.server_env, seconds=COMMAND_SECONDS)
        if check and done.returncode != 0:
            raise AssertionError(f"iriai {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def person(self, name: str, *, role: str = "write") -> str:
        """Make a person as the operator does, beside the running hub; returns a token of theirs."""
        with opened(load(environ=self.server_env)) as ground:
            actions.add_person(ground, OPERATOR, name=name)
            with ground.write() as tx:
                minted = actions.mint_token(
                    tx, OPERATOR, person=name, name="test", role=Reach(role)
                )
        return minted.raw

    def client(
        self, *command: str | Path, check: bool = True, env: dict[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a client's command in its own empty home."""
        done = subprocess.run(
            [str(word) for word in command],
            env=env or self.env,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS * 4,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{command}: {done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done


def living(
    folder: Path,
    state: str = "sqlite+disk",
    *,
    is_cold: bool = False,
    flags: tuple[str, ...] = (),
    **settings: str,
) -> LiveHub:
    """A running hub in `state` with a person `ada` and her token. `is_cold`: as people start it."""
    given = state_environment(state, folder, is_newest=True) | settings
    hub = LiveHub(folder, settings=given, state=state, is_cold=is_cold, flags=flags)
    hub.start()
    hub.token = hub.person("ada")
    return hub
