"""What a commons decides about its repositories: done once, by decision, and by nobody alone."""

import itertools

import pytest

from iriai.base.errors import Conflict, Denied, Gone, Invalid
from iriai.commons import enactment
from iriai.commons.enactment import landing, licensing, refs, resources
from iriai.commons.enactment.licensing import relicensed
from iriai.commons.enactment.registry import Decision
from iriai.commons.enactment.resources import commons_actor
from iriai.commons.membership import queries as membership
from iriai.commons.proposals import actions as proposals
from iriai.commons.proposals.rules import State
from iriai.identity import actions as identity
from iriai.identity.rules import ANYONE, Role
from iriai.repos import actions as repos
from iriai.repos import powers, queries
from iriai.repos.actions import Add
from iriai.repos.git.quarantine import Update
from iriai.repos.rules import HeldBy
from tests.support.commons import Town
from tests.support.prepared import Prepared

CARD = b"---\nlicense: mit\ntags: [x]\n---\n# Tiny\n"


def with_a_model(ground, _clock):
    """A university's commons of three, with a model that ada brought in."""
    town = Town(ground).found("university", "ada", "bob", "cyd")
    for name in ("ada", "bob", "cyd"):
        town.role(name, Role.CONTRIBUTOR)
    made = enactment.create_repository(
        town.ground, town.person("ada"), kind="model", owner="lab", name="tiny"
    )
    assert made.held_by is HeldBy.COMMONS
    enactment.commit(
        town.ground, town.person("ada"), made, operations=[Add("README.md", CARD)], title="card"
    )
    return town


LAB = Prepared(with_a_model)


@pytest.fixture
def lab(tmp_path, clock):
    with LAB.copied(tmp_path, clock) as made:
        yield made


def tiny(town, name="lab/tiny", viewer=None):
    with town.ground.read() as tx:
        return queries.repo(tx, viewer or town.person("ada"), "model", name)


def decided(town, action, **payload):
    """Propose it, and let it come to its end with everybody for it."""
    made = town.propose("ada", action, payload={"repo": "lab/tiny", **payload})
    if not made.is_running:
        town.tick()
        return town.see(made.number)
    town.second("bob", made.number)
    for _ in range(2):
        if town.see(made.number).seconds_needed > 1:
            town.second("cyd", made.number)
        break
    town.tick(days=15)
    if town.see(made.number).state is State.VOTING:
        for name in ("ada", "bob", "cyd"):
            town.vote(name, made.number, 1, 2)
        town.tick(days=15)
    town.tick()
    return town.see(made.number)


ALONE = {
    "delete": enactment.delete_repository,
    "rename": lambda tx, actor, repo: enactment.move_repository(
        tx, actor, repo, to_owner="lab", to_name="other"
    ),
    "take it home": lambda tx, actor, repo: enactment.move_repository(
        tx, actor, repo, to_owner=actor.name, to_name="mine"
    ),
    "hide": lambda tx, actor, repo: enactment.change_settings(
        tx, actor, repo, visibility="private"
    ),
    "gate": lambda tx, actor, repo: enactment.change_settings(tx, actor, repo, gated=None),
    "silence": lambda tx, actor, repo: enactment.change_settings(
        tx, actor, repo, discussions_disabled=True
    ),
}


def test_nobody_does_alone_what_the_charter_leaves_to_members(lab):
    for seat, role, act in itertools.product(
        (None, "maintainer", "steward"), (Role.CONTRIBUTOR, Role.WRITE, Role.ADMIN), ALONE
    ):
        if seat and not standing(lab, "bob").holds(seat):
            lab.seat("bob", seat)
        lab.role("bob", role)
        with lab.ground.write() as tx, pytest.raises(Denied) as refusal:
            ALONE[act](tx, lab.person("bob"), tiny(lab))
        assert refusal.value.code == "HeldByCommons", (seat, role, act)
        assert "/commons/lab/proposals/new?action=resource." in refusal.value.message


def standing(town, name):
    with town.ground.read() as tx:
        return membership.standing(tx, town.commons_id, town.person(name).id)


def test_a_member_who_only_wrote_elsewhere_does_not_change_main(lab):
    lab.role("bob", Role.WRITE)
    with pytest.raises(Denied, match="main branch"):
        enactment.commit(
            lab.ground, lab.person("bob"), tiny(lab), operations=[Add("a.txt", b"a")], title="a"
        )
    lab.role("bob", Role.CONTRIBUTOR)
    with pytest.raises(Denied, match="proposals/new"):
        enactment.commit(
            lab.ground, lab.person("bob"), tiny(lab), operations=[Add("a.txt", b"a")], title="a"
        )
    landed = enactment.commit(
        lab.ground,
        lab.person("bob"),
        tiny(lab),
        operations=[Add("a.txt", b"a")],
        title="a",
        create_pr=True,
    )
    assert landed.number


def test_a_pull_request_is_merged_by_a_maintainer_or_by_decision(lab):
    lab.role("bob", Role.CONTRIBUTOR)
    landed = enactment.commit(
        lab.ground,
        lab.person("bob"),
        tiny(lab),
        operations=[Add("a.txt", b"a")],
        title="a",
        create_pr=True,
    )
    with pytest.raises(Denied):
        enactment.merge(lab.ground, lab.person("bob"), tiny(lab), landed.number)
    lab.seat("cyd", "steward")
    again = lab.propose(
        "bob", "resource.merge", payload={"repo": "lab/tiny", "number": landed.number}
    )
    lab.second("cyd", again.number)
    lab.tick()
    assert lab.see(again.number).state is State.ENACTED
    objects = queries.objects(lab.ground, tiny(lab).id)
    assert objects.find_entry(tiny(lab).head, "a.txt") is not None


def offered(lab, title, revision=None, *, operations=None, **files):
    """A pull request of bob's, or another commit to one."""
    more = {"create_pr": True} if revision is None else {"revision": revision}
    adds = [Add(f"{name}.txt", content) for name, content in files.items()]
    operations = adds if operations is None else operations
    return enactment.commit(
        lab.ground, lab.person("bob"), tiny(lab), operations=operations, title=title, **more
    )


def asked_to_merge(lab, landed):
    payload = {"repo": "lab/tiny", "number": landed.number}
    return lab.propose("ada", "resource.merge", payload=payload)


def test_what_members_merge_is_what_they_were_asked_about(lab):
    first, other = offered(lab, "a", a=b"a"), offered(lab, "b", b=b"b")
    ref = f"refs/pr/{first.number}"
    asked = asked_to_merge(lab, first)
    assert first.sha[:10] in asked.options[0].words
    with pytest.raises(Conflict, match=rf"proposal {asked.number} .*Open another pull request"):
        offered(lab, "worse", ref, a=b"worse")
    with pytest.raises(Conflict, match="stays as they were asked"):
        landing.squash(lab.ground, lab.person("bob"), tiny(lab), ref, "worse")
    with pytest.raises(Conflict, match="stays as they were asked"):
        update = Update(ref, first.sha, "1" * 40)
        enactment.push(lab.ground, lab.person("bob"), tiny(lab), pack=None, updates=[update])
    assert offered(lab, "more", f"refs/pr/{other.number}", b=b"b2").moved
    with lab.ground.write() as tx:
        proposals.withdraw(tx, lab.person("ada"), lab.commons_id, asked.number)
    assert offered(lab, "worse", ref, a=b"worse").moved
    decided = Decision(
        asked.id, lab.commons_id, "lab", asked.number, asked.action, {}, "decisions.x", ""
    )
    with pytest.raises(Conflict, match="has changed since it was proposed"):
        resources.merge(lab.ground, decided, asked.options[0].payload, lambda _tx: None)


def test_a_commit_that_began_before_its_pull_request_was_proposed_is_refused(lab):
    """It is asked in the transaction that lands it: no vote ends by who was slower."""
    first = offered(lab, "a", a=b"a")

    def slow():
        asked_to_merge(lab, first)
        yield Add("a.txt", b"worse")

    with pytest.raises(Conflict, match="stays as they were asked"):
        offered(lab, "worse", f"refs/pr/{first.number}", operations=slow())
    with lab.ground.read() as tx:
        assert queries.ref(tx, tiny(lab).id, f"refs/pr/{first.number}").commit == first.sha


def test_history_of_what_the_commons_holds_stays(lab):
    ada = lab.person("ada")
    repo = tiny(lab)
    with pytest.raises(Denied, match="history"):
        repos.squash(lab.ground, ada, repo, "main", "all of it")
    repos.create_tag(lab.ground, ada, repo, "v1")
    with lab.ground.write() as tx, pytest.raises(Denied, match="history"):
        repos.delete_tag(tx, ada, repo, "v1")
    with lab.ground.write() as tx:
        repos.create_branch(tx, ada, repo, "merged")
        repos.create_branch(tx, ada, repo, "other")
    enactment.commit(
        lab.ground, ada, repo, revision="other", operations=[Add("b.txt", b"b")], title="b"
    )
    with lab.ground.write() as tx:
        repos.delete_branch(tx, ada, repo, "merged")
    with lab.ground.write() as tx, pytest.raises(Denied, match="history"):
        repos.delete_branch(tx, ada, repo, "other")


def test_deleting_is_decided_and_leaves_a_tombstone(lab):
    done = decided(lab, "resource.delete")
    assert done.state is State.ENACTED, done.failure
    with pytest.raises(Gone), lab.ground.read() as tx:
        queries.repo(tx, ANYONE, "model", "lab/tiny")


def test_relicensing_is_decided_and_written_into_the_card(lab):
    done = decided(lab, "resource.relicense", licence="apache-2.0")
    assert done.state is State.ENACTED, done.failure
    repo = tiny(lab)
    objects = queries.objects(lab.ground, repo.id)
    entry = objects.find_entry(repo.head, "README.md")
    assert objects.blob(entry.oid) == CARD.replace(b"mit", b"apache-2.0")


def test_a_relicensing_meets_whatever_main_is_by_then(lab, monkeypatch):
    """Somebody lands a commit between the moment the card is read and the decided commit."""
    read, came = licensing.relicensed, []

    def overtaken(text, licence):
        if not came:
            came.append(True)
            change = {"operations": [Add("b.txt", b"b")], "title": "b"}
            enactment.commit(lab.ground, lab.person("ada"), tiny(lab), **change)
        return read(text, licence)

    monkeypatch.setattr(licensing, "relicensed", overtaken)
    done = decided(lab, "resource.relicense", licence="apache-2.0")
    assert came
    assert done.state is State.ENACTED, done.failure
    repo = tiny(lab)
    objects = queries.objects(lab.ground, repo.id)
    assert objects.blob(objects.find_entry(repo.head, "b.txt").oid) == b"b"
    card = objects.blob(objects.find_entry(repo.head, "README.md").oid)
    assert card == CARD.replace(b"mit", b"apache-2.0")


def test_who_merges_still_does_not_relicense_alone(lab):
    with pytest.raises(Denied, match="relicense"):
        enactment.commit(
            lab.ground,
            lab.person("ada"),
            tiny(lab),
            operations=[Add("README.md", CARD.replace(b"mit", b"apache-2.0"))],
            title="card",
        )


def test_visibility_gates_labels_and_names_are_decided(lab):
    assert decided(lab, "resource.visibility", visibility="private").state is State.ENACTED
    assert tiny(lab).is_private
    assert decided(lab, "resource.gate", gated="manual").state is State.ENACTED
    assert tiny(lab).gated == "manual"
    moved = decided(lab, "resource.transfer", to_name="small")
    assert moved.state is State.ENACTED, moved.failure
    assert tiny(lab, "lab/small").held_by is HeldBy.COMMONS


def test_what_was_dedicated_comes_back_only_by_decision(lab):
    ada = lab.person("ada")
    own = enactment.create_repository(lab.ground, ada, kind="model", owner="ada", name="gift")
    with lab.ground.write() as tx:
        given = enactment.move_repository(tx, ada, own, to_owner="lab", to_name="gift")
    assert given.held_by is HeldBy.COMMONS
    with lab.ground.write() as tx, pytest.raises(Denied):
        enactment.move_repository(tx, ada, given, to_owner="ada", to_name="gift")
    done = decided(lab, "resource.return", repo="lab/gift", to_owner="ada", to_name="gift2")
    assert done.state is State.ENACTED, done.failure
    assert tiny(lab, "ada/gift2").held_by is HeldBy.PERSON


def test_a_decision_that_cannot_be_done_says_why_and_changes_nothing(lab):
    made = lab.propose("ada", "resource.gate", payload={"repo": "lab/tiny", "gated": "auto"})
    lab.second("bob", made.number)
    with lab.ground.write() as tx:
        actor = commons_actor(tx, lab.commons_id, "somebody")
        powers.bury(tx, actor, tiny(lab))
    lab.tick(hours=96)
    found = lab.see(made.number)
    assert found.state is State.ENACT_FAILED
    assert found.failure


@pytest.mark.parametrize(
    ("action", "payload", "said"),
    [
        ("resource.merge", {"repo": "lab/tiny", "pull": 1}, "“number” is missing.*no “pull”"),
        ("resource.merge", {"repo": "lab/tiny"}, "“number” is missing"),
        ("charter.amend", {"number": 1}, "“pull” is missing.*no “number”"),
        ("resource.relicense", {"repo_id": 1, "license": "mit"}, "“licence” is missing"),
        ("member.suspend", {"who": "bob", "days": 3}, "“name” is missing.*no “who”"),
    ],
)
def test_a_wrong_key_of_a_payload_is_named(lab, action, payload, said):
    with pytest.raises(Invalid, match=said) as refused:
        lab.propose("ada", action, payload=payload)
    assert refused.value.code == "PayloadKey"


def test_another_commons_repository_cannot_be_decided_about(lab):
    own = enactment.create_repository(
        lab.ground, lab.person("ada"), kind="model", owner="ada", name="own"
    )
    with pytest.raises(Invalid):
        lab.propose("ada", "resource.delete", payload={"repo": own.full_name})
    with pytest.raises(Invalid):
        lab.propose("ada", "resource.delete", payload={"repo_id": own.id})


def test_what_a_commons_will_hold_is_not_hidden_before_its_notice_is_over(town):
    """From the day on which members decide, their makers keep nothing of it from them."""
    town.found("owners", "ada")
    town.role("bob", Role.CONTRIBUTOR)
    with town.ground.write() as tx:
        identity.set_role(
            tx, town.person("ada"), organisation="lab", person="bob", role=Role.CONTRIBUTOR
        )
    bob = town.person("bob")
    made = repos.create(town.ground, bob, kind="model", owner="lab", name="old")
    assert made.held_by is HeldBy.OWNERS
    repos.create_tag(town.ground, bob, made, "v1")
    with town.ground.write() as tx:
        repos.create_branch(tx, bob, made, "side")
    enactment.commit(
        town.ground, bob, made, revision="side", operations=[Add("b.txt", b"b")], title="b"
    )
    town.charter(town.preset("university"))
    for settings in ({"visibility": "private"}, {"gated": "manual"}):
        with pytest.raises(Denied, match="held by the commons lab"), town.ground.write() as tx:
            enactment.change_settings(tx, bob, made, **settings)
    with pytest.raises(Denied, match="history"):
        landing.squash(town.ground, bob, made, "main", "nothing before this")
    tip = tiny(town, "lab/old").head
    gone = enactment.push(
        town.ground, bob, made, pack=None, updates=[Update("refs/tags/v1", tip, None)]
    )
    assert "history" in gone.results[0][1]
    for act, name in ((refs.delete_tag, "v1"), (refs.delete_branch, "side")):
        with pytest.raises(Denied, match="history"), town.ground.write() as tx:
            act(tx, bob, made, name)
    with pytest.raises(Denied, match="history"), town.ground.write() as tx:
        refs.create_branch(tx, bob, made, "side", overwrite=True)
    with pytest.raises(Denied, match="history"):
        refs.create_empty_branch(town.ground, bob, made, "side", overwrite=True)
    for act in (
        enactment.delete_repository,
        lambda tx, actor, repo: enactment.move_repository(
            tx, actor, repo, to_owner=actor.name, to_name="mine"
        ),
    ):
        with pytest.raises(Denied), town.ground.write() as tx:
            act(tx, bob, made)
    assert tiny(town, "lab/old").held_by is HeldBy.OWNERS


def test_under_owners_administrators_act_at_once_and_it_is_logged(town):
    town.found("owners", "ada")
    town.role("bob", Role.WRITE)
    repo = enactment.create_repository(
        town.ground, town.person("bob"), kind="model", owner="lab", name="tiny"
    )
    assert repo.held_by is HeldBy.OWNERS
    with town.ground.write() as tx, pytest.raises(Denied) as refusal:
        enactment.delete_repository(tx, town.person("bob"), repo)
    assert refusal.value.code == "NotAnAdministrator"
    with town.ground.write() as tx:
        enactment.delete_repository(tx, town.person("ada"), repo)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# x\n", "---\nlicense: mit\n---\n# x\n"),
        ("---\ntags: [a]\n---\nx", "---\ntags: [a]\nlicense: mit\n---\nx"),
        ("---\nlicense: other\nlicense_name: z\nx: 1\n---\n", "---\nlicense: mit\nx: 1\n---\n"),
        ("---\nlicense:\n- a\n- b\nx: 1\n---\n", "---\nlicense: mit\nx: 1\n---\n"),
        ("", "---\nlicense: mit\n---\n"),
    ],
)
def test_a_card_gets_another_licence_and_nothing_else(before, after):
    assert relicensed(before, "mit") == after
