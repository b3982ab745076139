"""Whoever proposed something hears what became of it, and voters that there is a vote."""

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
