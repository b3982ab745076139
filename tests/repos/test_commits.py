"""Commits: what they change, who may make them, and what happens when many come at once."""

import random
import threading

import pytest
from sqlalchemy import func, select

from iriai.base import db
from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unknown
from iriai.base.events import Event
from iriai.blobs import queries as blobs
from iriai.identity.rules import ANYONE
from iriai.repos import actions, commits, operations, queries
from iriai.repos.actions import Add, AddLarge, Copy, DeleteFile, DeleteFolder
from iriai.repos.git.pointers import pointer_text
from iriai.repos.rules import STALE, TITLE_LENGTH_MAX
from iriai.repos.tables import PackRow

pytestmark = pytest.mark.either_state
PATIENCE_SECONDS = 240


def packs_in_store(town, repo):
    return {entry.key for entry in town.ground.store.entries(f"git/{repo.id}/")}


def test_a_repository_begins_with_one_commit_that_names_the_large_files(any_town):
    repo = any_town.repo()
    assert any_town.paths(repo) == {".gitattributes"}
    assert b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n" in any_town.read(
        repo, ".gitattributes"
    )
    log = any_town.objects(repo).log(repo.head)
    assert [(each.title, each.author.name) for each in log] == [("initial commit", "ada")]


def test_a_commit_adds_replaces_and_deletes(any_town):
    repo = any_town.repo()
    any_town.commit(repo, {"a/b": b"1", "a/c": b"2", "d": b"3", "e/f/g": b"4"})
    landed = actions.commit(
        any_town.ground,
        any_town.ada,
        repo,
        [Add("d", b"new"), DeleteFile("a/b"), DeleteFolder("e/"), Add("x", b"", executable=True)],
        title="Second\n try ",
        description="why\r\nnot",
    )
    assert any_town.paths(repo) == {".gitattributes", "a/c", "d", "x"}
    assert any_town.read(repo, "d") == b"new"
    assert landed.changed == ("d", "a/b", "e/", "x")
    assert landed.moved == {"refs/heads/main": landed.sha}
    made = any_town.objects(repo).commit(landed.sha)
    assert (made.title, made.description) == ("Second try", "why\nnot")
    assert made.parents == (landed.old,)
    assert any_town.again(repo).head == landed.sha


def test_git_itself_finds_nothing_wrong_with_what_was_committed(town):
    repo = town.repo()
    for number in range(5):
        town.commit(repo, {f"d{number}/f": b"%d" % number, "same": b"%d" % number})
    head = town.again(repo).head
    with town.objects(repo).view([("refs/heads/main", head, None)]) as git_dir:
        from iriai.repos.git.command import git

        git(git_dir, ["fsck", "--full", "--strict", "--no-dangling"])
        assert git(git_dir, ["rev-list", "--count", "main"]) == b"6\n"


def test_a_branch_that_moved_refuses_a_commit_with_the_words_clients_know(town):
    repo = town.repo()
    first = town.commit(repo, {"a": b"1"}, parent=repo.head)
    before = packs_in_store(town, repo)
    with pytest.raises(Conflict) as caught:
        town.commit(repo, {"a": b"2"}, parent=repo.head, title="other")
    assert caught.value.message == STALE
    assert STALE == (
        "The branch was updated since you opened this page. Please refresh and try again."
    )
    assert packs_in_store(town, repo) == before
    town.commit(repo, {"a": b"2"}, parent=first.sha[:8])


@pytest.fixture
def patient(monkeypatch):
    """On a slow machine 64 at once take longer than a hub lets anybody wait."""
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", PATIENCE_SECONDS * 1000)
    monkeypatch.setattr(db, "POOL_WAIT_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(commits, "SECONDS_MAX", PATIENCE_SECONDS)


@pytest.mark.usefixtures("patient")
@pytest.mark.either_state(sampled=False)
def test_of_64_commits_on_one_parent_exactly_one_lands(any_town):
    repo = any_town.repo()
    outcomes = []

    def attempt(number):
        try:
            any_town.commit(repo, {f"f{number}": b"x"}, parent=repo.head, title=f"c{number}")
            outcomes.append("landed")
        except Conflict as error:
            outcomes.append(error.message)

    together(attempt, 64)
    assert sorted(outcomes) == [STALE] * 63 + ["landed"]
    assert len(any_town.objects(repo).log(any_town.again(repo).head, limit=100)) == 2


@pytest.mark.usefixtures("patient")
@pytest.mark.either_state(sampled=False)
def test_64_commits_without_a_parent_all_land_one_after_the_other(any_town):
    repo = any_town.repo()
    errors = []

    def attempt(number):
        try:
            any_town.commit(repo, {f"f{number}": b"%d" % number}, title=f"c{number}")
        except HubError as error:
            errors.append(error)

    together(attempt, 64)
    assert errors == []
    assert len(any_town.paths(repo)) == 65
    log = any_town.objects(repo).log(any_town.again(repo).head, limit=100)
    assert len(log) == 65
    assert all(len(commit.parents) == 1 for commit in log[:-1])


def together(attempt, count):
    gate = threading.Barrier(count)

    def start(number):
        gate.wait()
        attempt(number)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_commit_that_changes_nothing_is_an_empty_commit(town):
    repo = town.repo()
    first = town.commit(repo, {"a": b"1"}, title="one")
    second = town.commit(repo, {"a": b"1"}, title="two")
    assert second.sha != first.sha
    objects = town.objects(repo)
    assert objects.commit(second.sha).tree == objects.commit(first.sha).tree


@pytest.mark.parametrize("with_parent", [True, False])
def test_a_commit_sent_again_after_it_landed_is_the_same_commit(town, clock, with_parent):
    repo = town.repo()
    town.commit(repo, {"old": b"1"})
    parent = town.again(repo).head if with_parent else None

    def send():
        change = [Add("a", b"1"), DeleteFile("old")]
        return actions.commit(town.ground, town.ada, repo, change, title="t", parent=parent)

    first = send()
    clock.advance(seconds=60)
    if with_parent:
        town.commit(repo, {"b": b"1"}, title="of somebody else")
    again = send()
    assert again.sha == first.sha
    assert again.moved == {}
    assert town.paths(repo) - {"b"} == {".gitattributes", "a"}


def test_a_commit_lands_whole_or_not_at_all(town):
    repo = town.repo()
    before = packs_in_store(town, repo)

    def judge(prepared):
        def rule(tx, _actor):
            raise Denied("Not today.")

        return rule

    with pytest.raises(Denied):
        town.commit(repo, {"a": b"1"}, judge=judge)
    assert town.again(repo).head == repo.head
    assert packs_in_store(town, repo) == before
    with town.ground.read() as tx:
        counted = select(func.count()).where(PackRow.repo_id == repo.id)
        assert tx.connection.execute(counted).scalar_one() == 1


def test_a_judge_sees_the_readme_before_and_after(town):
    repo = town.repo()
    seen = []

    def judge(prepared):
        seen.append((prepared.ref, prepared.readme_before, prepared.readme))
        return lambda _tx, _actor: None

    town.commit(repo, {"README.md": b"one"}, judge=judge)
    town.commit(repo, {"a": b"x"}, judge=judge)
    town.commit(repo, {"README.md": b"two"}, judge=judge)
    delete = [DeleteFile("README.md")]
    actions.commit(town.ground, town.ada, repo, delete, title="t", judge=judge)
    main = "refs/heads/main"
    assert seen == [
        (main, None, b"one"), (main, None, None), (main, b"one", b"two"), (main, b"two", b""),
    ]  # fmt: skip


# -- large files ---------------------------------------------------------------------------------


def test_a_large_file_that_was_sent_is_committed_as_its_pointer(any_town):
    repo = any_town.repo()
    sha256 = any_town.send(repo, b"large" * 100)
    operation = [AddLarge("m.bin", sha256), AddLarge("n.bin", sha256, 500)]
    landed = actions.commit(any_town.ground, any_town.ada, repo, operation, title="t")
    assert any_town.read(repo, "m.bin") == pointer_text(sha256, 500)
    file = any_town.objects(repo).file(landed.sha, "m.bin")
    assert (file.size, file.etag) == (500, sha256)


def test_a_large_file_may_be_copied_from_where_its_committer_can_read_it(any_town):
    source = any_town.repo("source", visibility="private")
    sha256 = any_town.send(source, b"secret weights")
    target = any_town.repo("target")
    landed = actions.commit(
        any_town.ground, any_town.ada, target, [AddLarge("m.bin", sha256)], title="t"
    )
    with any_town.ground.read() as tx:
        assert blobs.object(tx, target.id, sha256).size == 14
    assert landed.sha


def plant(town, repo, way, sha256, size):
    pointer = pointer_text(sha256, size)
    change = {
        "large": [AddLarge("m.bin", sha256, size)],
        "large without a size": [AddLarge("m.bin", sha256)],
        "plain": [Add("m.bin", pointer)],
        "plain with a carriage return": [Add("m.bin", pointer.replace(b"\n", b"\r\n"))],
        "plain without its last newline": [Add("m.bin", pointer.rstrip())],
    }[way]
    actions.commit(town.ground, town.eve, repo, change, title="t")


WAYS = [
    "large", "large without a size", "plain", "plain with a carriage return",
    "plain without its last newline",
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_planted_pointer_is_refused_and_grants_nothing(town, way):
    source = town.repo("source", visibility="private")
    sha256 = town.send(source, b"secret weights")
    mine = town.repo("mine", owner="eve", actor=town.eve)
    with pytest.raises(Invalid) as caught:
        plant(town, mine, way, sha256, 14)
    assert caught.value.code == "LargeFileMissing"
    assert town.again(mine).head == mine.head
    with town.ground.read() as tx:
        assert blobs.object(tx, mine.id, sha256) is None


def test_a_private_object_is_refused_exactly_as_one_that_nobody_has(town):
    source = town.repo("source", visibility="private")
    theirs, nobodys = town.send(source, b"secret weights"), "0" * 64
    mine = town.repo("mine", owner="eve", actor=town.eve)
    messages = []
    for sha256 in (theirs, nobodys):
        with pytest.raises(Invalid) as caught:
            plant(town, mine, "large", sha256, 14)
        messages.append(caught.value.message.replace(sha256, "…"))
    assert messages[0] == messages[1]


def test_a_wrong_size_is_refused(town):
    repo = town.repo()
    sha256 = town.send(repo, b"12345")
    with pytest.raises(Invalid, match="it has 5"):
        actions.commit(town.ground, town.ada, repo, [AddLarge("a", sha256, 6)], title="t")
    with pytest.raises(Invalid, match="it has 5"):
        town.commit(repo, {"a": pointer_text(sha256, 6)})


def test_a_pointer_to_what_the_repository_holds_may_be_committed_as_text(town):
    repo = town.repo()
    sha256 = town.send(repo, b"12345")
    town.commit(repo, {"a": pointer_text(sha256, 5)})


# -- copies --------------------------------------------------------------------------------------


def test_files_and_folders_are_copied_within_and_between_repositories(town):
    source = town.repo("source")
    sha256 = town.send(source, b"large")
    change = [Add("d/a", b"1"), Add("d/b/c", b"2"), AddLarge("d/m.bin", sha256), Add("e", b"3")]
    landed = actions.commit(town.ground, town.ada, source, change, title="t")
    within = [Copy("copy", "d", landed.sha), Copy("e2", "e", landed.sha)]
    actions.commit(town.ground, town.ada, source, within, title="copy")
    copied = {"copy/a", "copy/b/c", "copy/m.bin", "e2"}
    assert copied <= town.paths(source)
    target = town.repo("target", owner="bob", actor=town.bob)
    there = [Copy("x", "d", landed.sha, source=town.objects(source))]
    actions.commit(town.ground, town.bob, target, there, title="copy")
    assert town.paths(target) == {".gitattributes", "x/a", "x/b/c", "x/m.bin"}
    with town.ground.read() as tx:
        assert blobs.object(tx, target.id, sha256).size == 5


# -- who, where ----------------------------------------------------------------------------------


def test_only_those_who_write_commit_and_what_is_hidden_is_not_there(town):
    repo = town.repo()
    hidden = town.repo("hidden", visibility="private")
    with pytest.raises(Denied):
        town.commit(repo, {"a": b"1"}, actor=town.eve)
    with pytest.raises(Denied) as caught:
        town.commit(repo, {"a": b"1"}, actor=ANYONE)
    assert caught.value.code == "Unauthenticated"
    with pytest.raises(Unknown) as caught:
        town.commit(hidden, {"a": b"1"}, actor=town.eve)
    assert caught.value.code == "RepoNotFound"


@pytest.mark.parametrize("revision", ["no", "v1", "HEAD~1", "refs/tags/v1", "0" * 40])
def test_a_commit_goes_to_a_branch_and_to_nothing_else(town, revision):
    repo = town.repo()
    actions.create_tag(town.ground, town.ada, repo, "v1")
    for create_pr in (False, True):
        with pytest.raises(Unknown) as caught:
            town.commit(repo, {"a": b"1"}, revision=revision, create_pr=create_pr)
        assert caught.value.code == "RevisionNotFound"


def test_a_reader_proposes_a_commit_and_goes_on_committing_to_the_proposal(town):
    repo = town.repo()
    with pytest.raises(Denied, match="create_pr=True"):
        town.commit(repo, {"a": b"1"}, actor=town.eve)
    landed = town.commit(repo, {"a": b"1"}, actor=town.eve, create_pr=True)
    assert (landed.number, landed.ref) == (1, "refs/pr/1")
    assert town.again(repo).head == repo.head
    town.commit(repo, {"b": b"1"}, actor=town.eve, revision="refs/pr/1")
    assert town.paths(repo, "refs/pr/1") == {".gitattributes", "a", "b"}
    with pytest.raises(Denied):
        town.commit(repo, {"c": b"1"}, actor=town.bob, revision="refs/pr/1")
    town.commit(repo, {"c": b"1"}, revision="refs/pr/1")
    with town.ground.write() as tx:
        assert actions.take_number(tx, repo.id) == 2


def test_a_proposal_starts_from_the_parent_its_sender_names(town):
    repo = town.repo()
    town.commit(repo, {"a": b"1"})
    landed = town.commit(repo, {"b": b"1"}, create_pr=True, parent=repo.head)
    assert town.paths(repo, landed.ref) == {".gitattributes", "b"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ([Add("..\\ddd", b"")], "PathRefused"),
        ([Add(".git/config", b"")], "PathRefused"),
        ([Add(".gitattributes/x", b"")], "PathRefused"),
        ([Add("A", b""), Add("a", b"")], "PathRefused"),
        ([Add("big", b"x" * 10_000_001)], "FileTooLarge"),
        ([AddLarge("a", "ABC", 1)], "Invalid"),
        ([DeleteFile("no")], "EntryNotFound"),
        ([DeleteFolder("no")], "EntryNotFound"),
    ],
)
def test_a_commit_with_one_bad_operation_does_nothing(town, change, words):
    repo = town.repo()
    with pytest.raises((Invalid, Unknown)) as caught:
        actions.commit(town.ground, town.ada, repo, [Add("fine", b"1"), *change], title="t")
    assert caught.value.code == words
    assert town.paths(repo) == {".gitattributes"}


@pytest.mark.parametrize("title", ["", " \n ", "x" * (TITLE_LENGTH_MAX + 1)])
def test_a_commit_needs_a_message_of_reasonable_length(town, title):
    with pytest.raises(Invalid):
        town.commit(town.repo(), {"a": b"1"}, title=title)


def test_operations_are_taken_one_by_one_and_not_without_end(town):
    repo = town.repo()
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield Add(f"f{len(taken)}", b"")

    with pytest.raises(Excessive):
        actions.commit(town.ground, town.ada, repo, endless(), title="t")
    assert len(taken) == operations.OPERATIONS_MAX + 1


def test_contents_in_files_are_committed_piece_by_piece(town, tmp_path):
    repo = town.repo()
    content = random.Random(3).randbytes(9_000_000)
    (tmp_path / "source").write_bytes(content)
    change = [Add("big", tmp_path / "source"), Add("again", tmp_path / "source")]
    actions.commit(town.ground, town.ada, repo, change, title="t")
    assert town.read(repo, "big") == content == town.read(repo, "again")
    assert list(town.ground.store.staging().glob("spool-*")) == []


def test_the_log_names_a_private_repository_by_its_number_alone(town):
    hidden = town.repo("hidden-thing", visibility="private")
    town.commit(hidden, {"a": b"1"})
    public = town.repo("seen")
    town.commit(public, {"a": b"1"})
    with town.ground.read() as tx:
        entries = tx.connection.execute(select(Event.entry)).scalars().all()
    assert not any("hidden-thing" in entry for entry in entries)
    assert any('"committed"' in entry and "repo/ada/seen" in entry for entry in entries)


def test_a_deleted_repository_takes_no_commit(town):
    repo = town.repo()
    with town.ground.write() as tx:
        actions.delete(tx, town.ada, repo)
    with pytest.raises(Unknown):
        town.commit(repo, {"a": b"1"})
    with town.ground.read() as tx, pytest.raises(Unknown):
        queries.by_id(tx, repo.id)
