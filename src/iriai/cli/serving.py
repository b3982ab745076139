"""`serve`, `work`, `migrate`: the processes a hub is made of."""

import contextlib
import fcntl
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from iriai.base.errors import Conflict, Invalid, Unavailable, reason
from iriai.cli import frame

if TYPE_CHECKING:
    from iriai.base.tx import Ground
    from iriai.settings import Settings

WORKER_STOP_SECONDS = 20.0
FIRST_LINK = "the link for the first account"


@click.command()
@frame.addressed
@click.option(
    "--sign-up",
    type=click.Choice(["invite", "open"]),
    help="Who may make an account: people with an invitation, or everybody.  [default: invite]",
)
@click.option(
    "--rate-limits",
    type=click.Choice(["on", "off"]),
    help="Whether one client may take only so much of the hub.  [default: on]",
)
@click.option("--no-worker", is_flag=True, help="Leave the background work to `iriai work`.")
@click.option("--access-log", is_flag=True, help="Write a line to standard error for each request.")
@frame.located
def serve(*, settings: "Settings", no_worker: bool, access_log: bool) -> None:
    """Start the hub and serve until Ctrl-C or SIGTERM.

    Everything it keeps is in the data folder, which is made if need be; the database is brought to
    this version's schema first. While nobody has an account, a link for making the first one is
    printed: it works once, and starting again prints a new one.

    \b
    On more than one machine, with PostgreSQL and S3:
        iriai serve --no-worker --database-url postgresql+psycopg://… --store-url s3://…
        iriai work --database-url postgresql+psycopg://… --store-url s3://…

    \b
    The same settings as variables:
        IRIAI_DATA  IRIAI_HOST  IRIAI_PORT  IRIAI_BASE_URL  IRIAI_DATABASE_URL
        IRIAI_STORE_URL  IRIAI_SIGN_UP  IRIAI_RATE_LIMITS
    and only as variables or in the file:
        IRIAI_CACHE        folder for what can be fetched again
        IRIAI_SECRET       64 hex digits that sign URLs; else made once and kept
        IRIAI_DEDUP_SCOPE  instance, namespace or off
    docs/operate.md has these and the rest: mail, proxies, other ways to sign in.
    S3 keys that are not in the URL come from AWS_ACCESS_KEY_ID and
    AWS_SECRET_ACCESS_KEY.
    """  # noqa: D301 - click's own mark
    logs(access=access_log)
    with listening(settings.host, settings.port) as listener, contextlib.ExitStack() as held:
        settings = replace(settings, port=listener.getsockname()[1])
        held.enter_context(only_server(settings, listens=True))
        with frame.opened_to_stay(settings) as ground, working(ground, wanted=not no_worker):
            from iriai import app
            from iriai.base.http.server import server
            from iriai.repos import egress
            from iriai.search import noting

            made = server(app.hub(ground))
            with greeting(ground), stopped_gently():
                made.run(sockets=[listener])
                noting.hand_on(ground)
                egress.of(ground).write()


@click.command()
@frame.located
def work(*, settings: "Settings") -> None:
    """Run a worker: it seals the log and does the jobs that are due, until Ctrl-C or SIGTERM.

    `iriai serve` runs one by itself. Beside `iriai serve --no-worker` start as many as you like, on
    any machine that reaches the same database and store; no job is done twice at once.
    """
    logs(access=False)
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    from iriai.base import memory

    with memory.given_back(), frame.opened(settings) as ground:
        from iriai.worker import loop

        click.echo(f"Working on {where(settings)}.")
        loop.run(ground, stop)


@click.command()
@frame.located
def migrate(*, settings: "Settings") -> None:
    """Bring the database to this version's schema.

    `serve`, `work` and all other commands do so by themselves; this is for doing it beforehand.
    Take a backup first: there is no way back to an older version.
    """
    with frame.opened(settings) as ground:
        from iriai.base.migrate import current

        click.echo(f"The database is at schema {current(ground.engine)}.")


@contextmanager
def greeting(ground: "Ground") -> Iterator[None]:
    """Say where the hub is, and how to make the first account.

    Of several on one database that is one server's to say, as long as it runs: a new link takes
    the place of the one before.
    """
    from iriai import __version__
    from iriai.base import turns
    from iriai.identity import actions, queries

    with ground.read() as tx:
        is_empty = not queries.has_people(tx)
    with turns.tried(ground, FIRST_LINK) if is_empty else contextlib.nullcontext(False) as ours:
        url = ground.settings.url
        lines = [f"iriai {__version__} is ready at {url}"]
        link = None
        if ours:
            with ground.write() as tx:
                link = actions.first_invite(tx)
        if link is not None:
            says = "Make the first one here; the link works once:"
            lines += ["", f"Nobody has an account yet. {says}", f"  {url}/welcome/{link}", ""]
        elif is_empty and not ours:
            lines += ["Nobody has an account yet; another `iriai serve` has printed the link."]
        lines += [f"It keeps everything in {where(ground.settings)}. Ctrl-C stops it."]
        click.echo("\n".join(lines))
        yield


def where(settings: "Settings") -> str:
    """Where a hub's things are, without passwords."""
    if not settings.database_url and not settings.store_url:
        return str(settings.data.absolute())
    places = (settings.database, settings.store)
    return " and ".join(shown_url(each) for each in places)


def shown_url(url: str) -> str:
    """A URL without the secrets that stand in it."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens, or a sentence that says why none can."""
    from iriai.base.http.server import listening as listen

    try:
        listener = listen(host, port)
    except OSError as error:
        if isinstance(error, socket.gaierror):
            raise Invalid(f"There is no address {host} to listen on.") from error
        raise Conflict(
            f"The hub cannot listen on {host}, port {port}: {reason(error)}. "
            "Choose another with --port."
        ) from error
    with contextlib.closing(listener):
        yield listener


@contextmanager
def only_server(settings: "Settings", *, listens: bool = False) -> Iterator[None]:
    """Let one `serve` at a time use a SQLite database; on PostgreSQL there may be many.

    `listens`: this process serves at the settings' address, which others may want to know.
    """
    from iriai.base import serving

    folder = serving.folder_of(settings)
    if folder is None:
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / serving.LOCK_NAME).open("a+")
    except OSError as error:
        raise Unavailable(f"The folder {folder} cannot be written to: {error.strerror}.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = serving.read(file)
            raise Conflict(
                f"Another `iriai serve` (process {other.process}) serves {folder}. Stop it first, "
                "or give this one its own folder with --data."
            ) from None
        serving.note(file, settings, listens=listens)
        yield


@contextmanager
def working(ground: "Ground", *, wanted: bool) -> Iterator[None]:
    """A worker in a thread of this process, told to stop at the end and waited for."""
    if not wanted:
        yield
        return
    from iriai.worker import loop

    stop = threading.Event()
    thread = loop.start(ground, stop)
    try:
        yield
    finally:
        stop.set()
        thread.join(WORKER_STOP_SECONDS)


@contextmanager
def stopped_gently() -> Iterator[None]:
    """Outlive the signal that stopped the server, which it raises again when it has ended."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def logs(*, access: bool) -> None:
    """Write warnings to standard error, and each request if asked."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    quiet: dict[str, Any] = {"uvicorn": logging.WARNING, "botocore": logging.ERROR}
    for name, level in quiet.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger("iriai.access").setLevel(logging.INFO if access else logging.WARNING)
