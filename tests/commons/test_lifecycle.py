"""The life of small commons, with a clock that stands until it is told to move."""

from dataclasses import replace

import pytest

from iriai.base.errors import Denied
from iriai.base.events import HUB
from iriai.commons import actions as founding
from iriai.commons import enactment, jobs
from iriai.commons.charter import presets
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action, Path, Preset
from iriai.commons.enactment import custody, people
from iriai.commons.membership import actions as membership
from iriai.commons.membership import offices, powers, queries
from iriai.commons.membership.rules import State
from iriai.commons.proposals import queries as proposal_queries
from iriai.identity import actions as identity
from iriai.identity import queries as accounts
from iriai.identity.rules import OPERATOR, Role
from tests.commons.membership.test_members import do, role, stands
from tests.support.commons import Town


@pytest.fixture
def town(ground):
    return Town(ground)


def operator(ground, name="ada"):
    with ground.write() as tx:
        link = identity.first_invite(tx)
    identity.sign_up(ground, name=name, password="correct horse battery", link=link)
    with ground.read() as tx:
        return accounts.actor_named(tx, name)


def propose(ground, actor, commons_id, action, **payload):
    with ground.write() as tx:
        made = enactment.propose(tx, actor, commons_id, action=Action(action), payload=payload)
    jobs.tick(ground, {})
    return made.number


def test_a_hub_is_solo_until_its_second_member_and_then_its_first_one_owns_it(ground):
    ada = operator(ground)
    identity.add_person(ground, OPERATOR, name="bob")
    with ground.read() as tx:
        assert charters.in_force(tx, HUB).preset is Preset.SOLO
        assert queries.standing(tx, HUB, ada.id).is_owner
        bob = accounts.actor_named(tx, "bob")
        assert queries.standing(tx, HUB, bob.id).state is State.VISITOR
    with pytest.raises(Denied):
        propose(ground, bob, HUB, "member.admit", name="bob")
    propose(ground, ada, HUB, "member.admit", name="bob")
    with ground.read() as tx:
        assert charters.in_force(tx, HUB).preset is Preset.OWNERS
        assert queries.standing(tx, HUB, ada.id).is_owner
        second = queries.standing(tx, HUB, bob.id)
        assert (second.is_member, second.is_owner) == (True, False)


def test_leaving_owners_makes_admins_founders_and_nobody_an_administrator(town):
    ada, _ = town.person("ada"), town.person("bob")
    with town.ground.write() as tx:
        made = founding.found_organisation(tx, ada, name="lab", members={"bob": Role.WRITE})
        town.commons_id, town.account_id = made.commons_id, made.id
    town.charter(town.preset("university"))
    with town.ground.write() as tx:
        powers.found(tx, "system:test", town.commons_id)
    assert role(town, "ada") is Role.CONTRIBUTOR
    assert role(town, "bob") is Role.CONTRIBUTOR
    assert stands(town, "ada").is_elector
    assert not stands(town, "bob").is_elector
    town.ground.clock.advance(days=30)
    assert stands(town, "bob").is_elector


def test_two_members_and_no_stewards_elect_one_and_go_on(town):
    town.found("university", "ada", "bob")
    with town.ground.read() as tx:
        assert queries.stewards(tx, town.commons_id) == []
    town.tick()
    do(town, "ada", offices.nominate, role="steward", name="bob")
    do(town, "bob", offices.accept, role="steward")
    town.tick(days=7)
    number = next(
        n
        for n in (1, 2)
        if town.see(n).action is Action.SEAT_FILL and "steward" in town.see(n).title
    )
    for name in ("ada", "bob"):
        town.vote(name, number, *(1 for _ in town.see(number).options if _.key))
    town.tick(days=11)
    assert town.see(number).state == "enacted"
    assert stands(town, "bob").holds("steward")
    town.tick(days=366)
    assert stands(town, "bob").caretaker
    assert not stands(town, "bob").holds("steward")
    town.tick(days=31)
    assert not stands(town, "bob").caretaker


def test_where_nobody_is_active_the_parent_decides_on_custody_and_never_silently(town, clock):
    hub = operator(town.ground, "olga")
    town.found("university", "ada", "bob")
    for name in ("ada", "bob"):
        with town.ground.write() as tx:
            membership.note_activity(tx, town.commons_id, town.person(name).id)
    with pytest.raises(Exception, match="has electors, who decide for themselves"):
        propose(town.ground, hub, HUB, "seat.grant", custody="lab")
    clock.advance(days=366)
    jobs.rest(town.ground, {})
    with town.ground.read() as tx:
        assert queries.electors(tx, town.commons_id) == []
    assert stands(town, "ada").state is State.EMERITUS
    number = propose(town.ground, hub, HUB, "seat.grant", custody="lab")
    with town.ground.read() as tx:
        assert proposal_queries.proposal(tx, HUB, number).state == "enacted"
        assert [each.holder for each in queries.stewards(tx, town.commons_id)] == ["olga"]
        assert [each.name for each in queries.electors(tx, town.commons_id)] == ["olga"]
    do(town, "ada", membership.return_)
    with town.ground.read() as tx:
        assert {each.name for each in queries.electors(tx, town.commons_id)} == {"olga", "ada"}


def test_the_last_member_may_leave_and_the_hub_may_take_custody(town):
    hub = operator(town.ground, "olga")
    town.found("university", "ada")
    do(town, "ada", people.leave)
    propose(town.ground, hub, HUB, "seat.grant", custody="lab")
    assert stands(town, "ada").state is State.LEFT
    with town.ground.read() as tx:
        assert queries.standing(tx, town.commons_id, hub.id).holds("steward")


def test_where_members_decide_custody_is_voted_on_and_silence_takes_nothing(town):
    town.found("university", "ada", "bob")
    town.seat("ada", "steward")
    ward = Town(town.ground, name="ward")
    parent = f"parent: lab@sha256:{'0' * 64}"
    ward.found("university", "dan", text=ward.preset("university") + parent + "\n")
    do(ward, "dan", people.leave)
    made = town.propose("ada", "seat.grant", payload={"custody": "ward"})
    assert made.terms.path is Path.VOTE
    assert made.state == "deliberating"
    town.second("bob", made.number)
    town.tick(days=14)
    assert town.see(made.number).state == "voting"
    town.tick(days=14)
    assert town.see(made.number).state == "no_quorum"
    with town.ground.read() as tx:
        assert queries.electors(tx, ward.commons_id) == []

    again = town.propose("ada", "seat.grant", payload={"custody": "ward"})
    town.second("bob", again.number)
    town.tick(days=14)
    for name in ("ada", "bob"):
        town.vote(name, again.number, 1, 2)
    town.tick(days=14)
    assert town.see(again.number).state == "enacted"
    with town.ground.read() as tx:
        assert [each.holder for each in queries.stewards(tx, ward.commons_id)] == ["ada"]


@pytest.mark.parametrize("preset", [each for each in Preset if each not in ("solo", "owners")])
def test_no_charter_of_members_takes_custody_but_by_vote(preset):
    charter = presets.charter(preset, "lab")
    assert charter.decisions[custody.vote(charter)].path is Path.VOTE
    for way in charter.decisions:
        changed = replace(charter, actions={**charter.actions, Action.SEAT_GRANT: way})
        assert charter.decisions[custody.vote(changed)].path is Path.VOTE


def test_three_members_admit_a_fourth_over_an_objection_who_votes_a_month_later(town):
    town.found("university", "ada", "bob", "cleo")
    do(town, "dan", people.apply)
    do(town, "ada", people.sponsor, name="dan")
    town.object("bob", 1, "Dan has not told us who he is.")
    assert town.see(1).state == "deliberating"
    town.second("ada", 1)
    town.tick(days=11)
    assert town.see(1).state == "voting"
    for name in ("ada", "bob", "cleo"):
        town.vote(name, 1, 1, 2)
    town.tick(days=11)
    assert town.see(1).state == "enacted"
    assert not stands(town, "dan").is_elector
    town.tick(days=30)
    assert stands(town, "dan").is_elector
