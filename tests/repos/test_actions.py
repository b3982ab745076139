"""Making, settling, moving and deleting repositories; branches, tags, squashes, copies."""

import threading

import pytest
from sqlalchemy import select

from iriai.base.errors import Conflict, Denied, HubError, Invalid, Unknown
from iriai.base.events import Event
from iriai.base.jobs import Job
from iriai.blobs import queries as blobs
from iriai.identity.rules import ANYONE
from iriai.repos import actions, powers, queries
from iriai.repos.actions import Add, AddLarge
from iriai.repos.rules import HeldBy, Kind, Visibility
from iriai.repos.tables import RepoRow

pytestmark = pytest.mark.either_state


def test_a_name_is_taken_once_per_kind_whatever_its_case(any_town):
    any_town.repo("Tiny")
    for name in ("Tiny", "tiny", "TINY"):
        with pytest.raises(Conflict) as caught:
            any_town.repo(name)
        assert caught.value.code == "RepoExists"
    assert any_town.repo("tiny", kind="dataset").kind is Kind.DATASET


def test_a_name_that_looks_like_another_is_not_given_out(town):
    town.repo("Iota-1")
    with pytest.raises(Conflict) as caught:
        town.repo("lota-l")
    assert caught.value.code == "NameTooAlike"


@pytest.mark.parametrize("way", ["deleted", "moved"])
def test_a_deleted_or_moved_repositorys_name_is_never_free_again(town, way):
    repo = town.repo("one")
    with town.ground.write() as tx:
        if way == "deleted":
            actions.delete(tx, town.ada, repo)
        else:
            repo = actions.move(tx, town.ada, repo, to_owner="ada", to_name="two")
    with pytest.raises(Conflict):
        town.repo("ONE")
    other = town.repo("three")
    with town.ground.write() as tx, pytest.raises(Conflict):
        actions.move(tx, town.ada, other, to_owner="ada", to_name="one")
    if way == "moved":
        with town.ground.write() as tx:
            back = actions.move(tx, town.ada, repo, to_owner="ada", to_name="One")
        assert back.full_name == "ada/One"
        with town.ground.read() as tx:
            assert queries.moved(tx, ANYONE, "model", "ada/two") == "ada/One"


@pytest.mark.either_state(sampled=False)
def test_of_many_who_create_one_name_at_once_one_wins(any_town):
    gate, outcomes = threading.Barrier(8), []

    def create():
        gate.wait(30)
        try:
            outcomes.append(any_town.repo("wanted").id)
        except Conflict:
            outcomes.append(None)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    won = [each for each in outcomes if each is not None]
    assert (len(won), len(outcomes)) == (1, 8)
    kept = {entry.key.split("/")[1] for entry in any_town.ground.store.entries("git/")}
    assert kept == {str(won[0])}


def test_one_creates_in_ones_own_name_and_where_ones_role_allows(town):
    assert town.repo("a", owner="ADA").owner == "ada"
    assert town.repo("b", owner="lab", actor=town.bob).held_by is HeldBy.OWNERS
    for owner in ("ada", "lab"):
        with pytest.raises(Denied):
            town.repo("c", owner=owner, actor=town.eve)
    with pytest.raises(Denied):
        town.repo("c", actor=ANYONE)
    with pytest.raises(Denied, match=r'"nobody-here"[.] There is no account'):
        town.repo("c", owner="nobody-here")
    with pytest.raises(Denied, match="Sign in"):
        town.repo("c", owner="nobody-here", actor=ANYONE)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a.git", "-a", "é", "x" * 97, "resolve"])
def test_a_name_that_no_client_or_route_could_take_is_refused(town, name):
    with pytest.raises(Invalid):
        town.repo(name)


def test_only_a_space_is_protected_and_has_an_sdk_we_know(town):
    with pytest.raises(Invalid):
        town.repo("m", visibility="protected")
    with pytest.raises(Invalid):
        town.repo("s", kind="space", sdk="perl")
    assert town.repo("s", kind="space", visibility="protected", sdk="docker").sdk == "docker"


def test_a_contributor_changes_what_they_made_and_nothing_else(town):
    own = town.repo("own", owner="lab", actor=town.bob)
    other = town.repo("other", owner="lab")
    town.commit(own, {"a": b"1"}, actor=town.bob)
    with pytest.raises(Denied):
        town.commit(other, {"a": b"1"}, actor=town.bob)


def test_settings_are_changed_by_those_who_administer(any_town):
    repo = any_town.repo()
    with any_town.ground.write() as tx:
        changed = actions.change_settings(
            tx, any_town.ada, repo, visibility="private", gated="auto", discussions_disabled=True
        )
    assert (changed.visibility, changed.gated) == (Visibility.PRIVATE, "auto")
    assert any_town.again(repo) == changed
    with any_town.ground.write() as tx:
        changed = actions.change_settings(tx, any_town.ada, repo, gated=None)
    assert (changed.gated, changed.is_private, changed.discussions_disabled) == (None, True, True)
    with any_town.ground.write() as tx, pytest.raises(Unknown):
        actions.change_settings(tx, any_town.eve, repo, visibility="public")


def test_what_an_organisation_or_the_commons_holds_is_not_its_members_to_delete_or_move(town):
    repo = town.repo("shared", owner="lab")
    with town.ground.write() as tx, pytest.raises(Denied):
        actions.delete(tx, town.ada, repo)
    with town.ground.write() as tx:
        tx.connection.execute(RepoRow.__table__.update().values(held_by=HeldBy.COMMONS))
    for act in (actions.delete, actions.move):
        more = {} if act is actions.delete else {"to_owner": "ada", "to_name": "mine"}
        with town.ground.write() as tx, pytest.raises(Denied) as caught:
            act(tx, town.ada, repo, **more)
        assert "/commons/lab/proposals" in caught.value.message
    with town.ground.write() as tx:
        moved = powers.move(tx, town.ada, repo, to_owner="lab", to_name="renamed")
        assert moved.held_by is HeldBy.COMMONS
        powers.delete(tx, town.ada, moved)
    with pytest.raises(Unknown):
        town.again(repo)


def test_a_repository_given_to_an_organisation_is_held_by_its_owners(town):
    repo = town.repo()
    with town.ground.write() as tx:
        moved = actions.move(tx, town.ada, repo, to_owner="lab", to_name="tiny")
    assert (moved.held_by, moved.owner) == (HeldBy.OWNERS, "lab")
    with town.ground.write() as tx, pytest.raises(Denied):
        actions.move(tx, town.eve, moved, to_owner="eve", to_name="stolen")


def test_deleting_asks_for_the_bytes_to_go_later_and_says_so_in_the_log(town):
    repo = town.repo()
    with town.ground.write() as tx:
        actions.delete(tx, town.ada, repo)
    with town.ground.read() as tx:
        job = tx.session.scalars(select(Job).where(Job.kind == "repos.purge")).one()
        assert job.payload == {"repo_id": repo.id}
        assert (job.run_at - tx.now).days == 7
        said = tx.session.scalars(select(Event).where(Event.verb == "deleted")).one()
    assert said.subject == "repo/ada/tiny"
    assert any(town.ground.store.entries(f"git/{repo.id}/"))
    with town.ground.write() as tx, pytest.raises(Unknown):
        actions.delete(tx, town.ada, repo)


# -- branches and tags ---------------------------------------------------------------------------


def test_branches_and_tags_come_and_go_with_the_words_clients_know(any_town):
    repo = any_town.repo()
    ground, ada = any_town.ground, any_town.ada
    landed = any_town.commit(repo, {"a": b"1"})
    with ground.write() as tx:
        actions.create_branch(tx, ada, repo, "side/one", repo.head)
        with pytest.raises(Conflict, match="Reference refs/heads/side/one already exists"):
            actions.create_branch(tx, ada, repo, "side/one")
    actions.create_tag(ground, ada, repo, "v1", "side/one")
    made = actions.create_tag(ground, ada, repo, "v2", landed.sha[:7], message="Two.\n")
    assert made.commit == landed.sha != made.sha
    assert any_town.objects(repo).kind(made.sha) == "tag"
    with pytest.raises(Conflict, match="Reference refs/tags/v1 already exists"):
        actions.create_tag(ground, ada, repo, "v1", message="again")
    with pytest.raises(Unknown, match="Invalid rev id"):
        actions.create_tag(ground, ada, repo, "v3", "no")
    with ground.write() as tx:
        with pytest.raises(HubError, match="Cannot delete refs/heads/main"):
            actions.delete_branch(tx, ada, repo, "main")
        for missing in ("no", "v1"):
            with pytest.raises(Unknown, match="Invalid rev id"):
                actions.delete_branch(tx, ada, repo, missing)
        with pytest.raises(Unknown) as caught:
            actions.delete_tag(tx, ada, repo, "side/one")
        assert caught.value.code == "RevisionNotFound"
        actions.delete_branch(tx, ada, repo, "side/one")
        actions.delete_tag(tx, ada, repo, "v2")
        assert [ref.short for ref in queries.refs(tx, repo)] == ["main", "v1"]
        for act in (actions.create_branch, actions.delete_branch):
            with pytest.raises(Denied):
                act(tx, any_town.eve, repo, "x")


REFUSED_REFS = [
    "", "-a", ".a", "a..b", "a b", "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a\\b", "a/", "/a",
    "a//b", "a.lock", "a.lock/b", "a.", "@", "a@{b", "a\x00", "a\x7f", "HEAD", "refs/heads/a",
    "0" * 40, "a" * 241, "a/.b", "a\u202eb",
]  # fmt: skip


def test_a_name_that_git_would_not_take_for_a_ref_is_refused(town):
    repo = town.repo()
    for name in REFUSED_REFS:
        with town.ground.write() as tx, pytest.raises(Invalid):
            actions.create_branch(tx, town.ada, repo, name)
        with pytest.raises(Invalid):
            actions.create_tag(town.ground, town.ada, repo, name)


def test_a_squash_leaves_one_commit_with_the_same_files(town):
    repo = town.repo()
    for number in range(3):
        town.commit(repo, {"a": b"%d" % number})
    before = town.objects(repo).commit(town.again(repo).head)
    landed = actions.squash(town.ground, town.ada, repo, "main", "All in one\n\nsaid ada")
    made = town.objects(repo).commit(town.again(repo).head)
    assert made.sha == landed.sha
    assert (made.tree, made.parents, made.title) == (before.tree, (), "All in one")
    town.commit(repo, {"b": b"1"}, actor=town.eve, create_pr=True)
    actions.squash(town.ground, town.ada, repo, "refs/pr/1", "pr")
    assert town.paths(repo, "refs/pr/1") == {".gitattributes", "a", "b"}
    with pytest.raises(Unknown):
        actions.squash(town.ground, town.ada, repo, "no", "x")
    with pytest.raises(Denied):
        actions.squash(town.ground, town.eve, repo, "main", "x")


def test_a_duplicate_has_the_history_the_refs_and_the_large_files(any_town):
    ground = any_town.ground
    source = any_town.repo("source", visibility="private")
    sha256 = any_town.send(source, b"large")
    change = [Add("a", b"1"), AddLarge("m.bin", sha256)]
    landed = actions.commit(ground, any_town.ada, source, change, title="t")
    actions.create_tag(ground, any_town.ada, source, "v1", message="one")
    any_town.commit(source, {"p": b"1"}, create_pr=True)
    copy = actions.duplicate(ground, any_town.ada, source, "lab", "copy", "public")
    assert (copy.head, copy.visibility) == (landed.sha, Visibility.PUBLIC)
    assert any_town.paths(copy, "v1") == {".gitattributes", "a", "m.bin"}
    with ground.read() as tx:
        names = [ref.name for ref in queries.refs(tx, copy)]
        assert names == ["refs/heads/main", "refs/tags/v1"]
        assert blobs.object(tx, copy.id, sha256).size == 5
    any_town.commit(copy, {"b": b"2"})
    assert "b" not in any_town.paths(source)
    with pytest.raises(Conflict):
        actions.duplicate(ground, any_town.ada, source, "lab", "copy")
    with pytest.raises(Unknown):
        actions.duplicate(ground, any_town.eve, source, "eve", "stolen")
