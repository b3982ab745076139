"""Who may propose, second, object and vote: every action, office and membership state.

The table is computed from the text of the charter, read here with PyYAML and nothing of the hub's.
Everybody tries everything, and each try is undone, so that one commons serves thousands of cells.
Charters are the six presets, and such as nobody has written: any way for any action, any numbers.
"""

from datetime import timedelta

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from iriai.base.errors import HubError
from iriai.base.opening import open_ground
from iriai.commons import actions as founding
from iriai.commons import enactment
from iriai.commons.breakglass.rules import Act
from iriai.commons.charter import presets, register
from iriai.commons.charter.rules import Action
from iriai.commons.enactment import operator
from iriai.commons.membership.tables import Member, Sponsor
from iriai.commons.pot import powers as pots
from iriai.commons.pot.rules import Source
from iriai.commons.proposals import actions, queries, steps, voting
from iriai.commons.removal import actions as removals
from iriai.identity.rules import ANYONE, Role
from iriai.identity.tables import Membership
from iriai.repos.actions import Add
from iriai.settings import Settings
from tests.commons.proposals.table import OWNED, PEOPLE, PRESETS, SCHOOL, Person, Table
from tests.conftest import LONG, StandingClock
from tests.support import schema
from tests.support.commons import Town

WAITING = 21
"""So many days after its founding the commons is looked at."""

UNDER_COUNTER = ("charter.amend", "charter.amend.entrenched", "child.add")
"""What needs a charter of its own to be proposed: tried without one, where all doors meet."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A commons with one of everything that can be proposed about, and somebody of every state."""
    clock = StandingClock()
    data = schema.newest_sqlite(tmp_path_factory.mktemp("lab") / "data")
    ground = open_ground(Settings(data=data), now=clock)
    town = Town(ground).found("university", "zoe")
    repo = enactment.create_repository(
        ground, town.person("zoe"), kind="model", owner="lab", name="tiny"
    )
    card = [Add("README.md", b"---\nlicense: mit\n---\n# Tea\n")]
    enactment.commit(ground, town.person("zoe"), repo, operations=card, title="card")
    more = [Add("more.md", b"more")]
    pull = enactment.commit(
        ground, town.person("zoe"), repo, operations=more, title="more", create_pr=True
    )
    another = enactment.create_repository(
        ground, town.person("zoe"), kind="model", owner="lab", name="small"
    )
    _people(town, {"it": repo.id, "another": another.id})
    yield town, _payloads(town, repo, pull.number)
    ground.engine.dispose()


def _people(town, repos):
    """Everybody of the table, in the state it says; each may hold an office."""
    ids = {name: town.person(name).id for name in PEOPLE} | _houses(town)
    start = town.ground.clock.moment
    town.ground.clock.advance(days=WAITING)
    with town.ground.write() as tx:
        tx.session.delete(tx.session.scalars(select(Member)).one())  # zoe is none in the table
        everybody = {**PEOPLE, SCHOOL: Person("member"), "college": Person("left")}
        for name, person in everybody.items():
            _join(tx, town, name, person, ids)
        for each in ("founder", "other"):
            tx.session.add(
                Sponsor(
                    commons_id=town.commons_id,
                    applicant_id=ids["applying"],
                    sponsor_id=ids[each],
                    at=start,
                )
            )
        tx.record(town.commons_id, "system:test", "admitted", "member/lab/everybody")
    for name, person in PEOPLE.items():
        if person.office is not None:
            days = 0 if person.office == "past steward" else 900
            role, _, which = person.office.removeprefix("past ").partition(" of ")
            town.seat(name, role, days=days, repo_id=repos.get(which))
        town.people[name] = type(town.person(name))(id=ids[name], name=name)


def _houses(town):
    """Two institutions, with those who speak for each; their ids by name."""
    ids = {}
    for name in (SCHOOL, "college"):
        first, *others = [each for each, person in PEOPLE.items() if person.speaks == name]
        with town.ground.write() as tx:
            members = dict.fromkeys(others, Role.ADMIN)
            made = founding.found_organisation(tx, town.person(first), name=name, members=members)
            ids[name] = made.id
    return ids


def _join(tx, town, name, person, ids):
    """Somebody's role in the organisation, and their membership unless they only visit."""
    if person.role is not None and name != "zoe":
        row = {"organisation_id": town.account_id, "person_id": ids[name]}
        row |= {"role": person.role.value, "since": tx.now}
        tx.connection.execute(insert(Membership).values(**row))
    if person.state == "visitor":
        return
    days = WAITING if person.days is None else person.days
    tx.session.add(
        Member(
            commons_id=town.commons_id,
            account_id=ids[name],
            kind="institution" if name in (SCHOOL, "college") else "person",
            state=person.state,
            institution_id=None if person.house is None else ids[person.house],
            is_founder=person.days is None,
            since=None if person.state == "applicant" else tx.now - timedelta(days=days),
            state_at=tx.now,
        )
    )


def _payloads(town, repo, pull):
    """Something to propose of each action."""
    with town.ground.write() as tx:
        cited = {"rule": "founding"}
        where = (tx, "system:test", town.commons_id, "lab")
        pots.declare(*where, unit="gpu_hours", by="school", amount=10_000, cited=cited)
        allotted = {"account_id": town.person("founder").id, "holder": "founder", "cited": cited}
        allotted |= {"unit": "gpu_hours", "amount": 9, "project": "tea", "source": Source.QUEUE}
        pots.allot(*where, **allotted)
        made, _ = removals.ask(tx, ANYONE, repo, paths="README.md", words="This is mine.")
        glass = operator.break_glass(tx, "lab", Act.FREEZE, "lab/tiny", reason="Bad weights.")
        seats = [each for each in _seats(tx, town) if each.role == "maintainer"]
        numbers = {"removal": made.number, "act": glass.id, "seat": seats[0].id}
        from iriai.commons.pot.queries import allotments

        numbers["allotment"] = allotments(tx, town.commons_id)[0].id
    tiny = {"repo": "lab/tiny"}
    project = {"name": "other", "amount": 1, "project": "tea"}
    return {
        "resource.create": {"kind": "model", "name": "made"},
        "resource.merge": {**tiny, "number": pull},
        "resource.label": {**tiny, "text": "No medicine"},
        "resource.delist": tiny,
        "resource.gate": {**tiny, "gated": "auto"},
        "resource.freeze": {**tiny, "reason": "Wait."},
        "resource.visibility": {**tiny, "visibility": "private"},
        "resource.relicense": {**tiny, "licence": "mit"},
        "resource.transfer": {**tiny, "to_name": "small"},
        "resource.delete": tiny,
        "resource.return": {**tiny, "to_owner": "founder"},
        "member.admit": {"name": "applying"},
        "member.suspend": {"name": "other", "days": 3},
        "member.expel": {"name": "other"},
        "seat.grant": {"role": "maintainer", "name": "other", "repository": "lab/tiny"},
        "seat.fill": {"role": "steward", "candidates": "other"},
        "seat.recall": {"seat": numbers["seat"]},
        "pool.declare": {"unit": "gpu_hours", "by": "ada", "amount": "500"},
        "pool.allot.small": {"unit": "gpu_hours", **project},
        "pool.allot.round": {"unit": "gpu_hours", "projects": [project]},
        "pool.reclaim": {"allotment": numbers["allotment"]},
        "removal.decide": {"removal": numbers["removal"], "fulfil": "no", "reason": "It is ours."},
        "operator.ratify": {"act": numbers["act"]},
        "statement": {"text": "We like tea."},
    }


def _seats(tx, town):
    from iriai.commons.membership.queries import seats

    return seats(tx, town.commons_id)


class _Undone(Exception):
    """What was tried is taken back."""


def let(tx, act):
    """Whether the hub lets this through; it is undone either way."""
    try:
        with tx.attempt():
            act()
            raise _Undone
    except _Undone:
        return True
    except HubError:
        return False


class Trial:
    """One charter in force, and everybody trying; `wrong` has the cells that differ."""

    def __init__(self, town, payloads, tx, table):
        self.town, self.payloads, self.tx, self.table = town, payloads, tx, table
        self.where = (town.commons_id,)
        self.wrong = []
        register.enter(tx, town.commons_id, table.text, decision="founding")

    def cell(self, verb, name, act, due):
        got = let(self.tx, lambda: act(self.town.person(name)))
        if got != due:
            self.wrong.append((verb, name, "let through" if got else "refused"))

    def propose(self, actor, action):
        if action not in self.payloads:
            said = {"payload": {}, "words": "As was said.", "title": "As was said"}
            motion = actions.Motion(action=Action(action), **said)
            return actions.propose(self.tx, actor, *self.where, motion)
        return enactment.propose(
            self.tx, actor, *self.where, action=Action(action), payload=self.payloads[action]
        )

    def proposing(self, action):
        for name in PEOPLE:
            due = self.table.proposes(name, action)
            self.cell(f"propose {action}", name, lambda who: self.propose(who, action), due)

    def waiting(self, found, proposer, way):
        where, said = (*self.where, found.number), {"reason": "It costs us the summer school."}
        for name in PEOPLE:
            due = self.table.seconds(name, proposer, way)
            self.cell("second", name, lambda who: actions.second(self.tx, who, *where), due)
            due = self.table.takes_part(name)
            self.cell(
                "object", name, lambda who: actions.object_(self.tx, who, *where, **said), due
            )
            self.cell("vote", name, lambda who: self.vote(who, found), due=False)

    def vote(self, who, found):
        marks = [1] + [None] * (len(found.options) - 1)
        return voting.vote(self.tx, who, *self.where, found.number, marks=marks)

    def opened(self, found):
        """Bring it to the vote: objected to if it is lazy, seconded by all who can, and late."""
        at = (*self.where, found.number)
        if found.terms.path == "lazy":
            actions.object_(self.tx, self.town.person("founder"), *at, reason="Let us vote on it.")
        for name in PEOPLE:
            if self.table.takes_part(name):
                try:
                    with self.tx.attempt():
                        actions.second(self.tx, self.town.person(name), *at)
                except HubError:
                    continue
        begun, now = self.tx.now, queries.by_id(self.tx, found.id)
        if now.state != "voting":  # where nobody talks it over it is open at once
            self.tx.now = now.due_at
            now = steps.advance(self.tx, found.id)
        return now, (self.tx.now - begun) / timedelta(days=1)

    def voting(self, found, later):
        for name in PEOPLE:
            due = self.table.votes_at(name, later)
            self.cell("vote", name, lambda who: self.vote(who, found), due)


def judged(lab, text, action, proposer):
    """All cells of one charter and one action that differ from the table."""
    town, payloads = lab
    payload = payloads.get(action, {})
    table = Table(text, payload.get("repo") or payload.get("repository"))
    try:
        with town.ground.write() as tx:
            trial = Trial(town, payloads, tx, table)
            trial.proposing(action)
            if table.proposes(proposer, action):
                _followed(trial, action, proposer)
            raise _Undone
    except _Undone:
        return trial.wrong


def _followed(trial, action, proposer):
    table, way = trial.table, trial.table.way(action)
    found = trial.propose(trial.town.person(proposer), action)
    alone = way.get("who") != "all_owners" and table.decides(proposer, way)
    if (found.state == "passed") != alone:
        trial.wrong.append(("decide", proposer, found.state))
    if alone or found.state == "passed":
        return
    if way["path"] == "lazy" and found.terms.path == "vote":
        way = table.said["decisions"][way["on_objection"]]  # a round is always a vote
    if found.state == "voting":
        trial.voting(found, 0)
        return
    trial.waiting(found, proposer, way)
    if way["path"] != "at_once":
        opened, later = trial.opened(found)
        if opened.state == "voting":
            trial.voting(opened, later)
        elif any(table.seconds(name, proposer, way) for name in PEOPLE):
            trial.wrong.append(("open the vote", proposer, opened.state))


def words(preset):
    return presets.text(preset, "lab")


SOME = (
    ("owners", "charter.amend", "zoe"),
    ("solo", "pool.allot.small", "reader"),
    ("consortium", "statement", "rita"),
    ("consortium", "resource.merge", "kim"),
    ("university", "resource.label", "max"),
    ("university", "pool.allot.round", "pupil"),
    ("language-community", "resource.merge", "moe"),
    ("agency", "resource.delete", "newcomer"),
    ("agency", "member.expel", "founder"),
)
"""At once by each who can, lazily, by vote, by a panel; in all presets."""


@pytest.mark.parametrize(("preset", "action", "proposer"), SOME)
def test_of_a_preset_everybody_does_what_it_says_and_nothing_else(lab, preset, action, proposer):
    assert judged(lab, words(preset), action, proposer) == []


@pytest.mark.long
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("preset", PRESETS)
def test_of_every_preset_and_action_everybody_does_what_it_says_and_nothing_else(lab, preset):
    proposers = [name for name, person in PEOPLE.items() if person.state == "member"]
    for action in Action:
        for proposer in [*proposers, "zoe", "reader", "rita"]:
            assert judged(lab, words(preset), str(action), proposer) == [], (action, proposer)


NEVER_ALONE = ("resource.delete", "resource.transfer", "resource.relicense", "resource.return")
NEVER_ALONE += ("member.expel",)
PANELS = ("member.suspend", "member.expel", "removal.decide")


@st.composite
def charters(draw):
    """The text of a charter of any preset with other numbers, and other ways for its actions."""
    said = yaml.safe_load(words(draw(st.sampled_from(PRESETS))))
    ways = said["decisions"]
    owned = said["preset"] in OWNED
    if owned:
        ways["asked"] = {"path": "lazy", "on_objection": "put"}
        ways["put"] = {"path": "vote"}
    votes = sorted(name for name, way in ways.items() if way["path"] == "vote")
    for way in ways.values():
        if way["path"] == "lazy":
            way |= {"hours": draw(st.integers(1, 99)), "second": draw(st.integers(0, 4))}
            way["on_objection"] = draw(st.sampled_from(votes))
        elif way["path"] == "vote":
            way |= {
                "deliberate_days": draw(st.integers(0, 9)),
                "vote_days": draw(st.integers(1, 9)),
            }
            way["ratio"] = draw(st.integers(1, 3))
            way["quorum_factor"] = draw(st.sampled_from([0, 0.5, 1.5, 3]))
            way["ballot"] = draw(st.sampled_from(["open", "secret"]))
    amend = "all" if owned else draw(st.sampled_from(votes))
    for action in said["actions"]:
        can = sorted(ways)
        if not owned and action in NEVER_ALONE:
            can = [name for name in can if ways[name]["path"] != "at_once"]
        if action in PANELS:
            can = [*can, "panel"]
        said["actions"][action] = draw(st.sampled_from(can))
    said["actions"] |= {"charter.amend": amend, "charter.amend.entrenched": amend}
    if not owned:
        admit = said["members"]["admit"]
        admit |= {"sponsors": draw(st.integers(0, 2)), "decision": said["actions"]["member.admit"]}
        said["members"]["elector_after_days"] = draw(st.sampled_from([0, 1, 5, 20, 24, 30, 60]))
        person, institution = draw(st.sampled_from([(1, 0), (0, 1), (1, 1), (2, 3)]))
        said["members"]["kinds"] = {"person": person, "institution": institution}
    return yaml.safe_dump(said)


@settings(max_examples=500 if LONG else 2, phases=(Phase.generate,))
@given(text=charters(), data=st.data())
def test_of_any_charter_everybody_does_what_it_says_and_nothing_else(lab, text, data):
    action = data.draw(st.sampled_from(Action))
    can = [name for name in PEOPLE if Table(text).proposes(name, str(action))]
    proposer = data.draw(st.sampled_from(can or ["founder"]))
    assert judged(lab, text, str(action), proposer) == []
