"""Votes: who may, until when, and what small groups come to."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from iriai.base.errors import Conflict, Denied, HubError, Invalid
from iriai.commons.charter.rules import Action
from iriai.commons.counting import ballot_export
from iriai.commons.counting.ballot_export import SmallQuorum
from iriai.commons.enactment import rival
from iriai.commons.proposals import actions, allowed
from iriai.commons.proposals.rules import State
from iriai.commons.proposals.tables import BallotRow, TallyRow

YES, NO = (1, 2), (2, 1)


def voted_on(town, *members, preset="university", action="statement"):
    """A statement that came to a vote by an objection, and is open to it."""
    town.found(preset, *members)
    made = town.propose(members[0], action)
    town.object(members[-1], made.number)
    if len(members) > 1:
        town.second(members[1], made.number)
    town.tick(days=7)
    assert town.see(made.number).state is State.VOTING
    return made.number


@pytest.mark.parametrize(
    ("electors", "needed"),
    [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (9, 5), (16, 6), (100, 15), (1045, 49)],
)
def test_the_quorum_of_a_small_group_can_always_be_met(electors, needed):
    quorum = SmallQuorum(electors)
    assert quorum.votes == needed
    assert not quorum.is_met_by(needed - 1)
    assert needed - 1 < quorum.figure <= needed


def test_the_quorum_of_1045_electors_is_48_4897():
    assert round(SmallQuorum(1045).figure, 4) == 48.4897
    assert SmallQuorum(10_000_000_000).votes == 150_000  # found without trying each


@pytest.mark.parametrize(
    ("members", "ballots", "state"),
    [
        (["ada"], {"ada": YES}, State.ENACTED),
        (["ada"], {"ada": NO}, State.FAILED),
        (["ada"], {}, State.NO_QUORUM),
        (["ada", "bob"], {"ada": YES, "bob": YES}, State.ENACTED),
        (["ada", "bob"], {"ada": YES}, State.NO_QUORUM),
        (["ada", "bob"], {"ada": YES, "bob": NO}, State.FAILED),
        (["ada", "bob", "cyd"], {"ada": YES, "bob": YES, "cyd": YES}, State.ENACTED),
        (["ada", "bob", "cyd"], {"ada": YES, "bob": YES}, State.NO_QUORUM),
        (["ada", "bob", "cyd", "dan"], dict.fromkeys(["ada", "bob", "cyd"], YES), State.ENACTED),
        (
            ["ada", "bob", "cyd", "dan"],
            {"ada": YES, "bob": YES, "cyd": YES, "dan": NO},
            State.ENACTED,
        ),
    ],
)
def test_what_small_groups_come_to(town, members, ballots, state):
    number = voted_on(town, *members)
    for name, marks in ballots.items():
        town.vote(name, number, *marks)
    town.tick(days=10)
    town.tick()
    assert town.see(number).state is state


def test_a_ballot_can_be_changed_until_the_close_and_names_its_voter(town):
    number = voted_on(town, "ada", "bob", "cyd", "dan")
    for name in ("ada", "bob", "cyd"):
        town.vote(name, number, *NO)
    for name in ("ada", "bob", "cyd"):
        town.vote(name, number, *YES)
    town.ground.clock.advance(days=10)
    with pytest.raises(Conflict):
        town.vote("dan", number, *NO)
    town.tick()
    tally = town.tally(number)
    assert tally.count["winner"] == "Say: We like tea."
    assert {each["voter"] for each in tally.sheet["ballots"]} == {"ada", "bob", "cyd"}


def test_the_second_of_the_close_is_too_late_whoever_wrote_it_down(town):
    """The rule by itself: at the doors the vote has been counted by then."""
    found = town.see(voted_on(town, "ada", "bob"))
    allowed.require_may_vote(found, found.due_at - timedelta(seconds=1))
    with pytest.raises(Conflict, match="time for this is over"):
        allowed.require_may_vote(found, found.due_at)


def test_who_joins_after_the_opening_has_no_vote_here(town):
    number = voted_on(town, "ada", "bob")
    town.join("eve")
    with pytest.raises(Denied, match="when this vote opened"):
        town.vote("eve", number, *YES)


def test_who_waits_to_be_an_elector_has_no_vote_yet(town):
    town.found("university", "ada", "bob")
    town.join("eve", is_founder=False)
    made = town.propose("ada")
    town.object("eve", made.number)
    town.second("bob", made.number)
    town.tick(days=7)
    with pytest.raises(Denied):
        town.vote("eve", made.number, *YES)


@pytest.mark.parametrize("marks", [(1,), (1, 2, 3), (0, 1), (1, 3), (None, None)])
def test_a_ballot_that_makes_no_sense_is_refused(town, marks):
    number = voted_on(town, "ada", "bob")
    with pytest.raises(Invalid):
        town.vote("ada", number, *marks)


def test_rivals_stand_on_one_ballot_with_keeping_things(town):
    town.found("university", "ada", "bob", "cyd")
    made = town.propose("ada")
    town.object("cyd", made.number)
    town.second("bob", made.number)
    with town.ground.write() as tx:
        found = rival(
            tx,
            town.person("cyd"),
            town.commons_id,
            made.number,
            action=Action.STATEMENT,
            payload={"text": "We like coffee."},
        )
    assert [each.words for each in found.options] == [
        "Say: We like tea.",
        "Say: We like coffee.",
        "Keep things as they are",
    ]
    town.tick(days=7)
    for name in ("ada", "bob", "cyd"):
        town.vote(name, made.number, 2, 1, 3)
    town.tick(days=10)
    town.tick()
    found = town.see(made.number)
    assert found.state is State.ENACTED
    assert found.options[found.chosen].payload == {"text": "We like coffee."}


def test_a_rival_that_needs_a_stricter_vote_is_proposed_by_itself(town):
    town.found("university", "ada", "bob", "cyd")
    made = town.propose("ada")
    town.object("cyd", made.number)
    with town.ground.write() as tx, pytest.raises(HubError):
        rival(
            tx,
            town.person("cyd"),
            town.commons_id,
            made.number,
            action=Action.CHARTER_AMEND,
            payload={"text": "x"},
        )


def test_a_tie_keeps_things_unless_an_office_has_the_casting_vote(town):
    text = town.preset("university").replace(
        "significant: {path: vote,", "significant: {path: vote, casting: steward,"
    )
    for casting in (False, True):
        town.name = "lab2" if casting else "lab"
        chosen = text.replace("commons: lab", "commons: lab2") if casting else None
        town.found("university", "ada", "bob", "cyd", "dan", text=chosen)
        if casting:
            town.seat("ada", "steward")
        made = town.propose("ada")
        town.object("cyd", made.number)
        town.second("bob", made.number)
        with town.ground.write() as tx:
            rival(
                tx,
                town.person("cyd"),
                town.commons_id,
                made.number,
                action=Action.STATEMENT,
                payload={"text": "We like coffee."},
            )
        town.tick(days=7)
        for name, marks in {
            "ada": (1, 2, 3),
            "bob": (1, 2, 3),
            "cyd": (2, 1, 3),
            "dan": (2, 1, 3),
        }.items():
            town.vote(name, made.number, *marks)
        town.tick(days=10)
        found = town.see(made.number)
        if not casting:
            assert found.state is State.FAILED
            assert "tie" in found.failure
            continue
        assert found.state is State.TIED
        with town.ground.write() as tx, pytest.raises(Denied):
            actions.break_tie(tx, town.person("bob"), town.commons_id, made.number, place=1)
        with town.ground.write() as tx:
            actions.break_tie(tx, town.person("ada"), town.commons_id, made.number, place=1)
        town.tick()
        assert town.see(made.number).chosen == 1
        assert town.see(made.number).state is State.ENACTED


def test_a_hundred_ballots_of_one_person_at_once_count_once(any_town):
    number = voted_on(any_town, "ada", "bob")

    def one(_):
        with suppress(HubError):
            any_town.vote("ada", number, *YES)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(100)))
    any_town.vote("bob", number, *YES)
    any_town.tick(days=10)
    assert any_town.tally(number).count["turnout"] == 2
    with any_town.ground.read() as tx:
        assert tx.session.scalar(select(func.count()).select_from(BallotRow)) == 2


def test_workers_that_count_at_once_publish_once(any_town):
    number = voted_on(any_town, "ada", "bob")
    any_town.vote("ada", number, *YES)
    any_town.vote("bob", number, *YES)
    any_town.ground.clock.advance(days=10)

    def advance(_):
        with any_town.ground.write() as tx:
            actions.advance(tx, any_town.see(number).id)
        any_town.tick()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(advance, range(8)))
    with any_town.ground.read() as tx:
        from iriai.base.events import Event

        assert tx.session.scalar(select(func.count()).select_from(TallyRow)) == 1
        for verb in ("counted", "passed", "stated", "enacted"):
            asked = select(func.count()).where(Event.verb == verb)
            assert tx.session.scalar(asked) == 1, verb


def test_the_published_sheet_counts_to_the_published_outcome(town):
    import json

    number = voted_on(town, "ada", "bob", "cyd", "dan")
    for name in ("ada", "bob", "cyd"):
        town.vote(name, number, *YES)
    town.tick(days=10)
    tally = town.tally(number)
    again = ballot_export.read(json.dumps(tally.sheet).encode())
    assert ballot_export.count(again) == tally.count


def test_keeping_things_is_on_every_ballot_and_can_win(town):
    number = voted_on(town, "ada", "bob", "cyd", "dan")
    for name, marks in {"ada": YES, "bob": YES, "cyd": NO, "dan": NO}.items():
        town.vote(name, number, *marks)
    town.tick(days=10)
    assert town.see(number).state is State.FAILED
