"""Becoming a member, resting, returning, leaving: what it takes and what follows."""

from datetime import timedelta

import pytest

from iriai.base.errors import Conflict, Denied, Invalid, Unknown
from iriai.commons import actions as commons
from iriai.commons import jobs
from iriai.commons.enactment import people
from iriai.commons.membership import actions, powers, queries
from iriai.commons.membership.rules import State
from iriai.identity import actions as identity
from iriai.identity import queries as accounts
from iriai.identity import rules as identity_rules
from iriai.identity.rules import Role


def do(town, name, verb, /, **how):
    """One act of somebody, with the rights they have now."""
    town.person(name)
    with town.ground.write() as tx:
        return verb(tx, accounts.actor_named(tx, name), town.commons_id, **how)


def stands(town, name):
    with town.ground.read() as tx:
        return queries.standing(tx, town.commons_id, town.person(name).id)


def role(town, name):
    with town.ground.read() as tx:
        return accounts.actor_named(tx, name).roles.get(town.account_id)


def electors(town):
    with town.ground.read() as tx:
        return [each.name for each in queries.electors(tx, town.commons_id)]


def test_two_sponsors_put_an_applicant_to_the_members_and_silence_admits_them(town):
    town.found("language-community", "ada", "bob", "cleo")
    do(town, "dan", people.apply, text="I work on Tetum.")
    assert stands(town, "dan").state is State.APPLICANT
    do(town, "ada", people.sponsor, name="dan")
    with pytest.raises(Unknown):
        town.see(1)
    do(town, "bob", people.sponsor, name="dan")
    assert town.see(1).title == "Admit dan"
    town.tick(hours=73)
    assert stands(town, "dan").is_member
    assert role(town, "dan") is Role.CONTRIBUTOR


def test_a_newcomer_votes_after_the_wait_to_the_second(town, clock):
    town.found("university", "ada", "bob")
    do(town, "dan", people.apply)
    with town.ground.write() as tx:
        powers.admit(tx, "system:test", town.commons_id, town.person("dan").id)
    begins = clock.moment + timedelta(days=30)
    clock.moment = begins - timedelta(microseconds=1)
    assert not stands(town, "dan").is_elector
    assert electors(town) == ["ada", "bob"]
    clock.moment = begins
    assert stands(town, "dan").is_elector
    assert electors(town) == ["ada", "bob", "dan"]


def test_a_lone_member_is_sponsor_enough(town):
    town.found("university", "ada")
    do(town, "dan", people.apply)
    assert do(town, "ada", people.sponsor, name="dan").is_met
    town.tick(hours=73)
    town.tick(days=30)
    assert stands(town, "dan").is_member


def test_nobody_is_admitted_unasked_or_without_sponsors(town):
    town.found("language-community", "ada", "bob", "cleo")
    town.person("dan")
    with pytest.raises(Invalid, match="has not applied"):
        town.propose("ada", "member.admit", payload={"name": "dan"})
    do(town, "dan", people.apply)
    with pytest.raises(Invalid, match="still needs 2 more sponsors, or 3 more merged"):
        town.propose("ada", "member.admit", payload={"name": "dan"})
    with pytest.raises(Conflict, match="already"):
        do(town, "dan", people.apply)
    with pytest.raises(Denied, match="Only members of lab"):
        do(town, "eve", people.sponsor, name="dan")
    do(town, "ada", people.sponsor, name="dan")
    with pytest.raises(Conflict, match="already"):
        do(town, "ada", people.sponsor, name="dan")


def test_who_took_their_application_back_is_not_admitted_by_the_vote_on_it(town):
    town.found("university", "ada", "bob")
    do(town, "dan", people.apply)
    do(town, "ada", people.sponsor, name="dan")
    do(town, "dan", actions.withdraw)
    town.tick(days=8)
    assert town.see(1).state == "enact_failed"
    assert stands(town, "dan").state is State.VISITOR


def test_one_leaves_at_once_with_every_right_and_may_come_back_by_admission(town):
    town.found("university", "ada", "bob")
    with town.ground.write() as tx:
        powers.seat(tx, "system:test", town.commons_id, "steward", town.person("bob").id)
    assert role(town, "bob") is Role.WRITE
    do(town, "bob", people.leave)
    assert role(town, "bob") is None
    assert stands(town, "bob").state is State.LEFT
    assert electors(town) == ["ada"]
    do(town, "bob", people.apply)
    assert stands(town, "bob").state is State.APPLICANT


def test_who_rests_leaves_the_count_and_returns_by_one_click(town):
    town.found("university", "ada", "bob")
    do(town, "bob", people.rest)
    assert electors(town) == ["ada"]
    assert role(town, "bob") is Role.CONTRIBUTOR
    do(town, "bob", actions.return_)
    assert electors(town) == ["ada", "bob"]


def test_who_does_nothing_for_a_year_rests_and_who_does_something_does_not(town, clock):
    town.found("university", "ada", "bob")
    for name in ("ada", "bob"):
        with town.ground.write() as tx:
            actions.note_activity(tx, town.commons_id, town.person(name).id)
    clock.advance(days=200)
    town.propose("ada")
    clock.advance(days=166)
    jobs.rest(town.ground, {})
    assert stands(town, "ada").state is State.MEMBER
    assert stands(town, "bob").state is State.EMERITUS
    clock.advance(days=200)
    jobs.rest(town.ground, {})
    assert stands(town, "ada").state is State.EMERITUS


def test_a_suspension_takes_vote_and_writing_and_ends_by_itself(town, clock):
    town.found("university", "ada", "bob")
    until = clock.moment + timedelta(days=90)
    with town.ground.write() as tx:
        powers.suspend(tx, "system:test", town.commons_id, town.person("bob").id, until)
        bob = accounts.actor_named(tx, "bob")
    assert electors(town) == ["ada"]
    assert not identity_rules.may_create(bob, town.account_id)
    clock.moment = until
    assert electors(town) == ["ada", "bob"]
    with town.ground.read() as tx:
        assert identity_rules.may_create(accounts.actor_named(tx, "bob"), town.account_id)
    town.tick()
    assert stands(town, "bob").state is State.MEMBER


def test_an_institution_has_the_votes_and_its_admins_cast_them(town):
    town.found("consortium", "ada")
    town.person("rita")
    with town.ground.write() as tx:
        rita = accounts.actor_named(tx, "rita")
        school = commons.found_organisation(tx, rita, name="school")
    with pytest.raises(Denied, match="Only who administers school"):
        do(town, "ada", people.apply, institution="school")
    do(town, "rita", people.apply, institution="school")
    with town.ground.write() as tx:
        powers.admit(tx, "system:test", town.commons_id, school.id, is_founder=True)
        voices = queries.voices(tx, town.commons_id, rita.id)
        assert [(each.name, each.votes) for each in voices] == [("school", 1)]
        assert queries.voices(tx, town.commons_id, town.person("ada").id) == []
    assert electors(town) == ["school"]


def test_nobody_administers_where_members_decide(town):
    town.found("university", "ada", "bob")
    with town.ground.write() as tx:
        powers.obey(tx, town.commons_id, town.person("ada").id)
    assert role(town, "ada") is Role.CONTRIBUTOR
    with pytest.raises(Denied), town.ground.write() as tx:
        identity.set_role(
            tx,
            accounts.actor_named(tx, "ada"),
            organisation="lab",
            person="bob",
            role=Role.ADMIN,
        )
