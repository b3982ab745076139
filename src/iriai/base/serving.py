"""Which `serve` uses a folder with a SQLite database: it holds a file there, and says where it is.

The file is locked as long as the process lives, so one that was killed leaves nothing behind.
"""

import fcntl
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from iriai.settings import Settings

LOCK_NAME = "serve.lock"
LENGTH_MAX = 1_000
WORDS = 4


@dataclass(frozen=True, slots=True)
class Server:
    """A process that uses a folder; `port` is 0 where it listens on none, or is an older one."""

    process: str
    host: str = ""
    port: int = 0
    base_url: str = ""

    def as_set(self, settings: "Settings") -> "Settings":
        """The settings with the address that this server has."""
        if not self.port:
            return settings
        return replace(settings, host=self.host, port=self.port, base_url=self.base_url)


def folder_of(settings: "Settings") -> Path | None:
    """Where the lock of these settings lies; None where there may be many servers."""
    if not settings.database.startswith("sqlite:///"):
        return None
    return Path(settings.database.removeprefix("sqlite:///")).parent


def note(file: IO[str], settings: "Settings", *, listens: bool) -> None:
    """Write into the lock which process this is, and where it listens."""
    said = f"{os.getpid()}"
    if listens:
        said = f"{said} {settings.host} {settings.port} {settings.base_url}".rstrip()
    file.truncate(0)
    file.write(said)
    file.flush()


def read(file: IO[str]) -> Server:
    """What a lock says."""
    file.seek(0)
    words = file.read(LENGTH_MAX).split()
    if len(words) < WORDS - 1 or not words[2].isdigit():
        return Server(words[0] if words else "unknown")
    return Server(words[0], words[1], int(words[2]), " ".join(words[3:]))


def running(settings: "Settings") -> Server | None:
    """Who uses the folder of these settings now; None where nobody does, or it cannot be known."""
    folder = folder_of(settings)
    if folder is None:
        return None
    try:
        with (folder / LOCK_NAME).open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return read(file)
    except OSError:
        return None
    return None
