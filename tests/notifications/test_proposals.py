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
    what = "proposal 1 of lab (“Say: We like tea”)"
    assert f"Bob seconded {what}" in said["ada"]
    assert f"Bob objected to {what}, with a reason" in said["ada"]
    assert f"The vote on {what} is open, and you have a voice in it" in said["bob"]
    town.vote("bob", 1, 1, 2)
    assert [each.verb for each in unread(village, "bob")] == ["admitted"]
    assert f"The vote on {what} is open, and you have voted" in [
        words for _, words in village.told("bob")
    ]
    assert [each.verb for each in unread(village, "ada")].count("opened the vote on") == 1
    town.tick(days=14)
    assert "opened the vote on" not in [each.verb for each in unread(village, "ada")]
    assert f"The vote on {what} is over" in [words for _, words in village.told("ada")]


def unread(village, name):
    return [each.notification for each in village.noted(name, unread=True)]


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
    what = "proposal 1 of lab (“Say: We like tea”)"
    opened = f"The vote on {what} is open, and you have a voice in it"
    assert opened in [words for _, words in village.told("bob")]


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
