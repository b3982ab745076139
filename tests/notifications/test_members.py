"""What is decided about a member reaches them; what they do themselves does not."""

from tests.commons.membership.test_members import do
from tests.support.commons import Town

from iriai.commons.enactment import people
from iriai.commons.membership import offices, powers


def test_members_candidates_and_holders_hear_what_concerns_them(village):
    town = Town(village.ground)
    for name in ("ada", "bob", "cleo"):
        town.people[name] = village.actor(name)
    town.found("university", "ada", "bob")
    village.read_log()
    do(town, "cleo", people.apply)
    do(town, "ada", people.sponsor, name="cleo")
    do(town, "ada", offices.call_election, role="steward")
    do(town, "ada", offices.nominate, role="steward", name="bob")
    with village.ground.write() as tx:
        powers.seat(tx, "system:test", town.commons_id, "maintainer", town.people["bob"].id)
    said = {name: [words for _, words in village.told(name)] for name in ("ada", "bob", "cleo")}
    assert "ada vouches for you in lab" in said["cleo"]
    assert "The members of lab decide on you" in said["cleo"]
    assert "ada named you for the office of steward in lab; accept, or not" in said["bob"]
    assert "You are maintainer in lab" in said["bob"]
    assert [words for words in said["ada"] if "vouches" in words or "named" in words] == []
