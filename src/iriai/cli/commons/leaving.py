"""`iriai commons export`, `import` and `fork`: a commons leaves, arrives, and parts."""

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iriai.base.errors import Conflict, Invalid
from iriai.cli import frame

if TYPE_CHECKING:
    from iriai.base.tx import Ground
    from iriai.settings import Settings

TAR = ".tar"


@click.command("export")
@click.argument("name")
@click.argument("place", metavar="FILE.tar|DIR", type=click.Path(path_type=Path))
@click.option(
    "--private",
    is_flag=True,
    help="Take private, gated, disabled and held repositories along, and all of the requests for "
    "removal, with who asked. For a move to another hub: keep it where only you can read it.",
)
@frame.located
def export(*, settings: "Settings", name: str, place: Path, private: bool) -> None:
    """Write the commons NAME into a folder, or a FILE.tar.

    Everything it is: repositories with all their history, large files, discussions, members,
    decisions and ballots, charter, pot, and the log with its proofs. What is private stays private.
    Interrupted, it goes on when started again. The hub may run meanwhile.
    """
    from iriai.commons.exit import exporting

    folder = place.with_name(place.name + ".parts") if place.suffix == TAR else place
    if place.suffix == TAR and place.exists():
        raise Conflict(f"{place} is there already.")
    with frame.opened(settings) as ground, frame.progress() as shown:
        made = exporting.export(ground, name, folder, shown, private=private)
    if place.suffix == TAR:
        _pack(folder, place)
    click.echo(
        f"{made.name} is in {place}: {len(made.repos):,} repositories, {len(made.objects):,} large "
        f"files, {made.size:,} entries of the log, {frame.size(made.bytes)}."
    )
    if made.left_out > made.held_out:
        click.echo(
            f"{made.left_out - made.held_out:,} that not everybody may read stayed out; "
            "--private takes them along."
        )
    if made.held_out:
        click.echo(
            f"{made.held_out:,} with something in them that is held stayed out, with all of their "
            "history; --private takes them along, and what is held stays held where they arrive."
        )


@click.command("import")
@click.argument("place", metavar="FILE.tar|DIR", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--same-people",
    is_flag=True,
    help="Accounts here of the same name are the same people, and get their votes.",
)
@click.option("--verify", is_flag=True, help="Then read it all again from this hub and compare.")
@frame.located
def import_(*, settings: "Settings", place: Path, same_people: bool, verify: bool) -> None:
    """Bring an exported commons to life on this hub.

    Every file is compared with its hash, the log with what was signed, and the rows with the log,
    before anything is taken in. Interrupted, it goes on when started again.
    """
    from iriai.commons.exit import importing, verification

    with _unpacked(place) as folder, frame.opened(settings) as ground, frame.progress() as shown:
        done = importing.bring(ground, folder, shown, joined=same_people)
        shown.done()
        click.echo(
            f"{done.name} is here: {done.repos:,} repositories, {done.objects:,} large files, "
            f"{frame.size(done.bytes)}."
        )
        if done.differing:
            click.echo(f"{len(done.differing):,} rows have other numbers here; the log says which.")
        if verify:
            found = 0
            for line in verification.compare(ground, folder, done, shown):
                shown.done()
                found += not line.is_good
                click.echo(line.says)
            if found:
                raise SystemExit(frame.REFUSED)


@click.command()
@click.argument("source", metavar="NAME|FILE.tar|DIR")
@click.argument("name", metavar="NEW")
@click.option("--by", required=True, metavar="ACCOUNT", help="Who makes the fork and owns it.")
@frame.located
def fork(*, settings: "Settings", source: str, name: str, by: str) -> None:
    """Make the commons NEW out of one here, or of an export.

    Repositories come with all their history and discussions. NEW has a log of its own, whose
    beginning cites the checkpoint at which it parted.
    """
    from iriai.commons.exit import forking
    from iriai.identity import queries as identity

    with frame.opened(settings) as ground, frame.progress() as shown:
        with ground.read() as tx:
            actor = identity.actor_named(tx, by)
        with _source(ground, source, shown) as folder:
            done = forking.fork(ground, actor, folder, name, shown)
    click.echo(f"{done.name} is a fork of {source}: {done.repos:,} repositories.")


@contextmanager
def _source(ground: "Ground", source: str, shown: frame.Progress) -> Iterator[Path]:
    from iriai.commons.exit import exporting

    if Path(source).exists():
        with _unpacked(Path(source)) as folder:
            yield folder
        return
    with tempfile.TemporaryDirectory(dir=ground.store.staging(), prefix="fork-") as made:
        folder = Path(made) / "export"
        exporting.export(ground, source, folder, shown)
        yield folder


@contextmanager
def _unpacked(place: Path) -> Iterator[Path]:
    """The folder of an export; a tar is unpacked beside it for the time being."""
    if place.is_dir():
        yield place
        return
    with tempfile.TemporaryDirectory(dir=place.absolute().parent, prefix=".import-") as made:
        try:
            with tarfile.open(place) as tar:
                tar.extractall(made, filter="data")
        except tarfile.TarError as error:
            raise Invalid(f"{place} is not an export: {error}.") from error
        yield Path(made)


def _pack(folder: Path, place: Path) -> None:
    """Make one file of a folder, and remove the folder as it goes in."""
    partial = place.with_name(place.name + ".partial")
    with tarfile.open(partial, "w") as tar:
        tar.add(folder, ".")
    partial.replace(place)
    for each in sorted(folder.rglob("*"), reverse=True):
        each.rmdir() if each.is_dir() else each.unlink()
    folder.rmdir()
