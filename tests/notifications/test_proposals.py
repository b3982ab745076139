"""Whoever proposed something hears what became of it, and voters that there is a vote."""

from tests.commons.proposals.test_institutions import institution
from tests.support.commons import Town

from iriai.commons.charter.rules import Action
from iriai.notifications import wording


def test_proposers_and_voters_hear_what_concerns_them(village):
    town = Town(village.ground)
    for name in ("ada", "bob"):
        town.people[name] = village.actor(name)
    town.found("university", "ada", "bob")
    village.read_log()
    town.propose("ada")
    town.second("bob", 1)
    town.object("bob", 1)
    village.ground.clock.advance(days=7)
    town.tick()
    said = {name: [words for _, words in village.told(name)] for name in ("ada", "bob")}
    assert "Bob seconded proposal 1 of lab" in said["ada"]
    assert "Bob objected to proposal 1 of lab, with a reason" in said["ada"]
    assert "The vote on proposal 1 of lab is open, and you have a voice in it" in said["bob"]


def test_who_speaks_for_an_institution_hears_what_concerns_it(village):
    town = Town(village.ground)
    for name in ("ada", "bob"):
        town.people[name] = village.actor(name)
    town.found("consortium", "ada")
    institution(town, "school", "bob")
    village.read_log()
    assert "school is a member of lab, and you speak for it" in [
        words for _, words in village.told("bob")
    ]
    town.propose("ada")
    town.object("ada", 1)
    town.second("bob", 1)
    village.ground.clock.advance(days=5)
    town.tick()
    assert "The vote on proposal 1 of lab is open, and you have a voice in it" in [
        words for _, words in village.told("bob")
    ]


def test_an_allotment_is_told_by_name_to_whoever_speaks_for_an_institution(village):
    town = Town(village.ground)
    for name in ("ada", "bob"):
        town.people[name] = village.actor(name)
    town.found("consortium", "ada")
    institution(town, "school", "bob")
    hours = {"unit": "gpu_hours", "by": "The ministry", "amount": "4000"}
    asked = {"unit": "gpu_hours", "amount": "50", "project": "a tagger"}
    payloads = (hours, asked | {"name": "ada"}, asked | {"name": "school"})
    for number, payload in enumerate(payloads, 1):
        action = Action.POOL_DECLARE if number == 1 else Action.POOL_ALLOT_SMALL
        town.propose("ada", action, payload=payload, voice="ada")
        town.second("bob", number)
        town.tick(days=6)
    mine, others = village.told("ada"), village.told("bob")
    assert ("you", "You have an allotment for a tagger from the pot of lab") in mine
    assert ("own", "school has an allotment for a tagger from the pot of lab") in others
    assert not any("You have an allotment" in words for _, words in others)
    led = [
        wording.path(each) for each in village.noted("bob") if "pot/" in each.notification.subject
    ]
    assert set(led) == {"/commons/lab/pot"}
