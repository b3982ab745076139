"""Suspended or expelled in a case, a member of a language community is no elector meanwhile."""

import pytest

from iriai.commons.cases import actions, queries, rules
from iriai.commons.enactment import cases as enacting
from iriai.commons.membership import queries as membership
from iriai.commons.membership.rules import State
from iriai.identity import queries as people
from iriai.identity.rules import Act, Subject, may
from tests.support.commons import Town

NAMES = ["ada", "eve", "una", "ivo", "kai", "lea", "max", "bob"]


@pytest.fixture
def town(ground):
    made = Town(ground).found("language-community", *NAMES)
    for name in ("ada", "eve"):
        made.seat(name, "steward")
    ground.clock.advance(days=91)
    return made


def actor(town, name, tx):
    return people.actor_named(tx, name)


def electors(town):
    with town.ground.read() as tx:
        return {each.name for each in membership.electors(tx, town.commons_id)}


def state(town, name):
    with town.ground.read() as tx:
        return membership.standing(tx, town.commons_id, town.person(name).id).state


def act(town, action, by, number, **more):
    with town.ground.write() as tx:
        found = queries.row(tx, town.commons_id, number)
        return action(tx, actor(town, by, tx), found, **more)


def charged(town):
    with town.ground.write() as tx:
        reporter = actor(town, "kai", tx)
        made = actions.report(
            tx, reporter, subject="account/bob", words="Again.", commons_id=town.commons_id
        )
        number = made.number
    said = {"rule": "Be kind.", "facts": "He was not.", "asked": "Be kind.", "ground": "malware"}
    act(town, actions.charge, "ada", number, **said)
    return number


def suspended(town):
    number = charged(town)
    for steward in ("ada", "eve"):
        act(town, enacting.decide, steward, number, rung="suspend", reasons="It went on.")
    return number


def test_who_is_suspended_is_no_elector_until_it_ends(town):
    assert "bob" in electors(town)
    number = charged(town)
    act(town, enacting.decide, "ada", number, rung="suspend", reasons="It went on.")
    assert "bob" in electors(town)  # one steward alone suspends nobody
    act(town, enacting.decide, "eve", number, rung="suspend", reasons="It went on.")
    assert (state(town, "bob"), "bob" in electors(town)) == (State.SUSPENDED, False)
    with town.ground.read() as tx:
        until = queries.sanction_of(tx, queries.row(tx, town.commons_id, number).id).until
    town.ground.clock.moment = until
    assert "bob" in electors(town)  # in that second, before any clock strikes
    enacting.due(town.ground)
    assert state(town, "bob") is State.MEMBER
    with town.ground.read() as tx:
        assert may(actor(town, "bob", tx), Act.DISCUSS, Subject(town.account_id, is_public=True))


def test_who_is_expelled_by_a_panel_is_no_member_once_no_appeal_is_left(town):
    number = charged(town)
    act(town, actions.refer, "ada", number, words="It is for a panel.")
    town.ground.clock.advance(days=3)
    enacting.due(town.ground)
    with town.ground.read() as tx:
        panel = queries.panel_of_case(tx, queries.row(tx, town.commons_id, number))
        seats = [each.account_id for each in queries.seats(tx, panel.id)]
    names = {town.people[name].id: name for name in NAMES}
    assert not {"ada", "kai", "bob"} & {names[each] for each in seats}
    for each in seats[: len(seats) // 2 + 1]:
        with town.ground.write() as tx:
            found = queries.panel(tx, town.commons_id, panel.number)
            who = actor(town, names[each], tx)
            enacting.say(tx, who, found, verdict="varied", rung="expel", reasons="It goes on.")
    assert (state(town, "bob"), "bob" in electors(town)) == (State.SUSPENDED, False)
    assert len(electors(town)) == len(NAMES) - 1
    town.ground.clock.advance(days=30)
    enacting.due(town.ground)
    assert state(town, "bob") is State.EXPELLED
    with town.ground.read() as tx:
        assert not actor(town, "bob", tx).roles
        assert queries.row(tx, town.commons_id, number).state == rules.State.DECIDED


def test_a_suspended_steward_is_in_no_office_meanwhile(town):
    town.seat("bob", "steward")
    suspended(town)
    with town.ground.read() as tx:
        assert town.person("bob").id not in queries.stewards(tx, town.commons_id)
