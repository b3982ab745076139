"""`iriai commons vote` and `budget`: count again, from published ballots, without a hub."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from iriai.commons.counting.condorcet import Count

FILE_BYTES_MAX = 256 << 20
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
A5 = "debian-a5"
RATIO = re.compile(r"([0-9]{1,3})=([0-9]{1,6}(?:\.[0-9]{1,6}|/[1-9][0-9]{0,5})?)")
DEPTH_MAX = 12
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
COMMITTEES = (
    "equal-shares",
    "equal-shares-with-av-completion",
    "equal-shares-with-increment-completion",
    "seqphragmen",
    "pav",
    "av",
)
TIES = "the cheaper one, then the one with more votes, then the one listed first"


@click.group()
def vote() -> None:
    """Votes that choose one option, or fill several seats."""


@vote.command("count")
@click.option(
    "--method",
    type=click.Choice([A5, *COMMITTEES]),
    help="How to count.  [default: debian-a5, or what a ballot export says]",
)
@click.option(
    "--electors",
    type=click.IntRange(min=1, max=10_000_000_000),
    metavar="N",
    help="How many could vote; without it no quorum is applied.",
)
@click.option(
    "--ratio",
    "ratios",
    multiple=True,
    metavar="OPTION=N",
    help="An option, by its place from 1, that needs N votes to one over the default, as 2=3.",
)
@click.option("--election", metavar="NAME", help="Which one, of a file with several matrices.")
@click.argument("file", type=FILE)
def count_vote(
    method: str | None,
    electors: int | None,
    ratios: tuple[str, ...],
    election: str | None,
    file: Path,
) -> None:
    """Count published ballots again.

    FILE is a Debian tally sheet, the ballots of a vote as iriai exports them, or JSON with the beat
    matrix of an election ("options" and "matrix"). Prints JSON: `winner` (null on a tie, which
    `tied` then names), `dropped` with the reasons, and `beats` with both counts. The default is the
    option that is called so ("None of the above", "Further discussion"), or else the last one.
    Ballots that iriai exported bring their electors and ratios along.

    The methods that fill several seats read an abcvoting file (.abc.yaml) and print `committees`:
    all that could win, whichever way ties are broken (null where they are too many).
    """
    raw = _read(file).removeprefix(BYTE_ORDER_MARK)
    if method in COMMITTEES:
        _print(_committees(raw, method))
    elif raw.lstrip()[:1] != b"{":
        _print(_sheet(raw, electors, ratios))
    elif b'"iriai-ballots"' in raw:
        _print(_exported(raw, method, electors, ratios))
    else:
        _print(_matrix(raw, electors, ratios, election))


def _sheet(raw: bytes, electors: int | None, ratios: tuple[str, ...]) -> dict[str, Any]:
    from iriai.commons.counting import condorcet, tally_sheet

    sheet = tally_sheet.read(raw)
    for warning in sheet.warnings:
        click.echo(f"Warning: {warning}", err=True)
    options = len(sheet.options)
    counted = condorcet.count(
        condorcet.matrix(sheet.ballots, options),
        default=sheet.default,
        ratios=_ratios(ratios, options),
        quorum=condorcet.Quorum(electors) if electors else None,
    )
    head: dict[str, Any] = {"method": A5, "ballots": len(sheet.ballots)}
    head["default"] = sheet.options[sheet.default]
    if sheet.warnings:
        head["warnings"] = list(sheet.warnings)
    return head | _outcome(sheet.options, counted, electors)


def _exported(
    raw: bytes, method: str | None, electors: int | None, ratios: tuple[str, ...]
) -> dict[str, Any]:
    from iriai.base.errors import Invalid
    from iriai.commons.counting import ballot_export

    sheet = ballot_export.read(raw)
    if method is not None and method != sheet.method:
        raise Invalid(f"These ballots are counted by {sheet.method}, not by {method}.")
    if ratios:
        raise Invalid("These ballots bring their options' ratios along; --ratio is for others.")
    return ballot_export.count(sheet if electors is None else replace(sheet, electors=electors))


def _matrix(
    raw: bytes, electors: int | None, ratios: tuple[str, ...], election: str | None
) -> dict[str, Any]:
    from iriai.commons.counting import beat_matrix, condorcet

    found = beat_matrix.read(raw, election)
    counted = condorcet.count(
        found.preferred,
        default=found.default,
        ratios=_ratios(ratios, len(found.options)),
        quorum=condorcet.Quorum(electors) if electors else None,
    )
    head: dict[str, Any] = {"method": A5}
    head["default"] = None if found.default is None else found.options[found.default]
    return head | _outcome(found.options, counted, electors)


def _ratios(given: tuple[str, ...], options: int) -> dict[int, Fraction]:
    """What `--ratio 2=3` says: how many to one the second option needs."""
    from iriai.base.errors import Invalid

    found = {}
    for each in given:
        said = RATIO.fullmatch(each)
        if said is None or not 1 <= int(said[1]) <= options or Fraction(said[2]) < 1:
            raise Invalid(
                f"{each[:40]!r} is no ratio: write the place of an option from 1 to {options} and "
                "how many to one it needs, such as 2=3."
            )
        found[int(said[1]) - 1] = Fraction(said[2])
    return found


def _outcome(names: tuple[str, ...], counted: "Count", electors: int | None) -> dict[str, Any]:
    """The outcome in the words of the sheet."""
    from iriai.commons.counting.condorcet import Quorum

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


def _committees(raw: bytes, method: str) -> dict[str, Any]:
    import yaml

    from iriai.base.errors import Excessive, Invalid
    from iriai.commons.counting import committees

    try:
        _require_flat(yaml.parse(raw, yaml.CSafeLoader))
        found = yaml.load(raw, yaml.CSafeLoader)
        ballots = [[int(each) for each in ballot] for ballot in found["profile"]]
        options, seats = int(found["num_cand"]), int(found["committeesize"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError):
        raise Invalid(
            "To fill seats, give an abcvoting file: YAML with profile, num_cand, committeesize."
        ) from None
    given = committees.profile(ballots, options, seats)
    rule = committees.RULES[method]
    first = rule(given, first=True)[0]
    try:
        every = [list(each) for each in rule(given)]
    except Excessive:
        every = None  # more ties than can be followed
    return {
        "method": method,
        "ballots": given.voters,
        "seats": seats,
        "committees": every,
        "chosen": list(first),
        "ties": "the option listed first",
    }


def _require_flat(events: Iterable[object]) -> None:
    """Refuse what nests as no ballots do; the loader would go as deep as the stack, and deeper."""
    depth = 0
    for event in events:
        name = type(event).__name__
        depth += name.endswith("StartEvent") - name.endswith("EndEvent")
        if depth > DEPTH_MAX:
            raise ValueError("too deep")


@click.group()
def budget() -> None:
    """Rounds that choose many projects within a budget."""


@budget.command("count", short_help="Count a budget round again from a Pabulib file (.pb).")
@click.option(
    "--rule",
    type=click.Choice(["mes-cost-add1", "greedy"]),
    default="mes-cost-add1",
    help="How to count.  [default: mes-cost-add1]",
)
@click.argument("file", type=FILE)
def count_budget(rule: str, file: Path) -> None:
    """Count a budget round again from a Pabulib file (.pb), by the Method of Equal Shares.

    Prints JSON: `selected`, the ids of the projects that are bought, sorted, and their `cost`;
    `ties` says how ties are broken, and `tied` which ones there were.
    """
    from iriai.commons.counting import equal_shares, greedy, pabulib

    found = pabulib.read(_read(file))
    if rule == "greedy":
        outcome = greedy.count(found.projects, found.ballots, found.budget)
    else:
        outcome = equal_shares.count(found.projects, found.ballots, found.budget, step=found.unit)
    _print(
        {
            "rule": rule,
            "voters": len(found.ballots),
            "budget": found.amount(found.budget),
            "cost": found.amount(outcome.cost),
            "selected": outcome.selected,
            "ties": "the one listed first" if rule == "greedy" else TIES,
            "tied": [
                {"bought": each.project, "beside": list(each.tied)}
                for each in outcome.purchases
                if each.tied
            ],
            "warnings": list(found.warnings),
        }
    )


@budget.command("compare", short_help="How many voters get nothing, by two ways of counting.")
@click.argument("files", type=FILE, nargs=-1, required=True)
def compare(files: tuple[Path, ...]) -> None:
    """How many voters get nothing: by Equal Shares, and by buying the most approved first.

    Prints JSON, one object for each Pabulib file. `official` is what the file says was bought.
    """
    from iriai.commons.counting import equal_shares, greedy, pabulib

    _print([_compared(file, pabulib.read(_read(file)), equal_shares, greedy) for file in files])


def _compared(file: Path, found: Any, equal_shares: Any, greedy: Any) -> dict[str, Any]:
    shares = equal_shares.count(found.projects, found.ballots, found.budget, step=found.unit)
    usual = greedy.count(found.projects, found.ballots, found.budget)
    sides: dict[str, Any] = {"mes-cost-add1": shares.selected, "greedy": usual.selected}
    if found.selected:
        sides["official"] = sorted(found.selected)
    voters = len(found.ballots)
    nothing = {name: greedy.empty_handed(found.ballots, those) for name, those in sides.items()}
    return {
        "file": file.name,
        "voters": voters,
        "projects": len(found.projects),
        "funded": {name: len(those) for name, those in sides.items()},
        "voters_with_nothing": nothing,
        "percent_with_nothing": {
            name: round(100 * count / voters, 2) if voters else 0.0
            for name, count in nothing.items()
        },
        "official_is": [
            name
            for name in ("mes-cost-add1", "greedy")
            if found.selected and set(sides[name]) == found.selected
        ],
        "warnings": list(found.warnings),
    }


def _read(file: Path) -> bytes:
    if file.stat().st_size > FILE_BYTES_MAX:
        raise click.ClickException(f"A file of ballots has at most {FILE_BYTES_MAX >> 20} MiB.")
    return file.read_bytes()


def _print(found: Any) -> None:
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))
