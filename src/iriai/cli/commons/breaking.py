"""`iriai commons break-glass`: what the operator does at once, and answers for."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from iriai.cli import frame

if TYPE_CHECKING:
    from iriai.settings import Settings


@click.command("break-glass")
@click.argument("name")
@click.argument(
    "act", type=click.Choice(["hold", "freeze", "delist", "suspend", "administer", "take-back"])
)
@click.argument("target")
@click.option("--reason", default="", help="Why; the commons reads it.")
@click.option(
    "--basis",
    type=click.Choice(["emergency", "legal_order"]),
    default="emergency",
    show_default=True,
    help="An emergency lapses unless it is ratified; a legal order stands, and is counted.",
)
@click.option(
    "--sealed-until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Keep the reason of a legal order until this day.",
)
@frame.located
def break_glass(
    *,
    settings: "Settings",
    name: str,
    act: str,
    target: str,
    reason: str,
    basis: str,
    sealed_until: datetime | None,
) -> None:
    """Act at once on what the commons NAME holds.

    TARGET is a repository's address (datasets/lab/speech), a person's name for `suspend` and for
    `administer` (which names an administrator where owners decide and none is left), or the number
    of an act for `take-back`. The act is in the commons' log for all to read, its stewards
    are told, and it is undone after the days of the charter (operator.ratify_days) unless the
    commons ratifies it.
    """
    from iriai.commons import enactment
    from iriai.commons.breakglass.rules import Act, Basis

    with frame.opened(settings) as ground, ground.write() as tx:
        if act == "take-back":
            number = int(target) if target.isdecimal() else 0
            row = enactment.operator.take_back(tx, name, number)
            says = f"Taken back: {row.act} {row.subject}."
        else:
            row = enactment.operator.break_glass(
                tx,
                name,
                Act(act),
                target,
                reason=reason,
                basis=Basis(basis),
                sealed_until=sealed_until.replace(tzinfo=UTC) if sealed_until else None,
            )
            says = f"Done, as act {row.id} of the log of {name}, and its stewards are told."
            if row.lapses_at is not None:
                says += f" It lapses at {row.lapses_at:%Y-%m-%d %H:%M} UTC unless ratified."
    click.echo(says)
