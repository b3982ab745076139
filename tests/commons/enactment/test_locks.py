"""Two that decide at once wait for each other in one order, and neither is told to try again."""

from functools import partial

import pytest

from iriai.base.opening import open_ground
from iriai.commons import enactment
from iriai.commons import queries as commons
from iriai.commons.charter import amending
from iriai.commons.charter.rules import Action
from iriai.commons.enactment import people, removals
from iriai.commons.proposals.rules import State
from iriai.commons.removal import actions as removal_actions
from iriai.identity import actions as identity
from iriai.identity import queries as accounts
from iriai.identity.rules import ANYONE
from iriai.repos import powers
from iriai.repos import queries as repos
from iriai.repos.actions import Add
from iriai.settings import Settings
from tests.commons.charter.test_amending import Lab, person
from tests.conftest import StandingClock
from tests.support import schema
from tests.support.commons import Town
from tests.support.overlap import crossing


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A commons of one owner on PostgreSQL, where waiting in a circle ends as an error."""
    folder = tmp_path_factory.mktemp("lab")
    settings = Settings(data=folder, database_url=schema.newest_postgres())
    ground = open_ground(settings, now=StandingClock())
    with ground.write() as tx:
        link = identity.first_invite(tx)
    identity.sign_up(ground, name="olga", password="correct horse battery", link=link)
    ada, ben, cleo = (person(ground, name) for name in ("ada", "ben", "cleo"))
    enactment.found(ground, ada, name="lab")
    with ground.read() as tx:
        found = commons.commons(tx, "lab")
        made = Lab(ground, ada, ben, cleo, found.id, amending.repository(tx, found.id))
    made.ada = made.actor("ada")
    yield made
    ground.engine.dispose()


def model(lab, name):
    made = enactment.create_repository(lab.ground, lab.ada, kind="model", owner="lab", name=name)
    added = [Add("README.md", b"---\nlicense: mit\n---\n"), Add("data.csv", b"bob,1\n")]
    enactment.commit(lab.ground, lab.ada, made, operations=added, title="card")
    with lab.ground.read() as tx:
        return repos.by_id(tx, made.id)


def passed(lab, action, payload):
    """What enacts a proposal that has passed, and what says that it is enacted."""
    with lab.ground.write() as tx:
        made = enactment.propose(tx, lab.ada, lab.id, action=Action(action), payload=payload)
    assert made.state is State.PASSED
    return lambda: enactment.carry_out(lab.ground, made.id)


def merging(lab):
    repo = model(lab, "merged")
    added = [Add("a.txt", b"a")]
    pull = enactment.commit(
        lab.ground, lab.ben, repo, operations=added, title="a", create_pr=True
    ).number
    return repo, passed(lab, "resource.merge", {"repo": "lab/merged", "number": pull})


def relicensing(lab):
    repo = model(lab, "paper")
    return repo, passed(lab, "resource.relicense", {"repo": "lab/paper", "licence": "apache-2.0"})


def amending_it(lab):
    text = lab.on_main().replace("resource.delete: owners", "resource.delete: all")
    pull = lab.pull(lab.cleo, text)
    return lab.charter, passed(lab, "charter.amend", {"pull": pull})


def removing(lab):
    repo = model(lab, "voices")
    with lab.ground.write() as tx:
        asked, _ = removal_actions.ask(tx, ANYONE, repo, paths="data.csv", words="My voice.")
        told = {"removal": asked.id, "by": "panel/1"}
    return repo, partial(removals.fulfil_as_told, lab.ground, told)


@pytest.mark.parametrize("landing", [merging, relicensing, amending_it, removing])
def test_what_lands_by_a_decision_waits_for_others_of_its_commons(lab, landing):
    repo, land = landing(lab)
    ended = []
    went_wrong = crossing(
        lab.ground,
        lambda tx: commons.lock(tx, lab.id),
        lambda: ended.append(land()),
        lambda tx: powers.label(tx, repo.id, "Do not use for medicine"),
    )
    assert went_wrong is None
    assert ended[0] in (None, State.ENACTED)
    with lab.ground.read() as tx:
        now = repos.by_id(tx, repo.id)
    assert now.head != repo.head
    assert now.label == "Do not use for medicine"


def test_a_commons_is_waited_for_before_the_one_above_it(lab):
    town = Town(lab.ground, name="ward").found("university", "dan")
    with lab.ground.write() as tx:
        people.leave(tx, town.person("dan"), town.commons_id)
    with lab.ground.write() as tx:
        olga = accounts.actor_named(tx, "olga")
        made = enactment.propose(tx, olga, 1, action=Action.SEAT_GRANT, payload={"custody": "ward"})
    ended = []
    went_wrong = crossing(
        lab.ground,
        lambda tx: commons.lock(tx, town.commons_id),
        lambda: ended.append(enactment.carry_out(lab.ground, made.id)),
        lambda tx: commons.lock(tx, 1),
    )
    assert went_wrong is None
    assert ended == [State.ENACTED]
