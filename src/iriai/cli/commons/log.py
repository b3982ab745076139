"""`iriai commons log`: check a log against what was signed, and the database against the log."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iriai.cli import frame
from iriai.cli.commons import log_sources as sources
from iriai.cli.commons.log_sources import Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from iriai.base.ledger import Difference
    from iriai.commons.tlog.verifying import Finding, Misbehaviour, Said
    from iriai.settings import Settings

URL = click.option("--url", metavar="URL", help="Read the log from the hub at this address.")
FOLDER = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Read the log from a folder that `log download` or an export has filled.",
)


@click.group()
def log() -> None:
    """Check what was done, and that nothing else was.

    Without NAME, every commons of this hub; with --url, the commons `hub` of that one.
    """


@log.command(short_help="Check every entry of a log against every checkpoint.")
@click.argument("name", required=False)
@URL
@FOLDER
@click.option(
    "--checkpoint",
    "kept",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A signed checkpoint that you kept: the log has to go on from it. Repeatable.",
)
@click.option(
    "--key",
    "given",
    multiple=True,
    metavar="KEY",
    help="Trust this key of the log instead of those that come with it. Repeatable.",
)
@click.option(
    "--proofs",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Folder for a proof of misbehaviour, where there is one.  [default: here]",
)
@frame.located
def verify(
    *,
    settings: "Settings",
    name: str | None,
    url: str | None,
    folder: Path | None,
    kept: tuple[Path, ...],
    given: tuple[str, ...],
    proofs: Path,
) -> None:
    """Check a log: every entry, against every checkpoint that was signed.

    Names the entry that was changed and the entry that is missing. Two histories under one key are
    written into a file, which proves it to anybody. Ends with 1 when something was found, and when
    nothing of a folder is signed, for then nothing is proved.
    """
    notes = [sources.text(path.read_bytes()) for path in kept]
    with frame.progress() as shown:
        if folder is not None:
            found = _verify(sources.folder(folder), notes, given, proofs, shown)
        elif url is not None:
            found = _verify(sources.address(url, name or "hub"), notes, given, proofs, shown)
        else:
            with frame.opened(settings) as ground:
                looked = [
                    _verify(each, notes, given, proofs, shown)
                    for each in sources.database(ground, name)
                ]
            found = sum(looked)
    if found:
        raise SystemExit(frame.REFUSED)


def _verify(
    source: Source,
    notes: list[str],
    given: tuple[str, ...],
    proofs: Path,
    shown: frame.Progress,
) -> int:
    """Check one log and say so. Returns how much was found."""
    from iriai.commons.tlog import verifying
    from iriai.commons.tlog.rules import read_key

    keys = [read_key(text) for text in given] or list(source.keys)
    said: list[Said] = []
    found: dict[str, None] = {}
    for note in dict.fromkeys([*source.notes, *notes]):
        read = verifying.said(note, keys)
        if isinstance(read, verifying.Said):
            said.append(read)
        else:
            found[read.message] = None
    what = f"entries of {source.name}"
    leaves = source.leaves() if source.leaves is not None else None
    count = 0

    def told(done: int) -> None:
        nonlocal count
        count = done
        shown(what, done, None)

    look = verifying.verify(source.entries, said, leaves=leaves, told=told)
    for each in look:
        found[_told(each, source, proofs)] = None
    found |= dict.fromkeys(message for _, message in source.more())
    shown.done()
    if source.must_be_signed and not said:
        found["there is no checkpoint of it here; nothing is signed, so nothing is proved."] = None
    for message in found:
        click.echo(f"{source.name}: {message}")
    if not found:
        click.echo(_whole(source, said, count))
    return len(found)


def _told(each: "Finding | Misbehaviour", source: Source, proofs: Path) -> str:
    from iriai.commons.tlog.verifying import Finding

    if isinstance(each, Finding):
        return each.message
    proofs.mkdir(parents=True, exist_ok=True)
    file = proofs / f"misbehaviour-{source.name}-{each.first.checkpoint.size}.txt"
    file.write_text(each.text)
    return f"One key signed two histories; the proof is in {file}."


def _whole(source: Source, said: "list[Said]", count: int) -> str:
    if not said:
        return f"{source.name}: its hashes agree; nothing of it was signed yet."
    last = max((each.checkpoint for each in said), key=lambda each: each.size)
    more = count - last.size
    return (
        f"{source.name}: whole. {last.size:,} entries are as the newest of {len(said):,} "
        f"checkpoints says; root {last.root.hex()}."
    ) + (f" Not signed yet: {more:,} after them." if more > 0 else "")


@log.command(short_help="Rebuild from a log what there should be, and compare.")
@click.argument("name", required=False)
@URL
@frame.located
def replay(*, settings: "Settings", name: str | None, url: str | None) -> None:
    """Rebuild from a log what there should be, and compare it with what there is.

    A row that was changed, added or removed by hand is named, with its table. Ends with 1 when
    something was found. With --url, rows that a log does not name are left out.
    """
    from iriai.base.ledger_entries import shown as open_to_all
    from iriai.commons import queries
    from iriai.commons.tlog import adopting, replaying

    found = 0
    if url is not None:
        source = sources.address(url, name or "hub")
        should = open_to_all(replaying.logged(entry for _, entry in source.entries()))
        rows = open_to_all(sources.state(url, name or "hub"))
        found = _replayed(source.name, should, rows)
    else:
        with frame.opened(settings) as ground, frame.progress() as shown:
            adopting.finish(ground)
            with ground.read() as tx:
                each = [queries.commons(tx, name)] if name else list(queries.all_commons(tx))
            for commons in each:
                done = replaying.replay(ground, commons.id)
                shown.done()
                found += _replayed(
                    commons.name, done.should, done.found, done.plainly, done.besides
                )
    if found:
        raise SystemExit(frame.REFUSED)


def _replayed(
    name: str,
    should: "Mapping[str, str]",
    rows: "Mapping[str, str]",
    plainly: "Mapping[str, str] | None" = None,
    besides: "Sequence[Difference]" = (),
) -> int:
    from iriai.base import ledger

    found = [*ledger.differences(should, rows, plainly), *besides]
    for each in found:
        click.echo(f"{name}: {each.message}")
    log, live = ledger.state_digest(should), ledger.state_digest(rows)
    if found:
        click.echo(f"{name}: the log says {log}, the database is {live}.")
    else:
        click.echo(f"{name}: the database is what the log says. {len(rows):,} rows, {live}.")
    return len(found)


@log.command(short_help="Keep the log of NAME in DIR, so that it can be checked.")
@click.argument("name")
@click.argument("place", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@URL
@frame.located
def download(*, settings: "Settings", name: str, place: Path, url: str | None) -> None:
    """Keep the log of NAME in DIR, with its keys and checkpoints, to check it without the hub."""
    if url is not None:
        count = sources.download(sources.address(url, name), place)
    else:
        with frame.opened(settings) as ground:
            count = sources.download(next(iter(sources.database(ground, name))), place)
    click.echo(f"{count:,} entries of {name} are in {place}.")


@log.command(short_help="Seal what waits, sign the log of NAME, and print it.")
@click.argument("name")
@frame.located
def checkpoint(*, settings: "Settings", name: str) -> None:
    """Seal what waits, sign the log of NAME, and print the checkpoint."""
    from iriai.commons import queries
    from iriai.commons.tlog import actions

    with frame.opened(settings) as ground:
        with ground.read() as tx:
            commons = queries.commons(tx, name)
        click.echo(actions.checkpoint(ground, commons.id).note, nl=False)


@log.command("rotate-key")
@click.argument("name")
@frame.located
def rotate_key(*, settings: "Settings", name: str) -> None:
    """Sign the log of NAME with a fresh key from now on. The log says which key follows which."""
    from iriai.commons import queries
    from iriai.commons.tlog import actions

    with frame.opened(settings) as ground:
        with ground.read() as tx:
            commons = queries.commons(tx, name)
        actions.checkpoint(ground, commons.id)
        with ground.write() as tx:
            made = actions.rotate(tx, commons.id, by="operator")
        actions.checkpoint(ground, commons.id)
    click.echo(made.key.text)
