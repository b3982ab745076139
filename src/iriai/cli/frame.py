"""What all commands share: the options that say where the hub is, and how progress is shown."""

import functools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from iriai.base.tx import Ground
    from iriai.settings import Settings

WIDTH = 88
REFUSED = 1
NOT_NOW = 3
INTERRUPTED = 130
SHOWN_EVERY_SECONDS = 0.2
SAID_EVERY_SECONDS = 10.0

Command = Callable[..., Any]


def located(command: Command) -> Command:
    """Give a command the options that say where the hub is; it gets them as `settings`."""

    @click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Folder of the database, the files and the cache.  [default: ./data]",
    )
    @click.option(
        "--config",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="File with settings.  [default: iriai.toml in the data folder]",
    )
    @click.option(
        "--database-url",
        metavar="URL",
        help="Where the database is: sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME.  "
        "[default: a file in the data folder]",
    )
    @click.option(
        "--store-url",
        metavar="URL",
        help="Where large bytes are: file:///DIR or s3://BUCKET/PREFIX?endpoint=URL.  "
        "[default: a folder in the data folder]",
    )
    @functools.wraps(command)
    def wrapped(
        *,
        data: Path | None,
        config: Path | None,
        database_url: str | None,
        store_url: str | None,
        **rest: Any,
    ) -> Any:
        from iriai.settings import load

        given: dict[str, Any] = {"data": data, "database_url": database_url, "store_url": store_url}
        given |= {name: rest.pop(name) for name in SERVER_FLAGS if name in rest}
        return command(settings=load(config=config, **given), **rest)

    return wrapped


def addressed(command: Command) -> Command:
    """Give a command the options that say where a hub listens, and how others call that."""
    for option in (
        click.option(
            "--base-url",
            metavar="URL",
            help="The address that people and clients use, when it is not http://HOST:PORT.",
        ),
        click.option(
            "--port",
            type=click.INT,
            metavar="NUMBER",
            help="Port to listen on; 0 takes a free one.  [default: 8700]",
        ),
        click.option(
            "--host", metavar="ADDRESS", help="Address to listen on.  [default: 127.0.0.1]"
        ),
    ):
        command = option(command)
    return command


SERVER_FLAGS = ("host", "port", "base_url", "sign_up", "rate_limits")
"""The settings that not every command takes as flags."""


@contextmanager
def opened(settings: "Settings") -> Iterator["Ground"]:
    """The ground of these settings, closed afterwards; the database is migrated where needed."""
    from iriai.base.opening import opened as opened_ground

    with opened_ground(settings) as ground:
        yield ground


@contextmanager
def opened_to_stay(settings: "Settings") -> Iterator["Ground"]:
    """As `opened`, for a process that runs on: it migrates in a child, and stays small."""
    from iriai.base import memory
    from iriai.base.migrate import migrate_apart

    if not settings.database_url:
        migrate_apart(settings.database)
    with memory.given_back(), opened(settings) as ground:
        yield ground


class Progress:
    """How far something is: a line that changes on a terminal, now and then a line elsewhere."""

    def __init__(self) -> None:
        self.tty = sys.stderr.isatty()
        self.shown_at = 0.0
        self.width = 0

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """`done` of `total` of `what`; shown only as often as anybody can read it."""
        now = time.monotonic()
        pause = SHOWN_EVERY_SECONDS if self.tty else SAID_EVERY_SECONDS
        if now - self.shown_at < pause:
            return
        self.shown_at = now
        self.say(f"{done:,} {what}" if total is None else f"{done:,} of {total:,} {what}")

    def say(self, line: str) -> None:
        """Show a line, in place of the one before where that is possible."""
        if self.tty:
            sys.stderr.write(f"\r{line:<{self.width}}")
            self.width = len(line)
        else:
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def done(self) -> None:
        """Leave a clean line."""
        if self.tty and self.width:
            sys.stderr.write("\r" + " " * self.width + "\r")
            sys.stderr.flush()


@contextmanager
def progress() -> Iterator[Progress]:
    """Show progress while something long runs."""
    shown = Progress()
    shown.shown_at = 0.0 if shown.tty else time.monotonic()
    try:
        yield shown
    finally:
        shown.done()


def size(count: int) -> str:
    """A number of bytes, as people say it."""
    from iriai.base.numbers import in_bytes

    return in_bytes(count)
