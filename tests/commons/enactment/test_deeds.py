"""The other deeds: those that begin with a pull request, an application, an election, a round."""

import random

import pytest

from iriai.commons import enactment
from iriai.commons.charter import amending
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action, Preset
from iriai.commons.enactment import people, removals
from iriai.commons.membership import offices, powers
from iriai.commons.membership import queries as membership
from iriai.commons.pot import queries as pots
from iriai.commons.proposals import queries as proposals
from iriai.commons.proposals.rules import State as Stage
from iriai.commons.removal import actions as removal_actions
from iriai.commons.removal import queries as removal_queries
from iriai.identity import queries as accounts
from iriai.identity.rules import ANYONE
from iriai.repos import queries
from iriai.repos.actions import Add
from tests.commons.enactment.test_every_action import (
    BY_OWNERS,
    STEPS_MAX,
    begun,
    ended,
    events,
    labs,
    pools,
    standing,
)
from tests.commons.membership.test_members import do
from tests.conftest import LONG

__all__ = ["labs"]
SAMPLE = 3
HOURS = "gpu_hours"


def repository(town, name, owner="lab"):
    with town.ground.read() as tx:
        return queries.repo(tx, town.person("ada"), "model", f"{owner}/{name}")


def pull(town, repo, name, text):
    """The number of a pull request that puts this file in place of another."""
    return enactment.commit(
        town.ground,
        town.person("bob"),
        repo,
        operations=[Add(name, text.encode())],
        title="Another",
        create_pr=True,
    ).number


def proposed(town, action, **payload):
    return town.propose(town.speaker, action, payload=payload).number


def amended(town, before, after, action):
    """A pull request for this charter, proposed."""
    enactment.publish_charter(town.ground, town.commons_id)
    with town.ground.read() as tx:
        repo, text = amending.repository(tx, town.commons_id), charters.text(tx, town.commons_id)
    assert before in text
    number = pull(town, repo, "CHARTER.yaml", text.replace(before, after, 1))
    return proposed(town, action, pull=number)


def in_force(town):
    with town.ground.read() as tx:
        return charters.in_force(tx, town.commons_id)


def by_members(town, action):
    """Let members decide what a preset leaves to a panel or to stewards alone."""
    if town.rules not in BY_OWNERS:
        with town.ground.read() as tx:
            text = charters.text(tx, town.commons_id)
        found = f"{action}: {in_force(town).actions[action]}"
        assert found in text
        town.charter(text.replace(found, f"{action}: ordinary"))


def called(town, action, title=None):
    """The numbers of what is before the members."""
    with town.ground.read() as tx:
        found = proposals.open_(tx, town.commons_id)
    return [each.number for each in found if each.action is action and title in (None, each.title)]


# -- how each begins -----------------------------------------------------------------------------


def merging(town):
    begun(town, "merged")
    repo = repository(town, "merged")
    if town.rules not in BY_OWNERS:
        town.seat(town.speaker, "maintainer", repo_id=repo.id)
    number = pull(town, repo, "a.txt", "a")
    return proposed(town, Action.RESOURCE_MERGE, repo="lab/merged", number=number)


def returning(town):
    begun(town, "lent")
    return proposed(town, Action.RESOURCE_RETURN, repo="lab/lent", to_owner="bob")


def admitting(town):
    """An applicant for whom members give their word is put to all; owners name somebody."""
    town.person("cyd")
    if town.rules in BY_OWNERS:
        return proposed(town, Action.MEMBER_ADMIT, name="cyd")
    house = {}
    if town.rules is Preset.CONSORTIUM:
        enactment.found(town.ground, town.person("cyd"), name="house-of-cyd")
        house = {"institution": "house-of-cyd"}
    do(town, "cyd", people.apply, text="I speak it.", **house)
    name = house.get("institution", "cyd")
    for sponsor in ("ada", "bob"):
        if not called(town, Action.MEMBER_ADMIT):
            do(town, sponsor, people.sponsor, name=name)
    return called(town, Action.MEMBER_ADMIT)[0]


def expelling(town):
    by_members(town, Action.MEMBER_EXPEL)
    town.join("eve")
    return proposed(town, Action.MEMBER_EXPEL, name="eve")


def electing(town):
    """Nominations, then the ballot that opens by itself."""
    town.join("fay")
    for _ in range(STEPS_MAX):  # the clock may have called one already
        with town.ground.read() as tx:
            if offices.open_election(tx, town.commons_id, "secretary") is None:
                break
        town.tick(days=10)
    with town.ground.write() as tx:
        offices.begin(tx, "system:test", town.commons_id, "secretary")
    speaker = "ada" if town.rules is Preset.CONSORTIUM else "fay"
    do(town, speaker, offices.nominate, role="secretary", name="fay")
    if speaker != "fay":
        do(town, "fay", offices.accept, role="secretary")
    town.tick(days=8)
    return called(town, Action.SEAT_FILL, "Election: secretary")[0]


def recalling(town):
    """A petition with enough names opens the ballot."""
    town.join("hal")
    with town.ground.write() as tx:
        hal = town.person("hal").id
        made = powers.seat(tx, "system:test", town.commons_id, "steward", hal)
        seat_id = made.id
    signed = do(town, "ada", people.petition, seat_id=seat_id, text="Never there.")
    for name in ("bob", "gus"):
        if signed.proposal is None:
            signed = do(town, name, people.sign, petition_id=signed.id)
    return signed.proposal


def member(town):
    return "house-of-ada" if town.rules is Preset.CONSORTIUM else "ada"


def given(town):
    """Something to share, once."""
    if HOURS not in pools(town):
        payload = {"unit": HOURS, "by": "the faculty", "amount": "10000"}
        number = town.propose(town.speaker, Action.POOL_DECLARE, payload=payload).number
        assert ended(town, number).state is Stage.ENACTED


def allotting(town):
    given(town)
    one = {"name": member(town), "amount": "10", "project": "a corpus"}
    return proposed(town, Action.POOL_ALLOT_SMALL, unit=HOURS, **one)


def sharing(town):
    given(town)
    projects = [{"name": member(town), "amount": "20", "project": "a lexicon"}]
    return proposed(town, Action.POOL_ALLOT_ROUND, unit=HOURS, projects=projects)


def reclaiming(town):
    given(town)
    one = {"name": member(town), "amount": "7", "project": "cold"}
    number = proposed(town, Action.POOL_ALLOT_SMALL, unit=HOURS, **one)
    assert ended(town, number).state is Stage.ENACTED
    with town.ground.read() as tx:
        mine = pots.allotments(tx, town.commons_id)
    found = next(each.id for each in mine if each.project == "cold")
    return proposed(town, Action.POOL_RECLAIM, allotment=str(found))


def removing(town):
    """Members decide; where owners do, one of them does it on the page of the request."""
    by_members(town, Action.REMOVAL_DECIDE)
    begun(town, "voices")
    repo = repository(town, "voices")
    with town.ground.write() as tx:
        asked, _ = removal_actions.ask(tx, ANYONE, repo, paths="README.md", words="It is mine.")
        number = asked.number
    if town.rules in BY_OWNERS:
        removals.decide(
            town.ground, town.person("ada"), town.commons_id, number, fulfil=True, reason="So."
        )
        return None
    return proposed(town, Action.REMOVAL_DECIDE, removal=number, fulfil="yes", reason="So.")


def amending_it(town):
    before = f"resource.delist: {in_force(town).actions[Action.RESOURCE_DELIST]}"
    after = "resource.delist: " + ("all" if town.rules in BY_OWNERS else "significant")
    return amended(town, before, after, Action.CHARTER_AMEND)


def amending_what_is_entrenched(town):
    before = f"resource.delete: {in_force(town).actions[Action.RESOURCE_DELETE]}"
    name = "all" if town.rules in BY_OWNERS else "constitutional"
    return amended(town, before, f"resource.delete: {name}", Action.CHARTER_AMEND_ENTRENCHED)


# -- what there is afterwards --------------------------------------------------------------------


def admitted(town):
    name = "house-of-cyd" if town.rules is Preset.CONSORTIUM else "cyd"
    with town.ground.read() as tx:
        account_id = accounts.account(tx, name).id
        there = [each.name for each in accounts.members(tx, town.account_id)]
        is_member = membership.standing(tx, town.commons_id, account_id).is_member
    if town.rules is Preset.SOLO:
        assert in_force(town).preset is Preset.OWNERS  # the second member ends it
        town.charter(town.preset(town.rules))  # as it began, for the other deeds
    return name in there if town.rules in BY_OWNERS else is_member


def allotments(town):
    with town.ground.read() as tx:
        found = pots.allotments(tx, town.commons_id)
    return {each.project: str(each.state) for each in found}


def removed(town):
    with town.ground.read() as tx:
        found = removal_queries.removals(tx, town.commons_id)[0]
    return found.state == "fulfilled" and found.new_revision == repository(town, "voices").head


def decided_by(town, action, name):
    return in_force(town).actions[action] == name


DEEDS = {
    Action.RESOURCE_MERGE: (
        merging,
        lambda town: queries.objects(town.ground, repository(town, "merged").id).find_entry(
            repository(town, "merged").head, "a.txt"
        ),
    ),
    Action.RESOURCE_RETURN: (
        returning,
        lambda town: repository(town, "lent", "bob").held_by == "person",
    ),
    Action.MEMBER_ADMIT: (admitting, admitted),
    Action.MEMBER_EXPEL: (expelling, lambda town: not standing(town, "eve").is_member),
    Action.SEAT_FILL: (electing, lambda town: standing(town, "fay").holds("secretary")),
    Action.SEAT_RECALL: (recalling, lambda town: not standing(town, "hal").seats),
    Action.POOL_ALLOT_SMALL: (allotting, lambda town: allotments(town)["a corpus"] == "granted"),
    Action.POOL_ALLOT_ROUND: (sharing, lambda town: allotments(town)["a lexicon"] == "granted"),
    Action.POOL_RECLAIM: (reclaiming, lambda town: allotments(town)["cold"] == "reclaimed"),
    Action.REMOVAL_DECIDE: (removing, removed),
    Action.CHARTER_AMEND: (
        amending_it,
        lambda town: decided_by(
            town, Action.RESOURCE_DELIST, "all" if town.rules in BY_OWNERS else "significant"
        ),
    ),
    Action.CHARTER_AMEND_ENTRENCHED: (
        amending_what_is_entrenched,
        lambda town: decided_by(
            town, Action.RESOURCE_DELETE, "all" if town.rules in BY_OWNERS else "constitutional"
        ),
    ),
}
OF_MEMBERS = (Action.MEMBER_EXPEL, Action.SEAT_FILL, Action.SEAT_RECALL)
EVERY = [
    (preset, action)
    for preset in Preset
    for action in DEEDS
    if preset not in BY_OWNERS or action not in OF_MEMBERS  # owners have roles, which they give
]
HERE = [each for each in EVERY if each[0] is Preset.UNIVERSITY]
OTHERS = [each for each in EVERY if each[0] is not Preset.UNIVERSITY]
SAMPLED = random.Random(27).sample(HERE, 2 * SAMPLE) + random.Random(27).sample(OTHERS, SAMPLE - 1)


@pytest.mark.parametrize(("preset", "action"), EVERY if LONG else SAMPLED)
def test_what_begins_otherwise_is_done_once_it_has_passed(labs, preset, action):
    town = labs(preset)
    begin, is_done = DEEDS[action]
    number = begin(town)
    if number is None:
        assert is_done(town)
        return
    found = ended(town, number)
    assert found.state is Stage.ENACTED, found.failure
    assert is_done(town)
    before = events(town, found)
    assert before
    town.tick(days=1)
    assert events(town, found) == before
