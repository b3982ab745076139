"""`iriai commons panel verify`: draw a published panel again."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import click

FILE_BYTES_MAX = 64 << 20
LOCAL_HUB = "http://localhost:8700"


NOT_WHOLE = (
    "Not whole: this draw leaves out who could be drawn, which the log has as a digest alone. The "
    "seed, the order and the digest are checked; whoever the matter concerns, the stewards and "
    "the panel check the rest with the file of its page."
)


@click.group()
def panel() -> None:
    """Panels drawn by lot."""


@panel.command(short_help="Draw the panel of CASE again, and compare the names.")
@click.option("--hub", envvar="HF_ENDPOINT", default=LOCAL_HUB, show_default=True)
@click.argument("case")
def verify(hub: str, case: str) -> None:
    """Draw the panel of CASE again, and say whether its names are the ones of the lot.

    CASE is COMMONS/NUMBER of a panel, COMMONS/cases/NUMBER of a case, the URL of either on a hub,
    or a file with a published draw. Prints JSON: `names`, `seed`, `faults`, empty when all is well,
    and `whole`: whether the draw had all who could be drawn. Only who may see the matter gets such
    a one, from its page; of others the seed, the order and what was committed to are checked. Ends
    with 0 when all is well, else with 1.
    """
    from iriai.base.errors import HubError
    from iriai.commons.cases import lot

    try:
        found = lot.verify(_record(hub, case))
    except HubError as error:
        raise click.ClickException(error.message) from None
    told = {
        "names": found.names,
        "seed": found.seed,
        "faults": found.faults,
        "whole": found.is_whole,
    }
    click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    if not found.is_whole:
        click.echo(NOT_WHOLE, err=True)
    raise SystemExit(1 if found.faults else 0)


def _record(hub: str, case: str) -> Any:
    path = Path(case)
    if path.is_file():
        if path.stat().st_size > FILE_BYTES_MAX:
            raise click.ClickException("This file is larger than any draw.")
        return _read(path.read_bytes())
    return _read(_fetched(_address(hub, case)))


def _address(hub: str, case: str) -> str:
    """Where the draw is published: every way of naming it comes to one of the API's."""
    parts = urlsplit(case)
    if parts.scheme in ("http", "https"):
        hub, case = f"{parts.scheme}://{parts.netloc}", parts.path
        case = case.removeprefix("/api").removeprefix("/commons/")
    pieces = [each for each in case.split("/") if each]
    if len(pieces) == 2:  # noqa: PLR2004 - COMMONS/NUMBER
        pieces.insert(1, "panels")
    if len(pieces) < 3 or pieces[1] not in ("panels", "cases") or not pieces[2].isdecimal():  # noqa: PLR2004
        raise click.ClickException("Name a panel as COMMONS/NUMBER or COMMONS/cases/NUMBER.")
    name, kind, number = pieces[:3]
    more = "/panel" if kind == "cases" else ""
    return f"{hub.rstrip('/')}/api/commons/{quote(name)}/{kind}/{number}{more}"


def _fetched(url: str) -> bytes:
    from iriai.base.errors import HubError
    from iriai.cli.commons import log_sources

    try:
        return log_sources.fetch(url)
    except HubError as error:
        raise click.ClickException(error.message) from None


def _read(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise click.ClickException("This is no JSON.") from None
