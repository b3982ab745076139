"""`iriai commons vote` and `budget`: count again, from published ballots, without a hub."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from iriai.commons.counting.condorcet import Count
    from iriai.commons.counting.tally_sheet import TallySheet

FILE_BYTES_MAX = 256 << 20
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def vote() -> None:
    """Votes that choose one option."""


@vote.command("count")
@click.option(
    "--method",
    type=click.Choice(["debian-a5"]),
    default="debian-a5",
    help="How to count.  [default: debian-a5]",
)
@click.option(
    "--electors",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many could vote; without it no quorum is applied.",
)
@click.argument("file", type=FILE)
def count_vote(method: str, electors: int | None, file: Path) -> None:
    """Count the ballots of a Debian tally sheet again.

    Prints JSON: `winner` (null on a tie, which `tied` then names), `dropped` with the reasons, and
    `beats` with both counts. The last option of the sheet is the default, "none of the above".
    """
    from iriai.commons.counting import condorcet, tally_sheet

    sheet = tally_sheet.read(_read(file))
    options = len(sheet.options)
    counted = condorcet.count(
        condorcet.matrix(sheet.ballots, options),
        default=options - 1,
        quorum=condorcet.Quorum(electors) if electors else None,
    )
    _print({"method": method, "ballots": len(sheet.ballots)} | _outcome(sheet, counted, electors))


def _outcome(sheet: "TallySheet", counted: "Count", electors: int | None) -> dict[str, Any]:
    """The outcome in the words of the sheet."""
    from iriai.commons.counting.condorcet import Quorum

    names = sheet.options
    quorum: dict[str, Any] = {"applied": False, "why": "--electors was not given"}
    if electors:
        quorum = {"applied": True, "electors": electors, "votes": Quorum(electors).figure}
    tied = [names[each] for each in counted.leaders] if counted.is_tie else []
    return {
        "winner": None if counted.winner is None else names[counted.winner],
        "tied": tied,
        "quorum": quorum,
        "dropped": [
            {"option": names[each.option], "reason": each.reason} for each in counted.dropped
        ],
        "beats": [
            {
                "winner": names[each.winner],
                "loser": names[each.loser],
                "votes": each.votes,
                "against": each.against,
            }
            for each in counted.defeats
        ],
    }


@click.group()
def budget() -> None:
    """Rounds that choose many projects within a budget."""


@budget.command("count")
@click.option(
    "--rule",
    type=click.Choice(["mes-cost-add1"]),
    default="mes-cost-add1",
    help="How to count.  [default: mes-cost-add1]",
)
@click.argument("file", type=FILE)
def count_budget(rule: str, file: Path) -> None:
    """Count a budget round again from a Pabulib file (.pb), by the Method of Equal Shares.

    Prints JSON: `selected`, the ids of the projects that are bought, sorted, and their `cost`.
    """
    from iriai.commons.counting import equal_shares, pabulib

    found = pabulib.read(_read(file))
    outcome = equal_shares.count(found.projects, found.ballots, found.budget)
    _print(
        {
            "rule": rule,
            "voters": len(found.ballots),
            "budget": found.budget,
            "cost": outcome.cost,
            "selected": outcome.selected,
        }
    )


def _read(file: Path) -> bytes:
    if file.stat().st_size > FILE_BYTES_MAX:
        raise click.ClickException(f"A file of ballots has at most {FILE_BYTES_MAX >> 20} MiB.")
    return file.read_bytes()


def _print(found: dict[str, Any]) -> None:
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))
