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
from iriai.commons.breakglass.rules import Act
from iriai.commons.cases import actions as cases
from iriai.commons.cases import queries as case_queries
from iriai.commons.charter import presets
from iriai.commons.enactment import case_steps, people
from iriai.commons.enactment import cases as cases_of
from iriai.commons.membership import offices
from iriai.commons.membership import powers as membership
from iriai.commons.pot import powers as pot
from iriai.commons.pot import queries as pots
from iriai.commons.pot import usage
from iriai.commons.pot.rules import Source
from iriai.commons.proposals import queries as proposal_queries
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
START_SECONDS = 120


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

    def appeal(self, name: str, number: int) -> int:
        """Appeal what was decided; the number of the panel that will be drawn."""
        actor, given = self.person(name), {"words": "It was the radio.", "string": "snow"}
        with self.ground.write() as tx:
            case_steps.case_step(tx, actor, self.commons_id, number, "appeal", given)
            case = case_queries.row(tx, self.commons_id, number)
            return case_queries.case(tx, actor, self.commons_id, case.number).panel.number

    def elect(self, role: str, *names: str) -> int:
        """Call an election and let time go by until its ballot, a secret one, is open."""
        for each in names:
            actor = self.person(each)
            with self.ground.write() as tx:
                if offices.open_election(tx, self.commons_id, role) is None:
                    offices.call_election(tx, actor, self.commons_id, role=role)
                offices.nominate(tx, actor, self.commons_id, role=role, name=each)
        self.tick(days=7, minutes=1)
        with self.ground.read() as tx:
            open_ = proposal_queries.open_(tx, self.commons_id)
        return next(each.number for each in open_ if each.is_secret)

    def share_out(self) -> None:
        """Something granted out of the pot that is recalled, and something that waits for room."""
        made = self.person("bob")
        with self.ground.write() as tx:
            for amount in (100, 5_000):
                pot.allot(
                    tx, "system:test", self.commons_id, self.name, account_id=made.id or 0,
                    holder="bob", unit="gpu_hours", amount=amount, project=f"{amount} hours",
                    source=Source.QUEUE, cited={},
                )  # fmt: skip
            one = pots.allotments(tx, self.commons_id)[-1]
            cited = {"one": one, "cited": {}}
            pot.grant(tx, "system:test", self.commons_id, self.name, source=Source.FLOOR, **cited)
            pot.recall(tx, "system:test", self.commons_id, self.name, **cited)
            usage.report(tx, self.commons_id, {"gpu_hours": {"ada": 60, "bob": 20}})

    def break_glass(self) -> None:
        """What the operator does with their own hands, and a hold of the stewards."""
        with self.ground.write() as tx:
            enactment.operator.break_glass(
                tx, self.name, Act.DELIST, f"{self.name}/tiny", reason="It is under attack."
            )
            cases_of.hold(
                tx, self.person("bob"), commons_id=self.commons_id,
                subject=f"repo/{self.name}/tiny", ground="malware", reason="It spreads.",
            )  # fmt: skip

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
