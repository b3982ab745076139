"""Replay holds branches and tags to where the log says that they were last moved to."""

import pytest
import sqlalchemy as sa
from tests.commons.tlog.operations import Life
from tests.commons.tlog.test_parts import every_difference

from iriai.commons.tlog import replayed
from iriai.discussions import actions as discussions
from iriai.repos import actions as repos
from iriai.repos import powers, refs
from iriai.repos import queries as known
from iriai.repos.actions import Add
from iriai.repos.rules import Visibility
from iriai.repos.tables import RefRow


def named(ground, number):
    with ground.read() as tx:
        return known.by_id(tx, number)


def commit(life, number, text, **more):
    adds = [Add("a.txt", text.encode())]
    repo = named(life.ground, number)
    return repos.commit(life.ground, life.ada, repo, adds, title=text, **more).sha


@pytest.fixture
def lived(any_ground):
    """A repository whose refs were moved in every way, and one more: two shas of the first."""
    life = Life(any_ground)
    life.create("lab")
    first, second = life.repos[:2]
    shas = [commit(life, first, "one"), commit(life, first, "two")]
    with any_ground.write() as tx:
        repo = known.by_id(tx, first)
        for name in ("side", "gone"):
            refs.create_branch(tx, life.ada, repo, name)
        refs.delete_branch(tx, life.ada, repo, "gone")
    refs.create_tag(any_ground, life.ada, named(any_ground, first), "v1", message="First.")
    commit(life, first, "offered", create_pr=True)
    with any_ground.write() as tx:
        discussions.open_pull_request(tx, life.ada, known.by_id(tx, first), title="Draft")
        powers.settle(tx, life.ada, known.by_id(tx, second), visibility=Visibility.PRIVATE)
    commit(life, second, "private")
    with any_ground.write() as tx:
        repo = known.by_id(tx, second)
        powers.move(tx, life.ada, repo, to_owner="lab", to_name="moved", by_decision=True)
    assert every_difference(any_ground) == []
    return life, first, second, shas


BACK = "UPDATE refs SET sha=:old, commit_sha=:old WHERE repo_id=:repo AND name=:name"
HANDS = [
    (BACK, "refs/heads/main"),
    (BACK, "refs/heads/side"),
    (BACK, "refs/tags/v1"),
    (BACK, "refs/pr/1"),
    (BACK.replace("sha=:old, ", ""), "refs/heads/main"),
    (BACK.replace(", commit_sha=:old", ""), "refs/pr/1"),
    ("DELETE FROM refs WHERE repo_id=:repo AND name=:name AND sha<>:old", "refs/heads/side"),
]


def test_a_hand_on_a_branch_or_tag_is_found_and_named(lived):
    life, first, _, shas = lived
    with life.ground.write() as tx:
        here = known.by_id(tx, first).commons_id
        for statement, name in HANDS:
            with tx.connection.begin_nested() as point:
                given = {"old": shas[0], "repo": first, "name": name}
                tx.connection.execute(sa.text(statement), given)
                found = [(each.table, each.row) for each in replayed.moved(tx, here)]
                point.rollback()
            assert found == [("refs", f"{first}/{name}")], statement
        assert list(replayed.moved(tx, here)) == []


def test_a_branch_that_a_hand_brings_back_is_found_and_so_is_a_private_ones(lived):
    life, first, second, shas = lived
    with life.ground.write() as tx:
        row = {"repo_id": first, "sha": shas[0], "commit_sha": shas[0], "updated_at": tx.now}
        tx.connection.execute(sa.insert(RefRow), row | {"name": "refs/heads/gone"})
    assert [each.row for each in every_difference(life.ground)] == [f"{first}/refs/heads/gone"]
    commit(life, second, "again")
    with life.ground.write() as tx:
        before = sa.update(RefRow).where(RefRow.repo_id == second, RefRow.name == "refs/heads/main")
        tx.connection.execute(before.values(sha=shas[0], commit_sha=shas[0]))
    assert f"{second}/refs/heads/main" in {each.row for each in every_difference(life.ground)}
