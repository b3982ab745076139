"""Whoever proposed something hears what became of it, and voters that there is a vote."""

from tests.commons.proposals.test_institutions import institution
from tests.support.commons import Town


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
