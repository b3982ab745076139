"""What a lock keeps others from, and what it leaves them."""

import pytest
from tests.repos.test_pushes import push
from tests.repos.test_queries import Statements
from tests.support.hand_made_packs import FILE, FOLDER, HandMade

from iriai.base.errors import Denied
from iriai.commons import enactment
from iriai.repos import actions, locks
from iriai.repos.operations import Add, DeleteFile, DeleteFolder

pytestmark = pytest.mark.either_state

MAIN = "refs/heads/main"


@pytest.fixture
def shared(any_town):
    """A repository that ada and bob write to, in which ada has locked `art/a.psd`."""
    repo = any_town.repo(owner="lab", actor=any_town.bob)
    any_town.commit(repo, {"art/a.psd": b"1", "art/b.psd": b"1", "c.txt": b"1"})
    with any_town.ground.write() as tx:
        locks.lock(tx, any_town.ada, repo, path="art/a.psd")
    return any_town.again(repo)


@pytest.mark.parametrize(
    "change",
    [
        Add("art/a.psd", b"2"),
        DeleteFile("art/a.psd"),
        DeleteFolder("art"),
    ],
)
def test_a_commit_changes_no_file_that_another_holds(any_town, shared, change):
    def land(actor, **more):
        return actions.commit(any_town.ground, actor, shared, [change], title="Change", **more)

    with pytest.raises(Denied, match=r"art/a\.psd.*locked by ada.*git lfs unlock art/a\.psd") as no:
        land(any_town.bob)
    assert no.value.code == "FileLocked"
    any_town.commit(shared, {"art/b.psd": b"2", "art/a.psd.txt": b"2"}, actor=any_town.bob)
    assert land(any_town.bob, create_pr=True).number == 1
    assert land(any_town.ada).moved


def test_a_proposal_for_a_locked_file_is_merged_by_its_holder_or_once_it_is_free(any_town, shared):
    offered = enactment.commit(
        any_town.ground, any_town.eve, shared, operations=[Add("art/a.psd", b"2")], title="Mine",
        create_pr=True,
    )  # fmt: skip
    with pytest.raises(Denied, match="locked by ada"):
        enactment.merge(any_town.ground, any_town.bob, shared, offered.number)
    with any_town.ground.write() as tx:
        held = locks.locks(tx, shared)[0]
        locks.unlock(tx, any_town.ada, shared, held.key)
    enactment.merge(any_town.ground, any_town.bob, shared, offered.number)
    assert any_town.read(shared, "art/a.psd") == b"2"


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    return HandMade(folder)


def tree(made, art, **files):
    rows = [(FILE, name.encode(), made.blob(content)) for name, content in files.items()]
    inside = sorted((FILE, name.encode(), made.blob(content)) for name, content in art.items())
    if inside:
        rows.append((FOLDER, b"art", made.tree(*inside)))
    return made.tree(*sorted(rows, key=lambda row: row[1]))


@pytest.mark.parametrize(
    "art", [{"a.psd": b"2", "b.psd": b"1"}, {"b.psd": b"1"}, {}], ids=["changed", "gone", "folder"]
)
def test_a_push_changes_no_file_that_another_holds(any_town, shared, made, art):
    sha = made.commit(tree(made, art, **{"c.txt": b"1"}), [shared.head])
    with pytest.raises(Denied, match="locked by ada"):
        push(any_town, shared, made, (MAIN, shared.head, sha), actor=any_town.bob)
    assert any_town.again(shared).head == shared.head
    assert push(any_town, shared, made, (MAIN, shared.head, sha)).moved == {MAIN: sha}


def test_a_push_that_leaves_it_alone_or_merges_what_its_holder_did_comes_in(
    any_town,
    shared,
    made,
):
    files = {"a.psd": b"1", "b.psd": b"1"}
    mine = made.commit(tree(made, files, **{"c.txt": b"2"}), [shared.head])
    dev = "refs/heads/dev"
    assert push(any_town, shared, made, (dev, None, mine), actor=any_town.bob).moved == {dev: mine}
    theirs = any_town.commit(shared, {"art/a.psd": b"2"}).sha
    both = made.commit(tree(made, files | {"a.psd": b"2"}, **{"c.txt": b"2"}), [mine, theirs])
    assert push(any_town, shared, made, (dev, mine, both), actor=any_town.bob).moved == {dev: both}


def test_a_folder_pushed_in_the_place_of_a_locked_file_takes_it_away(any_town, shared, made):
    inside = made.tree((FILE, b"inside.txt", made.blob(b"2")))
    art = made.tree((FOLDER, b"a.psd", inside))
    sha = made.commit(made.tree((FOLDER, b"art", art)), [shared.head])
    with pytest.raises(Denied, match="locked by ada"):
        push(any_town, shared, made, (MAIN, shared.head, sha), actor=any_town.bob)


def test_where_nothing_is_locked_one_statement_says_so(any_town):
    repo = any_town.repo()
    with any_town.ground.read() as tx, Statements(any_town.ground) as statements:
        locks.require_free(locks.of_others(tx, any_town.bob, repo.id), ["a.psd"])
    assert statements.count == 1
