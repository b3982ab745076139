"""What happens to a repository when several things happen to it at once, and in any order."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from iriai.base import jobs, ledger
from iriai.base.errors import Conflict, HubError, Invalid, Unknown
from iriai.base.events import HUB
from iriai.blobs import queries as blobs
from iriai.commons.tlog import replaying
from iriai.identity.rules import ANYONE
from iriai.repos import actions, check, erasing, powers, queries
from iriai.repos.actions import Add, AddLarge, DeleteFile, DeleteFolder
from iriai.repos.tables import RepoGrant


def at_once(*works):
    """Run them together; what each of them raised, or None."""
    gate, raised = threading.Barrier(len(works)), [None] * len(works)

    def run(at, work):
        gate.wait(30)
        try:
            work()
        except HubError as error:
            raised[at] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


def test_a_move_and_many_commits_leave_one_whole_repository(any_town):
    repo = any_town.repo("one")

    def move():
        with any_town.ground.write() as tx:
            actions.move(tx, any_town.ada, repo, to_owner="ada", to_name="two")

    def commit(number):
        return lambda: any_town.commit(repo, {f"f{number}": b"x"}, title=f"c{number}")

    raised = at_once(move, *(commit(number) for number in range(8)))
    assert raised == [None] * 9
    with any_town.ground.read() as tx:
        found = queries.repo(tx, ANYONE, "model", "ada/two")
    assert any_town.paths(found) == {".gitattributes"} | {f"f{number}" for number in range(8)}
    assert list(check.findings(any_town.ground)) == []


def test_a_deletion_and_many_commits_leave_nothing_half_done(any_town):
    repo = any_town.repo("one")

    def delete():
        with any_town.ground.write() as tx:
            actions.delete(tx, any_town.ada, repo)

    def commit(number):
        return lambda: any_town.commit(repo, {f"f{number}": b"x"}, title=f"c{number}")

    raised = at_once(delete, *(commit(number) for number in range(6)))
    assert raised[0] is None
    assert all(error is None or error.code == "RepoNotFound" for error in raised[1:])
    assert list(check.findings(any_town.ground)) == []


def test_of_two_moves_to_one_name_one_wins(any_town):
    one, two = any_town.repo("one"), any_town.repo("two")

    def move(repo):
        def work():
            with any_town.ground.write() as tx:
                actions.move(tx, any_town.ada, repo, to_owner="ada", to_name="wanted")

        return work

    raised = at_once(move(one), move(two))
    assert sorted(type(error) for error in raised if error) == [Conflict]
    names = {any_town.again(one).name, any_town.again(two).name}
    assert names in ({"wanted", "two"}, {"one", "wanted"})


def test_a_branch_that_many_create_at_once_is_created_once(any_town):
    repo = any_town.repo()

    def create():
        with any_town.ground.write() as tx:
            actions.create_branch(tx, any_town.ada, repo, "wanted")

    raised = at_once(*[create] * 6)
    assert sum(error is None for error in raised) == 1
    assert {error.code for error in raised if error} == {"ReferenceExists"}


def test_what_a_branch_leads_to_that_came_while_a_file_was_taken_out_is_not_let_go(
    any_town, monkeypatch
):
    repo, store_pack = any_town.repo(), erasing.store_pack
    digest = any_town.send(repo, b"large")
    actions.commit(any_town.ground, any_town.ada, repo, [AddLarge("a.bin", digest)], title="add")

    def meanwhile(*given):
        with any_town.ground.write() as tx:
            actions.create_branch(tx, any_town.ada, repo, "other")
        store_pack(*given)

    monkeypatch.setattr(erasing, "store_pack", meanwhile)
    with pytest.raises(Conflict):
        erasing.erase(any_town.ground, any_town.ada, repo, {digest}, rewrite=True)
    with any_town.ground.read() as tx:
        assert digest in blobs.objects(tx, repo.id, [digest])
    assert list(check.findings(any_town.ground)) == []


def test_a_commit_waits_for_whoever_freezes_its_repository_and_is_refused(any_town):
    repo = any_town.repo()
    frozen, raised = threading.Event(), []

    def commit():
        assert frozen.wait(120)
        try:
            any_town.commit(repo, {"f": b"x"})
        except HubError as error:
            raised.append(error)

    committing = threading.Thread(target=commit)
    committing.start()
    with any_town.ground.write() as tx:
        powers.freeze(tx, repo.id, "a case runs")
        frozen.set()
        committing.join(0.4)
    committing.join()
    assert len(raised) == 1


def test_what_is_held_while_it_is_copied_is_not_copied(any_town, monkeypatch):
    repo, store_pack = any_town.repo(), actions.store_pack
    any_town.commit(repo, {"f": b"x"})

    def meanwhile(*given):
        with any_town.ground.write() as tx:
            powers.hold_file(tx, repo.id, "f", reason="It names somebody.", until=None)
        store_pack(*given)

    monkeypatch.setattr(actions, "store_pack", meanwhile)
    with pytest.raises(HubError):
        actions.duplicate(any_town.ground, any_town.eve, any_town.again(repo), "eve", "copy")


def test_what_comes_into_a_repository_while_it_moves_stands_in_the_log_it_moves_to(
    any_town, monkeypatch
):
    repo, who, enqueue = any_town.repo(), any_town.eve.id, jobs.enqueue
    told, moved = threading.Event(), threading.Event()

    def linger(tx, asked):  # the last before a transaction is committed
        enqueue(tx, asked)
        if not told.is_set():
            told.set()
            moved.wait(0.3)

    def let_in():
        with any_town.ground.write() as tx:
            row = {"repo_id": repo.id, "account_id": who, "since": tx.now}
            tx.connection.execute(insert(RepoGrant), row)

    monkeypatch.setattr(jobs, "enqueue", linger)
    coming = threading.Thread(target=let_in)
    coming.start()
    assert told.wait(20)
    with any_town.ground.write() as tx:
        powers.move(tx, any_town.ada, repo, to_owner="lab", to_name="tiny", by_decision=True)
    moved.set()
    coming.join()
    with any_town.ground.read() as tx:
        for commons_id in (HUB, any_town.again(repo).commons_id):
            logged = replaying.read(tx, commons_id).state
            there = ledger.live(tx, commons_id)
            assert [each for each in logged if each.startswith("repo_grants")] == [
                each for each in there if each.startswith("repo_grants")
            ]


names = st.sampled_from(["a", "b", "c.txt"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
operations = st.one_of(
    st.builds(Add, paths, st.binary(max_size=3)),
    st.builds(DeleteFile, paths),
    st.builds(DeleteFolder, paths),
)
commits = st.lists(st.lists(operations, min_size=1, max_size=4), min_size=1, max_size=3)


def expected(files: dict[str, bytes], change) -> dict[str, bytes] | None:
    """What a dict of paths makes of the operations; None where one of them cannot be done."""
    files = dict(files)
    for operation in change:
        path = operation.path
        below = [each for each in files if each == path or each.startswith(path + "/")]
        if isinstance(operation, Add):
            parts = path.split("/")
            above = any("/".join(parts[:depth]) in files for depth in range(1, len(parts)))
            if above or (below and below != [path]):
                return None
            files[path] = operation.content
        elif not below:
            return None
        else:
            for each in below:
                del files[each]
    return files


@given(commits)
def test_commits_do_to_a_repository_what_they_would_do_to_a_dict(town, changes):
    count = test_commits_do_to_a_repository_what_they_would_do_to_a_dict.__dict__
    number = count["number"] = count.get("number", 0) + 1
    repo = town.repo(f"r{number}")
    model = {".gitattributes": town.read(repo, ".gitattributes")}
    for turn, change in enumerate(changes):
        after = expected(model, change)
        try:
            landed = actions.commit(town.ground, town.ada, repo, change, title=f"t{turn}")
        except (Invalid, Unknown):
            assert after is None
        else:
            assert after is not None
            model = after
            assert landed.moved
    assert town.paths(repo) == set(model)
    assert all(town.read(repo, path) == content for path, content in model.items())
