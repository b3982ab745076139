"""`iriai commons vote belenios`: a vote for Belenios, for elections nobody should have to trust."""

import json
from pathlib import Path

import click

from iriai.cli.commons.counting import FILE, FILE_BYTES_MAX, vote


@vote.command("belenios")
@click.option("--ballots", is_flag=True, help="The ballots, for `belenios-tool method schulze`.")
@click.argument("file", type=FILE)
def belenios(file: Path, *, ballots: bool) -> None:
    """Print a vote as Belenios reads it.

    FILE is a vote as iriai exports it. Prints the questions, for `belenios-tool setup make-election
    --template`; with --ballots the ballots that were published.
    """
    from iriai.commons.counting import ballot_export
    from iriai.commons.counting import belenios as written

    if file.stat().st_size > FILE_BYTES_MAX:
        raise click.ClickException(f"A file of ballots has at most {FILE_BYTES_MAX >> 20} MiB.")
    sheet = ballot_export.read(file.read_bytes())
    found = written.ballots(sheet) if ballots else written.template(sheet)
    click.echo(json.dumps(found, ensure_ascii=False, indent=None if ballots else 2))
