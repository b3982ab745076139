"""Replay holds branches and tags to where the log says that they were last moved to."""

import orjson
import pytest
import sqlalchemy as sa
from tests.commons.tlog.operations import Life
from tests.commons.tlog.test_parts import every_difference

from iriai.base.events import Event
from iriai.commons.tlog import replayed
from iriai.discussions import actions as discussions
from iriai.repos import actions as repos
from iriai.repos import powers, records, refs
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


def test_what_came_from_elsewhere_is_known_from_its_first_day_and_old_entries_still_replay(lived):
    life, _, second, shas = lived
    with life.ground.write() as tx:
        here = known.by_id(tx, second).commons_id
        row = {"repo_id": second, "sha": shas[0], "commit_sha": shas[0], "updated_at": tx.now}
        with tx.connection.begin_nested() as point:
            tx.connection.execute(sa.insert(RefRow), row | {"name": "refs/heads/added"})
            found = [each.row for each in replayed.moved(tx, here)]
            point.rollback()
        assert found == [f"{second}/refs/heads/added"]
        entry = sa.select(Event.id, Event.private).where(Event.verb == "moved")
        number, private = tx.connection.execute(entry).one()
        assert "refs_at" in private
        older = orjson.loads(private)
        older.pop("refs_at")  # as hubs wrote it before
        changed = sa.update(Event).where(Event.id == number)
        tx.connection.execute(changed.values(private=orjson.dumps(older).decode()))
        tx.connection.execute(sa.insert(RefRow), row | {"name": "refs/heads/added"})
        assert list(replayed.moved(tx, here)) == []


def test_of_very_many_refs_the_log_has_the_digest(lived, monkeypatch):
    life, first, _, shas = lived
    monkeypatch.setattr(records, "REFS_SAID_BYTES_MAX", 10)
    with life.ground.write() as tx:
        repo = known.by_id(tx, first)
        powers.move(tx, life.ada, repo, to_owner="lab", to_name="large", by_decision=True)
    with life.ground.write() as tx:
        here = known.by_id(tx, first).commons_id
        assert list(replayed.moved(tx, here)) == []
        row = {"repo_id": first, "sha": shas[0], "commit_sha": shas[0], "updated_at": tx.now}
        tx.connection.execute(sa.insert(RefRow), row | {"name": "refs/heads/added"})
        assert [each.row for each in replayed.moved(tx, here)] == [str(first)]


BACK = "UPDATE refs SET sha=:old, commit_sha=:old WHERE repo_id=:repo AND name=:name"
NEW = (
    "INSERT INTO refs (repo_id, name, sha, commit_sha, updated_at) "
    "VALUES (:repo, :name, :old, :old, CURRENT_TIMESTAMP)"
)
HANDS = [
    (BACK, "refs/heads/main"),
    (BACK, "refs/heads/side"),
    (BACK, "refs/tags/v1"),
    (BACK, "refs/pr/1"),
    (BACK.replace("sha=:old, ", ""), "refs/heads/main"),
    (BACK.replace(", commit_sha=:old", ""), "refs/pr/1"),
    (BACK.replace("sha=:old, ", ""), "refs/tags/v1"),
    (BACK.replace(", commit_sha=:old", ""), "refs/tags/v1"),
    (NEW, "refs/heads/hidden"),
    (NEW, "refs/tags/v0"),
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
    with life.ground.write() as tx:
        before = sa.update(RefRow).where(RefRow.repo_id == second, RefRow.name == "refs/heads/main")
        tx.connection.execute(before.values(sha=shas[0], commit_sha=shas[0]))
    assert f"{second}/refs/heads/main" in {each.row for each in every_difference(life.ground)}
