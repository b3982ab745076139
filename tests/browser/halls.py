"""A hub in this process with a commons of each preset, and a clock that moves when it is told.

Each hall has two founders, stewards where there are such, a model, and a worker that is the test
itself: `tick` lets time go by and does what is due.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from iriai.app import hub as app_of
from iriai.base import events, jobs
from iriai.base.events import HUB
from iriai.base.http import server
from iriai.base.opening import open_ground
from iriai.base.tx import Ground
from iriai.commons import actions as founding
from iriai.commons import enactment
from iriai.commons import jobs as clockwork
from iriai.commons.cases import actions as cases
from iriai.commons.charter import presets
from iriai.commons.enactment import case_steps, people
from iriai.commons.membership import powers as membership
from iriai.commons.removal import actions as removal
from iriai.identity import actions as identity
from iriai.identity import admission
from iriai.identity import powers as roles
from iriai.identity import queries as accounts
from iriai.identity.rules import OPERATOR, Actor, Role
from iriai.repos import actions as repos
from iriai.repos import queries as found
from iriai.repos.actions import Add
from iriai.repos.rules import Kind
from iriai.settings import Settings
from iriai.worker import kinds
from tests.support.commons import Town

COLLECTIVE = ("consortium", "university", "language-community", "agency")
PRESETS = ("solo", "owners", *COLLECTIVE)
START_SECONDS = 20


class Clock:
    """What time it is on the hub."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class Hall(Town):
    """One commons, and how to do in it what others do while a newcomer looks at pages."""

    preset_name: str = "solo"
    is_lively: bool = False
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def is_collective(self) -> bool:
        return self.preset_name in COLLECTIVE

    def person(self, name: str) -> Actor:
        with self.ground.read() as tx:
            return accounts.actor_named(tx, name)

    def open_doors(self) -> "Hall":
        """Found it, with ada and bob in it; on the hub itself there is ada already."""
        ada = self.person("ada")
        if self.preset_name == "solo":
            self.name, self.commons_id = "hub", HUB
            with self.ground.read() as tx:
                self.account_id = accounts.organisation(tx, "hub").id
            repos.create(self.ground, ada, kind="model", owner="ada", name="tiny")
            return self
        with self.ground.write() as tx:
            made = founding.found_organisation(tx, ada, name=self.name)
            self.commons_id, self.account_id = made.commons_id, made.id
        repo = repos.create(
            self.ground, self.person("ada"), kind="model", owner=self.name, name="tiny"
        )
        said = [Add("README.md", b"---\nlicense: mit\n---\n# Tiny\n")]
        enactment.commit(self.ground, self.person("ada"), repo, operations=said, title="Begin")
        self.role_for("bob", Role.CONTRIBUTOR)
        if self.is_collective:
            self._settle()
        return self

    def _settle(self) -> None:
        text = presets.text(self.preset_name, self.name, hours=24, elector_after_days=0)
        self.charter(text)
        founders = [self.person("ada"), self.person("bob")]
        with self.ground.write() as tx:
            membership.found(tx, "system:test", self.commons_id)
            for each in founders:
                membership.seat(tx, "system:test", self.commons_id, "steward", each.id)
        if self.preset_name == "consortium":
            for name in ("ada", "bob"):
                self.join_with_school(name)

    def join_with_school(self, name: str) -> None:
        """Make an institution that somebody speaks for, and that votes here, a member."""
        actor = self.person(name)
        with self.ground.write() as tx:
            school = founding.found_organisation(tx, actor, name=f"school-of-{name}").id
            membership.admit(tx, "system:test", self.commons_id, school, is_founder=True)

    def admit(self, name: str) -> None:
        """What the members do about a newcomer who has come to the door."""
        if not self.is_collective:
            self.propose("ada", "member.admit", payload={"name": name})
            self.tick()
            return
        for sponsor in ("ada", "bob"):
            actor = self.person(sponsor)
            with self.ground.write() as tx:
                people.sponsor(tx, actor, self.commons_id, name=name)
            if self.preset_name != "language-community":
                break
        self.tick(days=1, minutes=1)
        if self.preset_name == "consortium":
            self.join_with_school(name)

    def role_for(self, name: str, role: Role) -> None:
        """Give somebody a role, where owners decide."""
        actor = self.person(name)
        with self.ground.write() as tx:
            roles.set_role_until(tx, actor.id or 0, self.account_id, role)

    def sanction(self, name: str) -> int:
        """A warning, for nothing much; the number of its case."""
        steps = (
            ("charge", {"facts": "Shouted.", "rule": "Be kind", "asked": "Be kind."}),
            ("decide", {"rung": "warning", "reasons": "Twice."}),
        )
        ada, cid = self.person("ada"), self.person("cid")
        subject = f"account/{name}"
        with self.ground.write() as tx:
            number = cases.report(
                tx, cid, subject=subject, words="Shouts.", commons_id=self.commons_id
            ).number
        for word, given in steps:
            with self.ground.write() as tx:
                case_steps.case_step(tx, ada, self.commons_id, number, word, given)
        return number

    def ask_for_removal(self, name: str) -> None:
        """Ask that a file of the model be removed."""
        actor = self.person(name)
        with self.ground.write() as tx:
            repo = found.repo(tx, actor, Kind.MODEL, f"{self.name}/tiny")
            removal.ask(tx, actor, repo, paths="README.md", words="My name is in it.", contact="")

    def work(self) -> None:
        """Do what waits for a worker."""
        jobs.run_due(self.ground)

    def tick(self, **by: float) -> None:
        if by:
            self.ground.clock.advance(**by)
        clockwork.tick(self.ground, {})
        events.seal(self.ground)


@dataclass
class Halls:
    """The hub, and its halls by preset."""

    ground: Ground
    url: str
    halls: dict[str, Hall] = field(default_factory=dict)

    def __getitem__(self, preset: str) -> Hall:
        return self.halls[preset]

    def session(self, name: str) -> str:
        """A session of somebody's, for a cookie."""
        with self.ground.write() as tx:
            return admission.open_session(tx, accounts.account(tx, name)).raw


@contextmanager
def opened(folder: Path) -> Iterator[Halls]:
    """A hub with all halls, that listens until the end."""
    kinds.import_all()
    clock = Clock(datetime.now().astimezone())
    port = server.listening("127.0.0.1", 0)
    url = f"http://127.0.0.1:{port.getsockname()[1]}"
    settings = Settings(data=folder / "data", sign_up="open", base_url=url, rate_limits=False)
    ground = open_ground(settings, now=clock)
    with ground.write() as tx:
        link = admission.first_invite(tx)
    identity.sign_up(ground, name="ada", password="a long enough password", link=link)
    made = Halls(ground, url)
    for name in ("bob", "cid"):
        identity.add_person(ground, OPERATOR, name=name)
    for preset in PRESETS:
        hall = Hall(ground, name=f"the-{preset}", preset_name=preset)
        made.halls[preset] = hall.open_doors()
    serving = server.server(app_of(ground))
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [port]}, daemon=True)
    thread.start()
    until = time.monotonic() + START_SECONDS
    while not serving.started:
        assert time.monotonic() < until, "the hub does not start"
        time.sleep(0.02)
    try:
        yield made
    finally:
        serving.should_exit = True
        thread.join(timeout=START_SECONDS)
        ground.engine.dispose()
