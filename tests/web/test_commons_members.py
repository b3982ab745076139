"""Members and offices of a commons, by forms alone."""

import pytest

from iriai.base.events import HUB
from iriai.commons import enactment, jobs
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Preset
from iriai.commons.membership import queries as membership
from iriai.identity import queries as accounts
from iriai.identity.rules import Actor
from iriai.identity.tables import Account
from tests.commons.proposals.test_institutions import institution
from tests.support.commons import Town
from tests.web.conftest import text

HERE = "/commons/lab/members"
STEWARDS = "/commons/lab/seats/steward"


@pytest.fixture
def lab(ada):
    with ada.ground.read() as tx:
        actor = accounts.actor_named(tx, "ada")
    enactment.found(ada.ground, actor, name="lab", preset=Preset.UNIVERSITY)
    return ada


def test_applying_being_vouched_for_and_admitted(lab, clock):
    bob = lab.other().join("bob")
    assert "You are a visitor" in text(bob.see(HERE))
    bob.send(HERE, do="apply", text="I work on Tetum.")
    page = text(lab.see(HERE))
    assert "I work on Tetum." in page
    assert "Sponsors: 0 of 1" in page
    assert "bob has applied and still needs 1 more sponsor" in page
    lab.send(HERE, do="sponsor", name="bob")
    assert "The members decide." in text(lab.see(HERE))
    clock.advance(days=5)
    jobs.tick(lab.ground, {})
    assert "You are a member. You have a vote from" in text(bob.see(HERE))
    bob.send(HERE, do="rest")
    assert "You rest" in text(bob.see(HERE))
    bob.send(HERE, do="return")
    bob.send(HERE, do="leave")
    assert "You are a visitor" in text(bob.see(HERE))


def test_a_mistake_is_said_on_the_page(lab):
    bob = lab.other().join("bob")
    bob.send(HERE, do="apply", text="x")
    refused = bob.client.post(HERE, data={"do": "apply", "text": "x"})
    assert refused.status_code == 409
    assert "You have applied already" in text(refused)
    assert lab.client.post(HERE, data={"do": "dance"}).status_code == 400


def test_an_election_from_its_call_to_its_ballot(lab, clock):
    assert "Nobody holds this office" in text(lab.see(STEWARDS))
    lab.send(STEWARDS, do="call")
    lab.send(STEWARDS, do="nominate", name="ada")
    page = text(lab.see(STEWARDS))
    assert "ada stands" in page
    assert "A steward looks after the day" in page
    assert "An election runs: steward. Nominations close on 12 January 2026" in text(lab.see(HERE))
    assert "Nominations close on 12 January 2026" in page
    now = text(lab.see("/commons/lab"))
    assert "Elections of steward take nominations until 12 January 2026" in now
    assert "An election runs: steward" in now
    clock.advance(days=7)
    jobs.tick(lab.ground, {})
    assert "To the ballot" in text(lab.see(STEWARDS))


def test_whoever_looks_sees_it_without_an_account(lab):
    stranger = lab.other()
    assert "Sign in to apply" in text(stranger.see(HERE))
    stranger.see(STEWARDS)
    stranger.see("/commons/lab/seats/queen", status=404)
    stranger.see("/commons/hub/members")


def test_the_hub_of_one_person_says_who_that_is(ada):
    assert "Nobody with an account holds this yet" in text(ada.see("/commons/hub/members"))
    assert "whoever runs the hub decides" in text(ada.see("/commons/hub"))
    assert "Sign in to apply" not in text(ada.other().see("/commons/hub/members"))
    with ada.ground.write() as tx:
        tx.session.get_one(Account, accounts.account(tx, "ada").id).is_operator = True
    page = text(ada.see("/commons/hub/members"))
    assert "ada decides here alone" in page
    assert "Members 1" in page
    assert "You decide here alone" in page
    assert "You are a visitor" in text(ada.other().join("bob").see("/commons/hub/members"))


def test_whoever_speaks_for_an_institution_lets_it_rest_and_return(ada):
    town = Town(ada.ground)
    town.people["ada"] = ada_actor(ada)
    town.found("consortium", "olga")
    institution(town, "school", "ada")
    page = ada.see("/commons/lab/members")
    assert "You speak for school" in text(page)
    assert "all who are from it count once" in text(page)
    ada.send("/commons/lab/members", do="rest", institution="school")
    assert "It rests: it has no vote until it returns." in text(ada.see("/commons/lab/members"))
    ada.send("/commons/lab/members", do="return", institution="school")
    assert "It rests" not in text(ada.see("/commons/lab/members"))


def test_whoever_speaks_for_an_institution_asks_a_seat_back_in_its_name(ada):
    town = Town(ada.ground)
    town.people["ada"] = ada_actor(ada)
    town.found("consortium", "olga")
    institution(town, "school", "ada")
    for other in ("museum", "college", "archive", "theatre", "library"):
        institution(town, other, f"{other}-admin")
    town.seat("olga", "steward")
    with town.ground.read() as tx:
        (held,) = membership.stewards(tx, town.commons_id)
    ada.send(STEWARDS, do="petition", seat=str(held.id), text="Merged without review.")
    page = text(ada.see(STEWARDS))
    assert "Signed by ada for school." in page
    assert "Sign for" not in page


def ada_actor(ada):
    with ada.ground.read() as tx:
        return Actor(id=accounts.account(tx, "ada").id, name="ada")


ADMIT = "/commons/hub/proposals/new?action=member.admit"


def test_a_second_member_is_admitted_by_forms_and_both_choose_how_they_decide(ada):
    with ada.ground.write() as tx:
        tx.session.get_one(Account, accounts.account(tx, "ada").id).is_operator = True
    enactment.publish_charter(ada.ground, HUB)
    bob = ada.other().join("bob")
    assert "Ask ada." in text(bob.see("/commons/hub/members"))
    assert 'name="p_name"' in ada.see(ADMIT).text
    asked = {"action": "member.admit", "p_name": "bob"}
    words = "Admit bob as a member."
    assert words in text(ada.send("/commons/hub/proposals/new", status=200, **asked))
    ada.send("/commons/hub/proposals/new", shown=words, **asked)
    jobs.tick(ada.ground, {})
    again = {**asked, "shown": words}
    assert "bob belongs to hub already" in text(
        ada.send("/commons/hub/proposals/new", status=400, **again)
    )
    for person in (ada, bob):
        for page in ("/commons/hub", "/commons/hub/members", "/commons/hub/found"):
            assert "ada and bob" in text(person.see(page))
        assert 'href="/commons/hub/found"' in person.see("/commons/hub").text
    made = ada.send("/commons/hub/found", preset="university").headers["location"]
    with ada.ground.read() as tx:
        assert charters.in_force(tx, HUB).preset is Preset.OWNERS
    assert "for the word of bob" in text(ada.see(made))
    assert "Give your word" in text(bob.see("/commons/hub"))
    bob.send(made, act="second")
    jobs.tick(ada.ground, {})
    with ada.ground.read() as tx:
        assert charters.in_force(tx, HUB).preset is Preset.UNIVERSITY
    assert "Members 2" in text(bob.see("/commons/hub/members"))


def test_whoever_belongs_without_owning_decides_nothing_but_the_choice_after_solo(ada):
    with ada.ground.write() as tx:
        tx.session.get_one(Account, accounts.account(tx, "ada").id).is_operator = True
    bob = ada.other().join("bob")
    asked = {"action": "member.admit", "shown": "Admit bob as a member.", "p_name": "bob"}
    ada.send("/commons/hub/proposals/new", **asked)
    jobs.tick(ada.ground, {})
    said = {"action": "statement", "p_text": "We like tea.", "shown": "Say: We like tea."}
    made = bob.send("/commons/hub/proposals/new", **said).headers["location"]
    assert "for the word of the owners" in text(bob.see(made))
    made = ada.send("/commons/hub/found", preset="consortium").headers["location"]
    bob.send(made, act="object", reason="People shall vote, not institutions.")
    jobs.tick(ada.ground, {})
    with ada.ground.read() as tx:
        assert charters.in_force(tx, HUB).preset is Preset.OWNERS


def test_a_commons_whose_members_all_rest_says_so(lab):
    lab.send(HERE, do="rest")
    for page in (HERE, "/commons/lab"):
        said = text(lab.see(page))
        assert "All members rest, and nobody decides here until one of them returns" in said
        assert "No member has an account yet" not in said
        assert "whoever runs the hub decides" not in said


def test_a_visitor_of_a_consortium_is_told_that_institutions_vote(ada):
    Town(ada.ground).found("consortium", "olga")
    said = text(ada.see(HERE))
    assert "Institutions vote here; a person belongs without a vote" in said
    assert "You have a vote at once" not in said
