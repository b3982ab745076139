"""`iriai commons pot`: who may use how much, written out; who used how much, read back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iriai.cli import frame

if TYPE_CHECKING:
    from iriai.settings import Settings


@click.group()
def pot() -> None:
    """What a commons shares out."""


@pot.command("export")
@click.argument("name")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "slurm", "kubernetes"]),
    default="json",
    help="For whom.  [default: json]",
)
@frame.located
def export_limits(*, settings: "Settings", name: str, form: str) -> None:
    """Write out what each member of a commons may use: sacctmgr lines, ResourceQuotas, or JSON."""
    from iriai.commons import queries
    from iriai.commons.pot import limits
    from iriai.commons.pot import queries as pots

    with frame.opened(settings) as ground, ground.read() as tx:
        named = queries.commons(tx, name)
        found = pots.pot(tx, named.id).limits()
    click.echo(limits.written(form, named.name, found), nl=False)


@pot.command("usage")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--commons", "name", help="Whose; a JSON report names it itself.")
@frame.located
def read_usage(*, settings: "Settings", file: Path, name: str | None) -> None:
    """Read back what was used elsewhere.

    FILE is what `sacct --parsable2 --format=User,ElapsedRaw,AllocTRES` printed, or JSON:
    {"commons": "lab", "usage": {"ada": {"gpu_hours": 12}}}. What it says of a unit replaces what
    was known of it.
    """
    from iriai.commons import enactment, queries
    from iriai.commons.pot import queries as pots
    from iriai.commons.pot import reports

    text = file.read_text(encoding="utf-8", errors="replace")
    name = name or reports.commons_of(text)
    if not name:
        raise click.UsageError("Say whose report this is: --commons NAME.")
    with frame.opened(settings) as ground, ground.write() as tx:
        named = queries.commons(tx, name)
        found = reports.read(text, pots.members(tx, named.id))
        enactment.pot.report_usage(tx, named, found)
    for unit, figures in sorted(found.amounts.items()):
        click.echo(f"{unit}: {sum(figures.values())} by {len(figures)} members")
    if found.unknown:
        click.echo(f"No members of {name}: {', '.join(sorted(found.unknown))}", err=True)


@pot.command("measure")
@click.argument("name", required=False)
@frame.located
def measure(*, settings: "Settings", name: str | None) -> None:
    """Measure storage and traffic now; the hub does so once an hour."""
    from iriai.commons import queries
    from iriai.commons.pot import usage

    with frame.opened(settings) as ground:
        if name is None:
            usage.measure_all(ground)
            return
        with ground.write() as tx:
            named = queries.commons(tx, name)
            usage.measure(tx, named.id)
            found = usage.used(tx, named.id)
    for each in found:
        click.echo(f"{each.unit}\t{each.holder}\t{each.amount}")
