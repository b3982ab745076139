"""Whether this machine and these settings will do: what `iriai doctor` looks at.

Nothing is changed: a hub that does not exist yet is not made, a schema is not migrated. Each sign
is fine, worth knowing, or a trouble; a trouble says what to do about it.
"""

import os
import platform
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from iriai import __version__
from iriai.base import clock, sandbox, serving
from iriai.base.db import connect
from iriai.base.errors import HubError, reason
from iriai.base.migrate import current, lacking, newest
from iriai.base.serving import Server
from iriai.base.stores import open_store

if TYPE_CHECKING:
    from iriai.settings import Settings

GIT_MIN = (2, 30)
SQLITE_MIN = (3, 35)
FREE_BYTES_MIN = 2 * 10**9
FSYNC_SECONDS_MAX = 0.1
FILES_MIN = 4096
LAYERS = ("limits", "namespaces", "root", "capabilities", "syscalls")
CLOCK_ERROR_MAX = timedelta(seconds=60)
COMMAND_SECONDS_MAX = 10.0


class State(StrEnum):
    """How a sign is to be read."""

    FINE = "fine"
    NOTE = "note"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that was looked at."""

    what: str
    state: State
    says: str


Look = Callable[["Settings"], Iterator[Sign]]


def examine(settings: "Settings") -> Iterator[Sign]:
    """Look at everything; one look that fails does not keep the others from being had."""
    looks: tuple[Look, ...] = (versions, git, readers, disk, limits, database, store, address)
    for look in looks:
        try:
            yield from look(settings)
        except (OSError, HubError) as error:
            yield _trouble(look.__name__, f"This could not be looked at: {error}")


def versions(_settings: "Settings") -> Iterator[Sign]:
    """This program, its Python, and SQLite."""
    yield _fine("iriai", f"{__version__}, schema {newest()}")
    yield _fine("Python", f"{platform.python_version()} in {sys.prefix}")
    found = sqlite3.sqlite_version_info
    if found < SQLITE_MIN:
        wanted = ".".join(str(part) for part in SQLITE_MIN)
        yield _trouble(
            "SQLite", f"{sqlite3.sqlite_version}: at least {wanted} is needed; use a newer Python."
        )
    else:
        yield _fine("SQLite", sqlite3.sqlite_version)


def git(_settings: "Settings") -> Iterator[Sign]:
    """The git that clones and pushes go through."""
    found = _said("git", "version")
    numbers = re.search(r"(\d+)\.(\d+)", found or "")
    if numbers is None:
        yield _trouble("git", "It was not found. Install git; cloning and pushing need it.")
    elif (int(numbers[1]), int(numbers[2])) < GIT_MIN:
        yield _trouble("git", f"{found}: at least {GIT_MIN[0]}.{GIT_MIN[1]} is needed.")
    else:
        yield _fine("git", str(found).removeprefix("git version "))


def readers(_settings: "Settings") -> Iterator[Sign]:
    """How well the process that reads uploaded files is confined."""
    held = set(sandbox.layers())
    missing = [layer for layer in LAYERS if layer not in held]
    if "syscalls" in missing and "namespaces" in missing:
        yield _trouble("readers", "Uploaded files are read unconfined here; use Linux 5 or newer.")
    elif missing:
        yield _note("readers", f"confined, but not by {' and '.join(missing)}")
    else:
        yield _fine("readers", f"confined by {', '.join(LAYERS)}")


def disk(settings: "Settings") -> Iterator[Sign]:
    """The data folder: can it be written to, is a write durable, how much room is left."""
    folder = _existing(settings.data.absolute())
    if not os.access(folder, os.W_OK | os.X_OK):
        yield _trouble("data folder", f"{folder} cannot be written to; change its owner.")
        return
    yield _fine("data folder", f"{settings.data.absolute()}")
    free = shutil.disk_usage(folder).free
    room = f"{free / 10**9:.1f} GB free"
    if free < FREE_BYTES_MIN:
        yield _trouble("disk space", f"{room}. Uploads stop before the disk is full; make room.")
    else:
        yield _fine("disk space", room)
    seconds = _fsync_seconds(folder)
    took = f"a durable write takes {seconds * 1000:.1f} ms"
    if seconds > FSYNC_SECONDS_MAX:
        yield _note("fsync", f"{took}; each commit waits for it. A faster disk would help.")
    else:
        yield _fine("fsync", took)


def limits(_settings: "Settings") -> Iterator[Sign]:
    """How many files and connections one process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES_MIN:
        yield _note("open files", f"{soft} at most; for many clients raise it: ulimit -n 65536")
    else:
        yield _fine("open files", f"{soft} at most")


def database(settings: "Settings") -> Iterator[Sign]:
    """Whether the database answers, at which schema it is, and what time it thinks it is."""
    place = settings.database.removeprefix("sqlite:///")
    if place != settings.database and not Path(place).exists():
        yield _note("database", f"{place} does not exist yet; the first command makes it.")
        return
    engine = connect(settings.database, settings.database_pool)
    try:
        yield from _database(engine, settings.database_pool)
    except SQLAlchemyError as error:
        says = str(getattr(error, "orig", error)).strip().splitlines()[0]
        yield _trouble("database", f"It does not answer: {says}")
    finally:
        engine.dispose()


def store(settings: "Settings") -> Iterator[Sign]:
    """Whether the store takes, gives and removes an object."""
    if settings.store.startswith("file://") and not Path(urlsplit(settings.store).path).exists():
        yield _note("store", "The folder does not exist yet; the first command makes it.")
        return
    try:
        began = time.monotonic()
        open_store(settings.store, staging=settings.cache_folder / "staging").probe()
        took = (time.monotonic() - began) * 1000
        yield _fine("store", f"{_kind(settings.store)}; write, read and remove took {took:.0f} ms")
    except HubError as error:
        yield _trouble("store", error.message)


def address(settings: "Settings") -> Iterator[Sign]:
    """Whether the port is free, or this folder's own hub has it; whether the address is sound."""
    found = serving.running(settings)
    if found is not None and found.port:
        yield from _hub(found)
    if found is None or (found.host, found.port) != (settings.host, settings.port):
        yield _port(settings)
    url = urlsplit(settings.url)
    if url.scheme not in {"http", "https"} or not url.hostname:
        yield _trouble("address", f"{settings.url} is no web address; set --base-url.")
    elif url.path or url.query:
        yield _trouble("address", f"{settings.url}: clients need the hub at the root of a host.")
    elif not settings.base_url and settings.host in {"0.0.0.0", "::"}:  # noqa: S104
        says = f"Pages and clients will be told {settings.url}, which only this machine reaches"
        yield _trouble("address", f"{says}; set --base-url to the address that people use.")
    elif url.scheme == "http" and settings.base_url and url.hostname not in {"localhost", "::1"}:
        yield _note("address", f"{settings.url}: passwords and tokens travel in the open; use TLS.")
    else:
        yield _fine("address", settings.url)


def _hub(found: Server) -> Iterator[Sign]:
    """Whether the hub that uses this folder answers where it says it listens."""
    where = f"{found.port} on {found.host}"
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(found.host, found.host)  # noqa: S104
    try:
        socket.create_connection((here, found.port), timeout=COMMAND_SECONDS_MAX).close()
        yield _fine("port", f"{where}: the hub on this folder, process {found.process}, has it")
    except OSError as error:
        says = f"{where}: the hub on this folder, process {found.process}, does not answer there"
        says = f"{says} ({reason(error)})"
        yield _trouble("port", f"{says}; see what it printed, and start it again.")


def _port(settings: "Settings") -> Sign:
    """Whether the port is free."""
    where = f"{settings.port} on {settings.host}"
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        says = f"{where}: {reason(error)}"
        if serving.folder_of(settings) is None:  # one cannot see who serves that database
            return _note("port", f"{says}, which is right if that is this hub.")
        return _note("port", f"{says}, and not by a hub on this folder.")
    return _fine("port", f"{where} is free")


def _gaps(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return lacking(connection)


def _database(engine: Engine, pool: int) -> Iterator[Sign]:
    with engine.connect() as connection:
        name = engine.dialect.name
        if name == "postgresql":
            version = connection.execute(text("SHOW server_version")).scalar_one()
            yield from _clock(clock.apart(engine))
            yield _fine("database", f"PostgreSQL {version}")
            yield from _connections(connection, pool)
        else:
            found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
            if found == "ok":
                yield _fine("database", "SQLite, and its file is sound")
            else:
                yield _trouble("database", f"The file is damaged ({found}); restore a backup.")
    schema = current(engine)
    if schema is None:
        yield _note("schema", "The database is empty as yet.")
    elif schema > newest():
        yield _trouble("schema", f"{schema} is from a newer version of iriai; use that one.")
    elif schema < newest():
        yield _note("schema", f"{schema}; the next command brings it to {newest()}.")
    elif gaps := _gaps(engine):
        yield _trouble("schema", f"{schema}, but it lacks {', '.join(gaps)}; restore a backup.")
    else:
        yield _fine("schema", schema)
    if inspect(engine).has_table("events"):
        with engine.connect() as connection:
            entry = connection.execute(text("SELECT max(at) FROM events")).scalar()
        if entry is not None:
            last = datetime.fromisoformat(str(entry))
            yield from _later(last if last.tzinfo else last.replace(tzinfo=UTC))


def _connections(connection: Connection, pool: int) -> Iterator[Sign]:
    most = int(connection.execute(text("SHOW max_connections")).scalar_one())
    says = f"{most} at most; each serve and work takes up to {pool}"
    if most < pool * 2:
        yield _note(
            "connections",
            f"{says}: raise max_connections, or lower database_pool, before there are two of them.",
        )
    else:
        yield _fine("connections", says)


def _clock(ahead: timedelta) -> Iterator[Sign]:
    if abs(ahead) > clock.APART_MAX:
        yield _trouble("clock", f"It is {abs(ahead)} from the database's; set both by NTP.")
    else:
        yield _fine("clock", "it agrees with the database's")


def _later(last: datetime) -> Iterator[Sign]:
    if clock.now() + CLOCK_ERROR_MAX < last:
        yield _trouble("clock", f"It is before the last entry of the log, {last}; set it by NTP.")


def _said(*command: str) -> str | None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip()


def _existing(folder: Path) -> Path:
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder


def _fsync_seconds(folder: Path) -> float:
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"\0" * 4096)
        file.flush()
        began = time.monotonic()
        os.fsync(file.fileno())
        return time.monotonic() - began


def _kind(url: str) -> str:
    return "S3" if url.startswith("s3:") else "a folder"


def _fine(what: str, says: str) -> Sign:
    return Sign(what, State.FINE, says)


def _note(what: str, says: str) -> Sign:
    return Sign(what, State.NOTE, says)


def _trouble(what: str, says: str) -> Sign:
    return Sign(what, State.TROUBLE, says)
