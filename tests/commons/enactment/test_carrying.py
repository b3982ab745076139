"""What was decided is done once, however many workers do it at the same time."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from iriai.base.events import Event
from iriai.commons import enactment
from iriai.commons.membership import actions as members
from iriai.commons.membership.tables import Activity
from iriai.commons.proposals.rules import State
from iriai.repos.tables import RepoRow
from tests.support.overlap import crossing

WORKERS = 4


def test_workers_that_enact_at_once_do_it_once(any_town):
    town = any_town.found("university", "ada", "gus")
    town.seat("gus", "steward")
    tiny = {"kind": "model", "name": "tiny"}
    town.propose("ada", "resource.create", payload=tiny)
    town.tick()
    made = [
        town.propose("ada", "resource.create", payload=tiny | {"name": f"made-{each}"}).number
        for each in range(3)
    ]
    labels = [
        town.propose(
            "gus", "resource.label", payload={"repo": "lab/tiny", "text": f"{each}"}
        ).number
        for each in range(3)
    ]
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda _: enactment.carry_out_all(town.ground), range(WORKERS)))
    assert {town.see(number).state for number in made + labels} == {State.ENACTED}
    with town.ground.read() as tx:
        named = select(func.count()).select_from(RepoRow).where(RepoRow.name.like("made-%"))
        assert tx.connection.execute(named).scalar() == 3
        for verb, count in (("labelled", 3), ("enacted", 7)):
            asked = select(func.count()).select_from(Event).where(Event.verb == verb)
            assert tx.connection.execute(asked).scalar() == count, verb


def test_a_decision_that_loses_a_race_is_carried_out_later(any_town, clock):
    town = any_town.found("university", "ada")
    eve = town.person("eve")
    with town.ground.write() as tx:
        members.apply(tx, eve, town.commons_id)
        members.sponsor(tx, town.person("ada"), town.commons_id, name="eve")
    made = town.propose("ada", "member.admit", payload={"name": "eve"})
    clock.advance(days=8)

    def note(tx):
        tx.session.merge(Activity(commons_id=town.commons_id, account_id=eve.id, active_at=tx.now))
        tx.flush()

    crossing(town.ground, note, town.tick, lambda _: None)
    is_lost = town.ground.engine.dialect.name == "postgresql"
    assert town.see(made.number).state is (State.PASSED if is_lost else State.ENACTED)
    town.tick()
    assert town.see(made.number).state is State.ENACTED
