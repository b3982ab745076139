"""From a proposal to the deed: each action is proposed, passes by its rule, and is done once."""

import random

import pytest

from iriai.base.errors import Denied, Gone, Invalid, Unknown
from iriai.base.opening import open_ground
from iriai.buckets import actions as buckets
from iriai.buckets import queries as bucket_queries
from iriai.commons import actions as founding
from iriai.commons import enactment
from iriai.commons.breakglass.rules import Act, State
from iriai.commons.charter import amending, presets, register
from iriai.commons.charter.rules import Action, Parent, Preset
from iriai.commons.enactment import children, operator
from iriai.commons.membership import queries as membership
from iriai.commons.pot import queries as pots
from iriai.commons.proposals import queries as proposals
from iriai.commons.proposals.rules import State as Stage
from iriai.identity import queries as accounts
from iriai.identity.rules import ANYONE, Role
from iriai.repos import queries
from iriai.repos.actions import Add
from iriai.repos.tables import RepoRow
from iriai.settings import Settings
from tests.commons.proposals.test_institutions import institution
from tests.conftest import LONG, StandingClock
from tests.support.commons import Town

VOTERS = ("ada", "bob", "gus")
BY_OWNERS = (Preset.SOLO, Preset.OWNERS)
STEPS_MAX = 6
SAMPLE = 3


@pytest.fixture(scope="module")
def labs(tmp_path_factory):
    """The commons `lab` of each preset, made when it is asked for."""
    made = {}

    def of(preset):
        if preset not in made:
            folder = tmp_path_factory.mktemp("lab")
            ground = open_ground(Settings(data=folder), now=StandingClock())
            made[preset] = founded(Town(ground), preset)
        return made[preset]

    yield of
    for town in made.values():
        town.ground.engine.dispose()


@pytest.fixture(scope="module")
def lab(labs):
    """A university's commons of three electors, a steward among them, which holds one model."""
    return labs(Preset.UNIVERSITY)


def founded(town, preset):
    """Three who decide, of their institutions where these do, and a steward where there are any."""
    by_houses = preset is Preset.CONSORTIUM
    town.found(preset, *VOTERS, *(["olga"] if by_houses else []))
    town.rules = preset
    town.speaker = "ada" if preset in BY_OWNERS else "olga" if by_houses else "gus"
    for name in VOTERS if by_houses else ():
        institution(town, f"house-of-{name}", name)
    if preset not in BY_OWNERS:
        town.seat(town.speaker, "steward", days=3_000)
    begun(town, "tiny")
    return town


def begun(town, name):
    """A model of the commons, made at once or, by an agency, by its members' decision."""
    try:
        make(town, name)
    except Denied:
        payload = {"kind": "model", "name": name, "visibility": "public"}
        assert decided(town, Action.RESOURCE_CREATE, payload).state is Stage.ENACTED


def make(town, name):
    repo = enactment.create_repository(
        town.ground, town.person("ada"), kind="model", owner="lab", name=name
    )
    added = [Add("README.md", b"---\nlicense: mit\n---\n# Tea\n")]
    enactment.commit(town.ground, town.person("ada"), repo, operations=added, title="card")
    return repo


def decided(town, action, payload, by=None):
    """Take a proposal to its end, with everybody for it: at once, lazily or by a vote."""
    by = by or town.speaker
    return ended(town, town.propose(by, action, payload=payload).number, by)


def ended(town, number, by=None):
    """Take to its end what was proposed or called."""
    for _ in range(STEPS_MAX):
        found = town.see(number)
        if found.state is Stage.VOTING:
            others = 2 if found.budget is None else 1
            for name in voters(town, found):
                town.vote(name, number, *[1] + [others] * (len(found.options) - 1))
        elif found.is_running and not any(each.name == "bob" for each in found.seconds):
            for name in sorted({"ada", "bob"} - {by}):
                if town.see(number).state is not Stage.VOTING:
                    town.second(name, number)
            if town.see(number).state is Stage.VOTING:  # it opened with that
                continue
        if not town.see(number).is_running:
            break
        town.tick(days=15)
    town.tick()
    return town.see(number)


def voters(town, found):
    """Who votes: everybody who has a vote in it, or speaks for an institution that has."""
    if town.rules is Preset.CONSORTIUM:
        return VOTERS
    with town.ground.read() as tx:
        mine = proposals.electors(tx, found.id)
    return [name for name, actor in town.people.items() if actor.id in mine]


def row(town, name="tiny"):
    with town.ground.read() as tx:
        repo = queries.repo(tx, town.person("ada"), "model", f"lab/{name}")
        return tx.session.get_one(RepoRow, repo.id)


def standing(town, name):
    with town.ground.read() as tx:
        return membership.standing(tx, town.commons_id, town.person(name).id)


def restraint(town, name):
    with town.ground.read() as tx:
        return accounts.actor_named(tx, name).restraints[town.account_id].kind


def events(town, found):
    """What the log has of this decision."""
    from sqlalchemy import text

    with town.ground.read() as tx:
        rows = tx.connection.execute(text("SELECT actor, verb FROM events")).all()
    name = f"system:decision/lab/{found.number}"
    return [each.verb for each in rows if each.actor == name]


def child(town):
    """A commons whose charter names the lab's as its parent."""
    town.person("cyd")
    town.charter(town.preset(town.rules))  # as it began, whatever came between
    with town.ground.write() as tx:
        made = founding.found_organisation(tx, town.person("cyd"), name="valley")
    with town.ground.read() as tx:
        from iriai.commons.charter import queries as charters

        digest = charters.version(tx, town.commons_id).digest
    text = presets.text(town.rules, "valley", parent=Parent(commons="lab", digest=digest))
    with town.ground.write() as tx:
        register.enter(tx, made.commons_id, text, decision="founding")
        tx.record(made.commons_id, "system:test", "founded", "charter/valley")
    return {"child": "valley"}


def glass(town):
    """An act of the operator that stands."""
    with town.ground.write() as tx:
        made = operator.break_glass(tx, "lab", Act.FREEZE, "lab/broken", reason="Bad weights.")
        return {"act": str(made.id)}


def suspended(town):
    """Where the members decide on it; stewards suspend in a case, not by proposing."""
    if town.rules not in BY_OWNERS:
        by_members = {"member.suspend:__care": "member.suspend: ordinary"}
        town.charter(town.preset(town.rules, **by_members))
    town.join("dan")
    return {"name": "dan", "days": "3"}


def broken(town):
    begun(town, "broken")
    return glass(town)


def standing_still(_town):
    """A statement changes nothing but the log."""
    return True


def own(name, **more):
    """What is decided about a model of this name, which is made for it."""

    def payload(town):
        begun(town, name)
        return {"repo": f"lab/{name}", **more}

    return payload


def card(town, name):
    with town.ground.read() as tx:
        repo = queries.by_id(tx, row(town, name).id)
    return amending.read_file(town.ground, repo, repo.head, "README.md")


def is_gone(town, name):
    with pytest.raises((Gone, Unknown)):
        row(town, name)
    return True


TINY = {"repo": "lab/tiny"}
DEEDS = {
    Action.RESOURCE_CREATE: (
        {"kind": "model", "name": "made", "visibility": "public"},
        lambda town: (row(town, "made").held_by == "owners") is (town.rules in BY_OWNERS),
    ),
    Action.RESOURCE_LABEL: (
        {**TINY, "text": "Do not use for medicine"},
        lambda town: row(town).label == "Do not use for medicine",
    ),
    Action.RESOURCE_DELIST: ({**TINY, "delisted": "yes"}, lambda town: row(town).is_delisted),
    Action.RESOURCE_GATE: ({**TINY, "gated": "manual"}, lambda town: row(town).gated == "manual"),
    Action.RESOURCE_FREEZE: (
        {**TINY, "frozen": "yes", "reason": "It is being looked at."},
        lambda town: row(town).frozen_reason == "It is being looked at.",
    ),
    Action.RESOURCE_VISIBILITY: (
        {**TINY, "visibility": "private"},
        lambda town: row(town).visibility == "private",
    ),
    Action.RESOURCE_RELICENSE: (
        own("paper", licence="apache-2.0"),
        lambda town: b"apache-2.0" in card(town, "paper"),
    ),
    Action.RESOURCE_TRANSFER: (
        own("walking", to_name="gone-on"),
        lambda town: row(town, "gone-on").name == "gone-on",
    ),
    Action.RESOURCE_DELETE: (own("doomed"), lambda town: is_gone(town, "doomed")),
    Action.MEMBER_SUSPEND: (suspended, lambda town: restraint(town, "dan") == "suspend"),
    Action.SEAT_GRANT: (
        {"role": "maintainer", "name": "bob", "repository": "lab/tiny"},
        lambda town: [each.role for each in standing(town, "bob").seats] == ["maintainer"],
    ),
    Action.POOL_DECLARE: (
        {"unit": "gpu_hours", "by": "the faculty", "amount": "500"},
        lambda town: pools(town) == {"gpu_hours": 500},
    ),
    Action.CHILD_ADD: (child, lambda town: is_child(town, "valley")),
    Action.OPERATOR_RATIFY: (broken, lambda town: acts(town) == [State.RATIFIED]),
    Action.STATEMENT: ({"text": "We like tea."}, standing_still),
}


EVERY = [
    (preset, action) for preset in Preset if preset is not Preset.UNIVERSITY for action in DEEDS
]
EVERY = [each for each in EVERY if each[0] not in BY_OWNERS or each[1] is not Action.SEAT_GRANT]
"""But offices, which no charter of owners has."""
OTHERS = EVERY if LONG else sorted(random.Random(27).sample(EVERY, SAMPLE))


def pools(town):
    with town.ground.read() as tx:
        return {each.unit: each.capacity for each in pots.pools(tx, town.commons_id)}


def is_child(town, name):
    with town.ground.read() as tx:
        return children.is_in(tx, town.commons_id, name)


def acts(town):
    from iriai.commons.breakglass import queries as operators

    with town.ground.read() as tx:
        return [each.state for each in operators.acts(tx, town.commons_id)]


@pytest.mark.parametrize("action", DEEDS)
def test_what_is_proposed_and_passes_is_done(lab, action):
    does_the_deed(lab, action)


@pytest.mark.parametrize(("preset", "action"), OTHERS)
def test_it_is_done_under_every_preset(labs, preset, action):
    does_the_deed(labs(preset), action)


def does_the_deed(lab, action):
    payload, is_done = DEEDS[action]
    payload = payload(lab) if callable(payload) else payload
    if not callable(DEEDS[action][0]) and action is not Action.STATEMENT:
        with pytest.raises((AssertionError, Exception)):
            assert is_done(lab)
    found = decided(lab, action, payload)
    assert found.state is Stage.ENACTED, found.failure
    assert is_done(lab)
    assert events(lab, found)
    before = events(lab, found)
    lab.tick(days=1)
    assert events(lab, found) == before


def test_a_frozen_repository_is_changed_by_nobody_until_it_is_thawed(lab):
    make(lab, "stiff")
    frozen = {"repo": "lab/stiff", "frozen": "yes", "reason": "Wait."}
    assert decided(lab, "resource.freeze", frozen).state is Stage.ENACTED
    with lab.ground.read() as tx:
        repo = queries.repo(tx, lab.person("ada"), "model", "lab/stiff")
    with pytest.raises(Denied):
        added = [Add("a.txt", b"a")]
        enactment.commit(lab.ground, lab.person("ada"), repo, operations=added, title="a")
    assert decided(lab, "resource.freeze", {**frozen, "frozen": "no"}).state is Stage.ENACTED
    assert row(lab, "stiff").frozen_reason is None


def test_a_commons_that_does_not_name_this_one_is_not_taken_in(lab):
    lab.person("eve")
    with lab.ground.write() as tx:
        founding.found_organisation(tx, lab.person("eve"), name="other")
    with pytest.raises(Invalid, match="does not name lab as its parent"):
        lab.propose("ada", "child.add", payload={"child": "other"})


def test_peer_add_is_not_an_action_and_is_refused_by_name(lab):
    with pytest.raises(Invalid, match=r"peer\.add"):
        enactment.clean_action("peer.add")


def test_whoever_is_no_member_does_not_learn_what_there_is(lab):
    lab.person("zed")
    for repo in ("lab/tiny", "lab/nothing"):
        with pytest.raises(Denied, match="member"):
            lab.propose("zed", "resource.delete", payload={"repo": repo})


def test_a_bucket_of_the_commons_is_deleted_by_decision_alone(lab):
    with lab.ground.write() as tx:
        bucket = buckets.create(tx, lab.person("ada"), owner="lab", name="runs", is_private=False)
    lab.role("ada", Role.ADMIN)
    with lab.ground.write() as tx, pytest.raises(Denied, match=r"new\?action=resource\.delete"):
        enactment.delete_bucket(tx, lab.person("ada"), bucket)
    lab.role("ada", Role.CONTRIBUTOR)
    found = decided(lab, "resource.delete", {"repo": "buckets/lab/runs"})
    assert found.state is Stage.ENACTED, found.failure
    with pytest.raises(Unknown), lab.ground.read() as tx:
        bucket_queries.bucket(tx, ANYONE, "lab/runs")


def test_a_bucket_of_the_commons_is_moved_and_hidden_by_decision_alone(lab):
    ada = lab.person("ada")
    with lab.ground.write() as tx:
        bucket = buckets.create(tx, ada, owner="lab", name="runs", is_private=False)
    with lab.ground.write() as tx, pytest.raises(Denied, match=r"new\?action=resource\.transfer"):
        enactment.move_bucket(tx, ada, bucket, to_owner="ada", to_name="runs")
    with lab.ground.write() as tx, pytest.raises(Denied, match=r"action=resource\.visibility"):
        enactment.change_bucket(tx, ada, bucket, is_private=True)
    named = {"repo": "buckets/lab/runs"}
    with pytest.raises(Invalid, match="public or private"):
        lab.propose("ada", "resource.visibility", payload={**named, "visibility": "seen"})
    assert decided(lab, "resource.visibility", {**named, "visibility": "private"}).failure is None
    found = decided(lab, "resource.transfer", {**named, "to_owner": "ada"})
    assert found.state is Stage.ENACTED, found.failure
    with lab.ground.read() as tx:
        assert bucket_queries.bucket(tx, ada, "ada/runs").is_private


def test_a_proposal_to_move_something_private_does_not_publish_its_name(lab):
    ada = lab.person("ada")
    make(lab, "veiled")
    assert decided(lab, "resource.visibility", {"repo": "lab/veiled", "visibility": "private"})
    with lab.ground.write() as tx:
        buckets.create(tx, ada, owner="lab", name="unseen", is_private=True)
    for named, action, to in (
        ("buckets/lab/unseen", "resource.transfer", "ada/unseen"),
        ("lab/veiled", "resource.return", "ada/veiled"),
    ):
        payload = {"repo": named, "to_owner": "ada"}
        found = decided(lab, action, payload)
        assert found.state is Stage.ENACTED, found.failure
        assert found.title.endswith("to ada") or "back to ada" in found.title
        public = f"{found.title} {[(each.words, each.payload) for each in found.options]}"
        assert "unseen" not in public
        assert "veiled" not in public
        with lab.ground.read() as tx:
            if "buckets" in named:
                assert bucket_queries.bucket(tx, ada, to)
            else:
                assert queries.repo(tx, ada, "model", to)


def test_a_tombstone_names_the_decision(lab):
    make(lab, "late")
    found = decided(lab, "resource.delete", {"repo": "lab/late"})
    assert found.state is Stage.ENACTED, found.failure
    where = rf"/commons/lab/proposals/{found.number}$"
    with pytest.raises(Gone, match=where), lab.ground.read() as tx:
        queries.repo(tx, ANYONE, "model", "lab/late")
