"""What was given for a time ends in its second, whether or not a clock has written it down."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.overlap import overlapping

from iriai.base.errors import Denied
from iriai.identity import actions, powers, queries, rules
from iriai.identity.rules import Act, Actor, Reach, Restraint, Restriction, Role, Subject

SECOND = timedelta(seconds=1)
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def people(ground):
    """Ada, who founded `lab`, and Bob, with a token each of them may use."""
    for name in ("ada", "bob"):
        actions.add_person(ground, rules.OPERATOR, name=name)
    with ground.write() as tx:
        lab = actions.add_organisation(tx, queries.actor_named(tx, "ada"), name="lab")
        bob = queries.actor_named(tx, "bob")
        token = actions.mint_token(tx, bob, name="t", role=Reach.WRITE).raw
        return lab.id, bob.id, token


def bob_now(ground, token) -> Actor:
    with ground.read() as tx:
        return queries.actor_by_token(tx, token)


def test_a_role_ends_in_the_second_of_its_term(ground, clock, people):
    lab, bob, token = people
    ends = clock.moment + timedelta(days=30)
    with ground.write() as tx:
        powers.set_role_until(tx, bob, lab, Role.WRITE, until=ends, role_after=Role.CONTRIBUTOR)
    clock.moment = ends - INSTANT
    assert bob_now(ground, token).roles == {lab: Role.WRITE}
    clock.moment = ends
    assert bob_now(ground, token).roles == {lab: Role.CONTRIBUTOR}
    with ground.read() as tx:
        assert [(each.name, each.role) for each in queries.members(tx, lab)] == [
            ("ada", Role.ADMIN),
            ("bob", Role.CONTRIBUTOR),
        ]


def test_a_role_after_which_nothing_remains_is_gone_with_its_term(ground, clock, people):
    lab, bob, token = people
    ends = clock.moment + SECOND
    with ground.write() as tx:
        powers.set_role_until(tx, bob, lab, Role.WRITE, until=ends)
    assert bob_now(ground, token).roles == {lab: Role.WRITE}
    clock.moment = ends
    assert bob_now(ground, token).roles == {}
    with ground.read() as tx:
        assert queries.members_count(tx, lab) == 1
        assert queries.organisations_of(tx, bob) == []


def test_who_keeps_a_repository_writes_to_it_and_to_no_other_until_the_day(ground, clock, people):
    lab, bob, token = people
    ends = clock.moment + timedelta(days=730)
    with ground.write() as tx:
        powers.set_role_until(tx, bob, lab, Role.CONTRIBUTOR)
        powers.make_maintainer(tx, bob, 7, ends)
    actor = bob_now(ground, token)
    assert rules.may_write(actor, lab, 7)
    assert rules.may_administer(actor, lab, 7)
    assert not rules.may_write(actor, lab, 8)
    clock.moment = ends
    assert not rules.may_write(bob_now(ground, token), lab, 7)


def test_a_restriction_in_one_organisation_stops_nothing_elsewhere(ground, clock, people):
    lab, bob, token = people
    ends = clock.moment + timedelta(days=30)
    with ground.write() as tx:
        powers.set_role_until(tx, bob, lab, Role.WRITE)
        powers.restrict(tx, bob, lab, Restriction.WRITE, ends, appeal_at="/commons/lab/cases/1")
    actor = bob_now(ground, token)
    assert not rules.may_write(actor, lab, 1)
    assert rules.may_read(actor, lab, 1)
    assert rules.may_write(actor, bob, 2)
    with pytest.raises(
        Denied, match=r"in lab until 4 February 2026, 09:00 UTC.*cases/1"
    ) as refused:
        rules.require_may(actor, Act.WRITE, Subject(lab, 1))
    assert refused.value.code == "Restricted"
    clock.moment = ends
    assert rules.may_write(bob_now(ground, token), lab, 1)


def test_who_is_suspended_from_the_hub_signs_in_and_reads_and_can_leave(ground, clock, people):
    _, bob, token = people
    ends = clock.moment + timedelta(days=90)
    with ground.write() as tx:
        powers.restrict(tx, bob, None, Restriction.SUSPEND, ends)
    actor = bob_now(ground, token)
    assert rules.may_read(actor, bob, 2)
    assert rules.may_administer(actor, bob, 2)  # delete what is one's own
    assert not rules.may_create(actor, bob)
    assert not rules.may_write(actor, bob, 2)
    with pytest.raises(Denied, match="only read, appeal, export and leave on this hub"):
        rules.require_may(actor, Act.CREATE, Subject(bob))
    with ground.write() as tx:
        powers.lift(tx, bob, None)
    assert rules.may_create(bob_now(ground, token), bob)


def test_a_visitor_can_be_restricted_where_they_have_no_role(ground, people):
    lab, bob, token = people
    public = Subject(lab, 1, is_public=True)
    assert rules.may(bob_now(ground, token), Act.DISCUSS, public)
    with ground.write() as tx:
        powers.restrict(tx, bob, lab, Restriction.WRITE, None)
    actor = bob_now(ground, token)
    assert not rules.may(actor, Act.DISCUSS, public)
    assert rules.may(actor, Act.READ, public)


def test_roles_kept_repositories_and_restrictions_do_not_hide_each_other(ground, clock, people):
    lab, bob, token = people
    with ground.write() as tx:
        other = actions.add_organisation(tx, queries.actor_named(tx, "bob"), name="other")
        powers.set_role_until(tx, bob, lab, Role.CONTRIBUTOR)
        for repo in (7, 8, 9):
            powers.make_maintainer(tx, bob, repo, clock.moment + SECOND * repo)
        powers.restrict(tx, bob, lab, Restriction.THROTTLE, None)
        powers.restrict(tx, bob, None, Restriction.THROTTLE, None)
        other_id = other.id
    actor = bob_now(ground, token)
    assert actor.roles == {lab: Role.CONTRIBUTOR, other_id: Role.ADMIN}
    assert actor.maintains == {7, 8, 9}
    assert set(actor.restraints) == {lab, rules.EVERYWHERE}
    clock.moment += SECOND * 8
    assert bob_now(ground, token).maintains == {9}


SUBJECTS = st.builds(
    Subject,
    owner_id=st.integers(1, 4),
    repo_id=st.integers(1, 4) | st.none(),
    creator_id=st.integers(1, 4) | st.none(),
    is_public=st.booleans(),
)
ACTORS = st.builds(
    Actor,
    id=st.integers(1, 4),
    name=st.just("ada"),
    roles=st.dictionaries(st.integers(1, 4), st.sampled_from(Role)),
    maintains=st.frozensets(st.integers(1, 4)),
)
RESTRAINTS = st.dictionaries(st.integers(0, 4), st.builds(Restraint, st.sampled_from(Restriction)))


@given(ACTORS, RESTRAINTS, st.sampled_from(Act), SUBJECTS)
def test_a_restriction_only_ever_takes_and_never_takes_reading(actor, restraints, act, subject):
    from dataclasses import replace

    bound = replace(actor, restraints=restraints)
    if rules.may(bound, act, subject):
        assert rules.may(actor, act, subject)
    if act in (Act.READ, Act.READ_GATED, Act.SECURE):
        assert rules.may(bound, act, subject) == rules.may(actor, act, subject)


def test_what_two_commons_do_to_somebody_at_once_binds_both_ways(any_ground, clock):
    made = actions.add_person(any_ground, rules.OPERATOR, name="bob")
    until = clock.moment + timedelta(days=30)
    overlapping(
        any_ground,
        lambda tx: powers.restrict(tx, made.id, None, Restriction.SUSPEND, until),
        lambda tx: powers.make_maintainer(tx, made.id, 7, until),
    )
    with any_ground.read() as tx:
        actor = queries.actor(tx, made.id)
    assert actor.maintains == {7}
    assert actor.restraints
