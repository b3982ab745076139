"""A living commons for the demonstration: half a year of it, made before the hub is started.

Nothing in it is a row that was written: its people do what people do on pages and through the API,
by a clock that is moved. So everything can be verified, replayed and recounted as anywhere else.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from iriai.base import clock
from iriai.base.errors import HubError
from iriai.base.opening import open_ground
from iriai.base.tx import Ground
from iriai.cli.demo import people
from iriai.cli.demo.commons.past import Memory, Past
from iriai.cli.demo.commons.story import FULLNAME, GATE, NAME, NEWCOMER, Chapter, chapters
from iriai.cli.demo.commons.town import Town
from iriai.cli.demo.hub import HOST, DemoError
from iriai.cli.serving import only_server
from iriai.settings import load

MEMORY = "commons.json"
PASSWORD = "commons-password"  # noqa: S105 - the name of a file


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is to look at, by its path, and as whom; whether they can vote on something."""

    fullname: str
    newcomer: str
    password: str
    pages: dict[str, str]
    can_vote: bool


def settle(data: Path, port: int, *, now: datetime | None = None) -> Shown | None:
    """See to it that the commons is there, with its history; None where its name is taken.

    What can be voted on is judged by `now`, for the demonstration may be months old.
    """
    folder = data / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    password = people.kept(folder / PASSWORD) or secrets.token_urlsafe(12)
    people.keep(folder / PASSWORD, password)
    memory = Memory.of(folder / MEMORY)
    waiting = [each for each in chapters(password) if each.name not in memory.told]
    past = Past(memory.told_at)
    past.go_to(waiting[0].days_ago if waiting else 0)
    try:
        with _opened(data, port, past) as ground:
            town = Town(ground, past, NAME)
            if not memory.begun and town.is_there:
                return None
            if waiting:
                click.echo(f"· Half a year of a small commons, {FULLNAME}, in a few seconds")
            _tell(town, memory, waiting)
            ballot = town.ballot(NEWCOMER, now or clock.now())
            return Shown(FULLNAME, NEWCOMER, password, _pages(town, ballot), ballot is not None)
    except HubError as error:
        raise DemoError(f"The commons cannot be made: {error.message}") from error


@contextmanager
def _opened(data: Path, port: int, past: Past) -> Iterator[Ground]:
    settings = load(data=data, host=HOST, port=port)
    with only_server(settings):
        ground = open_ground(settings, now=past)
        try:
            yield ground
        finally:
            ground.engine.dispose()


def _tell(town: Town, memory: Memory, waiting: list[Chapter]) -> None:
    for each in waiting:
        town.past.go_to(each.days_ago)
        town.is_again = memory.begin(each.name)
        town.strike()
        each.tell(town)
        memory.end(each.name)


def _pages(town: Town, ballot: int | None) -> dict[str, str]:
    home = f"/commons/{NAME}"
    if ballot is None:
        vote = {"how a vote went": f"{home}/proposals/{town.numbered(GATE)}"}
    else:
        vote = {"a vote to take part in": f"{home}/proposals/{ballot}/ballot"}
    return {"the commons": home, **vote, "the pot": f"{home}/pot"}
