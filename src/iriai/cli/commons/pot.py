"""`iriai commons pot`: who may use how much, written out for the systems that enforce it."""

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
