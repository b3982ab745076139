"""Offices: elected, held to the second, taken care of, laid down, asked back."""

from datetime import timedelta

import pytest

from iriai.base.errors import Conflict, Denied
from iriai.commons.enactment import people
from iriai.commons.membership import actions as members
from iriai.commons.membership import electing, offices, powers, queries, rules
from iriai.commons.membership.rules import State
from iriai.commons.membership.tables import Activity, Election
from iriai.identity import queries as accounts
from iriai.identity import rules as identity_rules
from iriai.identity.rules import Role
from tests.commons.membership.test_members import do, role, stands
from tests.support.overlap import overlapping

INSTANT = timedelta(microseconds=1)


def seat(town, name, office="steward", **how):
    with town.ground.write() as tx:
        made = powers.seat(tx, "system:test", town.commons_id, office, town.person(name).id, **how)
        return made.id, made.ends_at


def elections(town):
    with town.ground.read() as tx:
        return [
            (each.role, each.state, each.seats, each.outcome) for each in tx.session.query(Election)
        ]


def test_rights_end_in_the_second_of_the_term_and_only_caring_remains(any_town, clock):
    town = any_town
    town.found("university", "ada", "bob", "cleo")
    _, ends = seat(town, "ada")
    clock.moment = ends - INSTANT
    assert role(town, "ada") is Role.WRITE
    assert stands(town, "ada").holds("steward")
    clock.moment = ends
    assert role(town, "ada") is Role.CONTRIBUTOR
    now = stands(town, "ada")
    assert not now.holds("steward")
    assert now.caretaker
    assert now.cares("steward")
    clock.moment = ends + timedelta(days=rules.CARETAKER_DAYS) - INSTANT
    assert stands(town, "ada").caretaker
    clock.moment += INSTANT
    assert not stands(town, "ada").caretaker


def test_an_office_without_anybody_gets_an_election_by_itself_and_the_elected_are_seated(any_town):
    town = any_town
    town.found("university", "ada", "bob", "cleo")
    town.tick()
    assert ("steward", "nominations", 5, None) in elections(town)
    do(town, "ada", offices.nominate, role="steward", name="ada")
    do(town, "ada", offices.nominate, role="steward", name="bob")
    do(town, "ada", offices.nominate, role="steward", name="cleo")
    do(town, "bob", offices.accept, role="steward")
    town.tick(days=7)
    ballot = next(n for n in (1, 2) if town.see(n).title == "Election: steward")
    found = town.see(ballot)
    assert [each.key for each in found.options if each.key] == ["ada", "bob"]
    assert found.seats == 5
    for name in ("ada", "bob", "cleo"):
        town.vote(name, ballot, 1, 1)
    town.tick(days=11)
    assert town.see(ballot).state == "enacted"
    with town.ground.read() as tx:
        assert sorted(each.holder for each in queries.stewards(tx, town.commons_id)) == [
            "ada",
            "bob",
        ]
    assert role(town, "bob") is Role.WRITE
    assert ("steward", "closed", 5, "filled") in elections(town)


def test_where_nobody_stands_the_office_stays_empty_and_waits_four_weeks_for_the_next(town):
    town.found("university", "ada", "bob")
    town.tick()
    town.tick(days=7)
    assert {each[3] for each in elections(town)} == {"nobody"}
    count = len(elections(town))
    town.tick(days=7)
    assert len(elections(town)) == count
    town.tick(days=15)
    assert len(elections(town)) == 2 * count


def test_a_successor_takes_over_in_the_second_the_term_ends(any_town, clock):
    town = any_town
    town.found("language-community", "ada", "bob")
    _, ends = seat(town, "ada", "secretary")
    with pytest.raises(Conflict, match="Every seat"):
        seat(town, "bob", "secretary")
    clock.moment = ends - timedelta(days=20)
    seat(town, "bob", "secretary")
    assert not stands(town, "bob").holds("secretary")
    clock.moment = ends
    assert stands(town, "bob").holds("secretary")
    assert not stands(town, "ada").caretaker


def test_nobody_serves_more_terms_in_a_row_than_the_charter_says(town, clock):
    town.found("university", "ada", "bob")
    for _ in range(3):
        _, ends = seat(town, "ada")
        clock.moment = ends
    with pytest.raises(Conflict, match=r"more than 3 terms in a row \(roles.steward.max_terms\)"):
        seat(town, "ada")
    clock.advance(days=400)
    seat(town, "ada")


def test_enough_names_open_the_recall_by_themselves_and_the_vote_ends_the_seat(any_town, clock):
    town = any_town
    town.found("university", "ada", "bob", "cleo", "dan", "eve", "finn", "gus", "hal", "ida", "jo")
    seat_id, _ = seat(town, "ada")
    with pytest.raises(Denied, match="Only members"):
        do(town, "zoe", people.petition, seat_id=seat_id, text="x")
    first = do(town, "bob", people.petition, seat_id=seat_id, text="Merged without review.")
    assert (first.count, first.needed, first.proposal) == (1, 2, None)
    with pytest.raises(Conflict, match="already"):
        do(town, "bob", people.sign, petition_id=first.id)
    second = do(town, "cleo", people.sign, petition_id=first.id)
    assert second.proposal is not None
    assert town.see(second.proposal).state == "voting"
    assert town.see(second.proposal).title == "Recall ada as steward"
    for name in ("bob", "cleo", "dan", "eve", "finn", "gus"):
        town.vote(name, second.proposal, 1, 2)
    town.tick(days=11)
    assert town.see(second.proposal).state == "enacted"
    assert not stands(town, "ada").seats
    assert not stands(town, "ada").caretaker
    assert stands(town, "ada").is_member
    assert role(town, "ada") is Role.CONTRIBUTOR


def test_a_petition_lapses_after_sixty_days(town, clock):
    town.found("university", "ada", "bob", "cleo", "dan")
    seat_id, _ = seat(town, "ada")
    made = do(town, "bob", people.petition, seat_id=seat_id, text="Never there.")
    clock.advance(days=60)
    with pytest.raises(Conflict, match="no names any more"):
        do(town, "cleo", people.sign, petition_id=made.id)
    town.tick()
    with town.ground.read() as tx:
        assert offices.petitions(tx, town.commons_id) == []


def test_one_resigns_from_ones_own_seat_and_from_no_other(town):
    town.found("university", "ada", "bob")
    seat_id, _ = seat(town, "ada")
    with pytest.raises(Denied):
        do(town, "bob", people.resign, seat_id=seat_id)
    do(town, "ada", people.resign, seat_id=seat_id)
    assert role(town, "ada") is Role.CONTRIBUTOR
    assert not stands(town, "ada").caretaker


def test_a_tie_is_voted_on_again_and_then_the_lot_decides(any_town, clock):
    town = any_town
    text = town.preset("university").replace("    seats: 5", "    seats: 1")
    text = text.replace("ballot: secret, one_seat", "ballot: open, one_seat")
    town.found("university", "ada", "bob", text=text)
    town.tick()
    for name in ("ada", "bob"):
        do(town, name, offices.nominate, role="steward", name=name)
    town.tick(days=7)
    for ballot in (1, 2):
        assert town.see(ballot).state == "voting"
        town.vote("ada", ballot, 1, 2, 3)
        town.vote("bob", ballot, 2, 1, 3)
        town.tick(days=11)
        assert town.see(ballot).state == "failed"
    with town.ground.read() as tx:
        chosen = [each.holder for each in queries.stewards(tx, town.commons_id)]
    assert chosen == electing.lot("lab/2", ["ada", "bob"])[:1]


def test_who_keeps_one_repository_writes_there_only_and_until_the_end(town, clock):
    town.found("university", "ada", "bob")
    _, ends = seat(town, "bob", "maintainer", repo_id=41)
    with town.ground.read() as tx:
        bob = accounts.actor_named(tx, "bob")
    assert bob.maintains == {41}
    assert identity_rules.may_write(bob, town.account_id, 41)
    assert not identity_rules.may_write(bob, town.account_id, 42)
    clock.moment = ends
    with town.ground.read() as tx:
        assert accounts.actor_named(tx, "bob").maintains == frozenset()
    town.tick()
    assert stands(town, "bob").state is State.MEMBER


def test_the_last_seat_of_an_office_is_given_once(any_town):
    town = any_town
    town.found("university", "ada", "bob", "cleo", "dan", "eve", "fay")
    for name in ("ada", "bob", "cleo", "dan"):
        seat(town, name)

    def take(name):
        mine = town.person(name).id
        return lambda tx: powers.seat(tx, "system:test", town.commons_id, "steward", mine)

    assert isinstance(overlapping(town.ground, take("eve"), take("fay")), Conflict)
    with town.ground.read() as tx:
        assert len(queries.seats(tx, town.commons_id)) == 5


def test_of_two_who_begin_one_election_at_once_one_does(any_town):
    town = any_town
    town.found("university", "ada", "bob", "cleo")

    def begin(tx):
        offices.begin(tx, "system:test", town.commons_id, "steward")

    assert isinstance(overlapping(town.ground, begin, begin), Conflict)
    assert len(elections(town)) == 1


def test_who_is_expelled_while_they_come_back_from_rest_is_no_member(any_town):
    town = any_town
    town.found("university", "ada", "bob", "cleo")
    bob = town.person("bob").id
    with town.ground.write() as tx:
        powers.retire(tx, "system:test", town.commons_id, bob)
    with town.ground.read() as tx:
        actor = accounts.actor(tx, bob)
    late = overlapping(
        town.ground,
        lambda tx: powers.expel(tx, "system:test", town.commons_id, bob),
        lambda tx: members.return_(tx, actor, town.commons_id),
    )
    assert late is not None
    assert stands(town, "bob").state is State.EXPELLED


def test_who_is_suspended_while_they_go_to_rest_stays_suspended(any_town, clock):
    town = any_town
    town.found("university", "ada", "bob", "cleo")
    bob, until = town.person("bob").id, clock.moment + timedelta(days=30)
    late = overlapping(
        town.ground,
        lambda tx: powers.suspend(tx, "system:test", town.commons_id, bob, until),
        lambda tx: people.rest(tx, accounts.actor(tx, bob), town.commons_id),
    )
    assert late is not None
    assert stands(town, "bob").state is State.SUSPENDED


def test_of_two_who_vouch_at_once_the_later_puts_an_applicant_to_the_members(any_town):
    town = any_town
    town.found("language-community", "ada", "bob", "cleo")
    do(town, "dan", people.apply, text="I made the corpus.")

    def vouch(name):
        actor = town.person(name)
        return lambda tx: people.sponsor(tx, actor, town.commons_id, name="dan")

    assert overlapping(town.ground, vouch("ada"), vouch("bob")) is None
    assert town.see(1).title == "Admit dan"


def test_a_members_two_first_acts_at_once_are_both_noted(any_town, clock):
    town = any_town
    town.found("university", "ada", "bob")
    new = town.person("dan").id

    def acts(tx):
        members.note_activity(tx, town.commons_id, new)

    assert overlapping(town.ground, acts, acts) is None
    with town.ground.read() as tx:
        assert tx.session.get(Activity, (town.commons_id, new)).active_at == clock.moment
