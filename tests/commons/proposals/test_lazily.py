"""Lazy consensus: what passes by itself, and what an objection makes of it."""

import threading

import pytest

from iriai.base.errors import Conflict, Denied, Excessive, Invalid
from iriai.commons import enactment
from iriai.commons import queries as commons
from iriai.commons.charter.rules import Action
from iriai.commons.proposals import queries, scope, steps
from iriai.commons.proposals.rules import State
from tests.support.overlap import SECONDS, overlapping


def test_without_an_objection_it_is_enacted_when_its_hours_are_over(any_town):
    town = any_town
    town.found("university", "ada", "bob", "cyd")
    made = town.propose("ada")
    assert made.state is State.OPEN
    town.second("bob", made.number)
    town.tick(hours=95, minutes=59)
    assert town.see(made.number).state is State.OPEN
    town.tick(minutes=1)
    done = town.see(made.number)
    assert done.state is State.ENACTED
    assert done.closed_at == made.proposed_at.replace(day=9)
    assert done.enacted_at == town.ground.clock()


def test_the_log_has_who_did_it_and_by_which_rule(town):
    town.found("university", "ada", "bob")
    made = town.propose("ada")
    town.second("bob", made.number)
    town.tick(hours=96)
    with town.ground.read() as tx:
        from sqlalchemy import select

        from iriai.base.events import Event

        events = tx.session.scalars(select(Event).where(Event.verb == "enacted")).all()
    assert [each.actor for each in events] == [f"system:decision/lab/{made.number}"]
    assert '"rule":"decisions.ordinary"' in events[0].entry


def test_an_objection_an_hour_before_the_end_makes_it_a_vote(any_town):
    town = any_town
    town.found("university", "ada", "bob", "cyd")
    made = town.propose("ada")
    town.second("bob", made.number)
    town.tick(hours=95)
    found = town.object("cyd", made.number)
    assert found.state is State.DELIBERATING
    assert found.rule == "decisions.significant"
    town.tick(hours=1)
    assert town.see(made.number).state is State.DELIBERATING
    town.tick(days=7)
    assert town.see(made.number).state is State.VOTING


@pytest.mark.parametrize("reason", ["", "no", "No.", "NO!!!", "nonononononono"])
def test_a_bare_no_stops_nothing(town, reason):
    town.found("university", "ada", "bob", "cyd")
    made = town.propose("ada")
    with pytest.raises(Invalid, match="reason"):
        town.object("cyd", made.number, reason)
    assert town.see(made.number).state is State.OPEN


def test_an_objection_in_the_second_of_the_end_is_too_late_though_no_clock_has_struck(town):
    town.found("university", "ada", "bob", "cyd")
    made = town.propose("ada")
    town.second("bob", made.number)
    town.ground.clock.advance(hours=96)
    with pytest.raises(Conflict):
        town.object("cyd", made.number)


def test_what_nobody_seconds_fails_and_says_so(town):
    town.found("university", "ada", "bob", "cyd")
    made = town.propose("ada")
    town.tick(hours=96)
    found = town.see(made.number)
    assert found.state is State.FAILED
    assert "0 of 1" in found.failure


def test_one_member_alone_needs_no_second(town):
    town.found("university", "ada")
    made = town.propose("ada")
    town.tick(hours=96)
    assert town.see(made.number).state is State.ENACTED


def test_nobody_seconds_their_own_proposal(town):
    town.found("university", "ada", "bob")
    made = town.propose("ada")
    with pytest.raises(Conflict, match="your own"):
        town.second("ada", made.number)


def test_who_is_no_member_takes_no_part(town):
    town.found("university", "ada", "bob")
    made = town.propose("ada")
    town.person("eve")
    for attempt in (
        lambda: town.propose("eve"),
        lambda: town.second("eve", made.number),
        lambda: town.object("eve", made.number),
    ):
        with pytest.raises(Denied, match="member"):
            attempt()


def test_under_owners_an_owner_decides_at_once_and_it_is_in_the_log(town):
    town.found("owners", "ada")
    made = town.propose("ada")
    assert made.state is State.PASSED
    town.tick()
    assert town.see(made.number).state is State.ENACTED


def test_whoever_proposed_it_may_take_it_back(town):
    from iriai.commons.proposals import actions

    town.found("university", "ada", "bob")
    made = town.propose("ada")
    with town.ground.write() as tx, pytest.raises(Denied):
        actions.withdraw(tx, town.person("bob"), town.commons_id, made.number)
    with town.ground.write() as tx:
        done = actions.withdraw(tx, town.person("ada"), town.commons_id, made.number)
    assert done.state is State.WITHDRAWN
    town.tick(hours=100)
    assert town.see(made.number).state is State.WITHDRAWN


def test_of_two_proposals_at_once_the_second_finds_the_last_place_taken(any_town, monkeypatch):
    town = any_town.found("university", "ada", "bob", "cleo")
    monkeypatch.setattr(scope, "RUNNING_OF_ONE_MAX", 1)
    ada = town.person("ada")

    def propose(tx):
        payload = {"text": "We like tea."}
        enactment.propose(tx, ada, town.commons_id, action=Action.STATEMENT, payload=payload)

    assert isinstance(overlapping(town.ground, propose, propose), Excessive)


def test_what_is_carried_out_waits_for_its_commons_first_and_ends_in_no_deadlock(any_town):
    """Somebody decides in a commons, and comes to a proposal that is being carried out."""
    town = any_town.found("university", "ada", "bob", "cleo")
    payload = {"unit": "gpu_hours", "by": "ada", "amount": "10"}
    made = town.propose("ada", "pool.declare", payload=payload)
    town.second("bob", made.number)
    town.ground.clock.advance(days=8)
    with town.ground.write() as tx:
        assert steps.advance(tx, made.id).state is State.PASSED
    done = []
    working = threading.Thread(
        target=lambda: done.append(enactment.carry_out(town.ground, made.id))
    )
    with town.ground.write() as tx:
        commons.lock(tx, town.commons_id)
        working.start()
        working.join(4 * SECONDS)
        assert queries.locked(tx, made.id).state == State.PASSED
    working.join()
    assert done == [State.ENACTED]
