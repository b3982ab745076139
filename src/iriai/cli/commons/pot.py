"""`iriai commons pot`: who may use how much, written out; who used how much, read back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iriai.cli import frame

if TYPE_CHECKING:
    from iriai.base.tx import Ground
    from iriai.commons.pot.usage import Used
    from iriai.settings import Settings


@click.group()
def pot() -> None:
    """What a commons shares out, and who uses it."""


@contextmanager
def _opened(settings: "Settings") -> Iterator["Ground"]:
    """The hub, which has to be there: these commands are about what it holds already."""
    if not settings.database_url and not (settings.data / "iriai.db").is_file():
        raise click.ClickException(
            f"There is no hub in {settings.data.absolute()}. Name its folder with --data DIR."
        )
    with frame.opened(settings) as ground:
        yield ground


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
    """Write out what each member of the commons NAME may use.

    As JSON, as commands for Slurm's sacctmgr, or as ResourceQuotas for `kubectl apply`.
    """
    from iriai.commons import queries
    from iriai.commons.pot import limits
    from iriai.commons.pot import queries as pots

    with _opened(settings) as ground, ground.read() as tx:
        named = queries.commons(tx, name)
        found = pots.pot(tx, named.id).limits()
    click.echo(limits.written(form, named.name, found), nl=False)
    units = {unit for each in found.values() for unit in each}
    if not units:
        click.echo(f"Nothing was given to the pot of {named.name}: nobody is limited.", err=True)
    elif left := sorted(units - limits.known(form, units)):
        click.echo(f"Left out, for {form} knows no such unit: {', '.join(left)}", err=True)


@pot.command("usage")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--commons", "name", metavar="NAME", help="Whose; a JSON report names it itself.")
@frame.located
def read_usage(*, settings: "Settings", file: Path, name: str | None) -> None:
    """Read back what was used elsewhere.

    FILE is what `sacct --parsable2 --allocations --format=User,ElapsedRaw,AllocTRES` printed, or
    JSON: {"commons": "lab", "usage": {"ada": {"gpu_hours": 12}}}. What it says of a unit replaces
    all that was known of that unit, so let sacct begin where the time counted begins.
    """
    from iriai.commons import enactment, queries
    from iriai.commons.pot import queries as pots
    from iriai.commons.pot import reports, usage

    text = file.read_text(encoding="utf-8", errors="replace")
    named_there = reports.commons_of(text)
    if name and named_there and name != named_there:
        raise click.UsageError(f"This report is of {named_there}, not of {name}.")
    name = name or named_there
    if not name:
        raise click.UsageError("Say whose report this is: --commons NAME.")
    with _opened(settings) as ground, ground.write() as tx:
        named = queries.commons(tx, name)
        found = reports.read(text, pots.members(tx, named.id))
        before = _sums(usage.used(tx, named.id))
        given = {each.unit for each in pots.pools(tx, named.id)}
        enactment.pot.report_usage(tx, named, found)
    for unit, figures in sorted(found.amounts.items()):
        click.echo(_read(unit, figures, before.get(unit, 0), is_given=unit in given))
    if found.unknown:
        click.echo(f"Left out, for they are no members: {_some(found.unknown)}", err=True)


@pot.command("measure")
@click.argument("name", required=False)
@frame.located
def measure(*, settings: "Settings", name: str | None) -> None:
    """Measure storage and traffic now; the hub does so once an hour.

    Of the commons NAME, and print what each person uses; or of every commons that has a pot.
    """
    from iriai.commons import queries
    from iriai.commons.pot import usage

    with _opened(settings) as ground:
        if name is None:
            count = usage.measure_all(ground)
            click.echo(f"Measured {count} commons." if count else "No commons has a pot yet.")
            return
        with ground.write() as tx:
            named = queries.commons(tx, name)
            usage.measure(tx, named.id)
            found = usage.used(tx, named.id)
    people = [each for each in found if each.is_person]
    if not people:
        click.echo(f"Nothing is used in {name} yet.")
    for each in people:
        click.echo(f"{each.unit}\t{each.holder}\t{each.amount}")


SOME = 20


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(sorted(names)[:SOME])
    return shown if len(names) <= SOME else f"{shown} and {len(names) - SOME} more"


def _sums(found: "list[Used]") -> dict[str, int]:
    sums: dict[str, int] = {}
    for each in found:
        if each.is_person:
            sums[each.unit] = sums.get(each.unit, 0) + each.amount
    return sums


def _read(unit: str, figures: Mapping[str, int], before: int, *, is_given: bool) -> str:
    """What was read of one unit, and what that replaces."""
    people = "1 member" if len(figures) == 1 else f"{len(figures)} members"
    was = f"; until now {before}" if before else ""
    none = "" if is_given else " (the pot has none of it, so no page shows it)"
    return f"{unit}: {sum(figures.values())} by {people}{was}{none}"
