"""`check`, `doctor`, `backup`, `restore`: what keeps a hub whole."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from iriai.base.errors import Invalid, Unknown
from iriai.cli import frame, serving

if TYPE_CHECKING:
    from iriai.base.tx import Ground
    from iriai.settings import Settings

ADDRESS_FLAGS = ("host", "port", "base_url")
FINDINGS_SHOWN_MAX = 1_000
MARKS = {"fine": "ok     ", "note": "note   ", "trouble": "TROUBLE"}


class Part(click.ParamType[Any]):
    """`n/t`: the n-th of t parts."""

    name = "n/t"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The two numbers."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", value)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            self.fail(f"{value!r} is not a part such as 1/30.", param, ctx)
        return int(found[1]), int(found[2])


@click.command()
@click.option(
    "--read-data",
    type=Part(),
    metavar="N/T",
    help="Also read the N-th of T parts of all bytes, and compare them with their hashes. "
    "1/1 reads everything; 1/30 today, 2/30 tomorrow and so on reads all in a month.",
)
@frame.located
def check(*, settings: "Settings", read_data: tuple[int, int] | None) -> None:
    """Look for damage in the log, the repositories and the large files.

    Prints a line for each finding; ends with 0 when there is none, with 1 when there are some.
    The hub may run meanwhile; what is found damaged is not served any more.
    """
    found = 0
    with standing(settings) as ground, frame.progress() as shown:
        for message in findings(ground, read_data, shown):
            shown.done()
            found += 1
            if found <= FINDINGS_SHOWN_MAX:
                click.echo(message)
    if found > FINDINGS_SHOWN_MAX:
        click.echo(f"… and {found - FINDINGS_SHOWN_MAX:,} more.")
    if found:
        click.echo(f"{found:,} {'finding' if found == 1 else 'findings'}.", err=True)
        raise SystemExit(frame.REFUSED)
    click.echo("Everything is as it should be.")


@contextmanager
def standing(settings: "Settings") -> Iterator["Ground"]:
    """The ground of a hub that is there: one that a slip in a path names is not made, nor fine."""
    from iriai.base.opening import is_there

    if not is_there(settings):
        raise Unknown(
            f"There is no hub in {serving.where(settings)}. Say where it is by --data, or by "
            "--database-url."
        )
    with frame.opened(settings) as ground:
        yield ground


def findings(
    ground: "Ground", reading: tuple[int, int] | None, shown: frame.Progress
) -> Iterator[str]:
    """What the ground and the parts find wrong, as sentences."""
    from iriai.base import events_check, integrity
    from iriai.blobs import check as blobs
    from iriai.buckets import check as buckets
    from iriai.repos import check as repos

    looks: dict[str, Iterable[Any]] = {
        "the database": integrity.findings(ground),
        "the log": events_check.check(ground),
        "the repositories": repos.findings(ground),
        "the large files": blobs.findings(ground, read_data=reading),
        "the buckets": buckets.findings(ground),
    }
    for what, look in looks.items():
        shown.say(f"Looking at {what} …")
        for finding in look:
            yield said(finding)


def said(finding: Any) -> str:
    """A finding as a line; some come apart, as what and what of it."""
    subject = getattr(finding, "subject", "")
    sentence = f"{subject}: {finding.message}" if subject else str(finding.message)
    return sentence if sentence.endswith(".") else f"{sentence}."


@click.command()
@frame.addressed
@frame.located
@click.pass_context
def doctor(ctx: click.Context, *, settings: "Settings") -> None:
    """See whether this machine and its settings will do.

    Looks at versions, disk, fsync, database, store, port, address and clock, and changes nothing.
    Where a hub runs on the same folder, its own port and address are looked at. Ends with 0 when
    there is no trouble.
    """
    from iriai.base.doctor import State, examine
    from iriai.base.serving import running

    found = running(settings)
    if found is not None and all(ctx.params[name] is None for name in ADDRESS_FLAGS):
        settings = found.as_set(settings)

    troubles = 0
    for sign in examine(settings):
        troubles += sign.state is State.TROUBLE
        click.echo(f"{MARKS[sign.state]}  {sign.what:<12} {sign.says}")
    if troubles:
        click.echo(f"{troubles} {'trouble' if troubles == 1 else 'troubles'}.", err=True)
        ctx.exit(frame.REFUSED)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@frame.located
def backup(folder: Path, *, settings: "Settings") -> None:
    """Copy the whole hub into DIR, while it runs.

    The database is copied as it was at one moment, the files after it. Taken again into the same
    folder, a backup copies only what is new and drops what is gone; on the same disk files are
    linked, not copied. DIR then holds all that the hub holds, secrets too: keep it accordingly, and
    on another machine.
    """
    from iriai.base.backup import take

    require_apart(settings, folder)
    with standing(settings) as ground, frame.progress() as shown:
        taken = take(ground, folder.absolute(), shown)
    head = taken.head
    click.echo(
        f"Backed up {head.rows:,} rows and {head.objects:,} objects "
        f"({frame.size(head.objects_bytes)}; {taken.fresh:,} objects new) into {folder}."
    )


@click.command()
@click.argument(
    "folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--leave-out-damaged",
    is_flag=True,
    help="Bring back all but the files that are damaged in the backup, and name those.",
)
@frame.located
def restore(folder: Path, *, settings: "Settings", leave_out_damaged: bool) -> None:
    """Make a hub out of the backup in DIR.

    It comes up where the settings point, which must be empty, and need not be what it was: a backup
    from SQLite and a folder restores into PostgreSQL and S3, and the other way round. Every file is
    compared with its hash. Interrupted, it goes on when started again; refused, it leaves no hub.
    Ends with 1 where something was left out.
    """
    from iriai.base.restore import require_whole
    from iriai.base.restore import restore as bring_back

    require_apart(settings, folder)
    require_whole(folder.absolute(), objects=not leave_out_damaged)  # before so much as a lock
    damaged: list[str] = []
    left_out = damaged.append if leave_out_damaged else None
    with serving.only_server(settings), frame.progress() as shown:
        head = bring_back(settings, folder.absolute(), shown, left_out=left_out)
    for key in damaged:
        click.echo(f"Damaged in the backup, and left out: {key}", err=True)
    click.echo(
        f"Restored {head.rows:,} rows and {head.objects - len(damaged):,} of {head.objects:,} "
        f"objects as of {head.made_at}. Now run `iriai check`, then `iriai serve`."
    )
    if damaged:
        click.get_current_context().exit(frame.REFUSED)


def require_apart(settings: "Settings", folder: Path) -> None:
    """A backup does not lie inside the hub that it is of."""
    if folder.absolute().resolve().is_relative_to(settings.data.absolute().resolve()):
        refuse(f"{folder} is inside the hub's own data folder; choose a folder outside it.")


def refuse(message: str) -> NoReturn:
    """Say no."""
    raise Invalid(message)
