"""Joining, sweeping and purging packs, with readers and writers who must not notice."""

import os
import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from iriai.base import jobs
from iriai.base.errors import HubError, Unknown
from iriai.base.jobs import Job, PutOffError, run_due
from iriai.base.stay import Stay
from iriai.blobs import queries as blobs
from iriai.repos import actions, compaction, joining, queries, releasing, sweeping
from iriai.repos import jobs as repos_jobs
from iriai.repos.actions import AddLarge
from iriai.repos.git import repack
from iriai.repos.git.command import GitFailed
from iriai.repos.git.objects import Objects
from iriai.repos.git.packs import Packed
from iriai.repos.joining import PACKS_MAX, LivePack, is_due, to_join
from iriai.repos.landing import store_pack
from iriai.repos.register import PURGE_GRACE
from iriai.repos.tables import PackRow, RefRow, RepoRow

pytestmark = pytest.mark.either_state

COUNT = 400 if os.environ.get("IRIAI_TEST_LONG") else 30

sizes = st.lists(st.integers(1, 10**9), max_size=40)
as_packs = sizes.map(lambda found: [LivePack(f"{at:03}", size) for at, size in enumerate(found)])


@given(as_packs)
def test_after_joining_each_pack_that_stays_outweighs_twice_what_is_smaller(packs):
    joined = to_join(packs)
    assert len(joined) != 1
    staying = sorted(pack.size for pack in packs if pack not in joined)
    total = sum(pack.size for pack in joined)
    for size in staying:
        assert size >= joining.RATIO * total
        total += size
    assert len(staying) <= 30


@given(as_packs)
def test_so_many_packs_that_compaction_is_due_are_always_joined(packs):
    if is_due(packs):
        assert to_join(packs)


def live(town, repo):
    with town.ground.read() as tx:
        return {pack.name for pack in joining.live(tx, repo.id)}


def test_many_commits_ask_for_compaction_and_nothing_is_lost_by_it(any_town, clock):
    repo = any_town.repo()
    shas = [
        any_town.commit(repo, {f"f{number}": b"%d" % number}).sha for number in range(PACKS_MAX + 1)
    ]
    before, changed_at = live(any_town, repo), any_town.again(repo).updated_at
    assert len(before) > PACKS_MAX
    clock.advance(days=1)
    with any_town.ground.read() as tx:
        asked = tx.session.scalars(select(Job).where(Job.kind == "repos.compact")).all()
    assert [job.payload for job in asked] == [{"repo_id": repo.id}]
    assert compaction.compact(any_town.ground, repo.id) > PACKS_MAX // 2
    after = live(any_town, repo)
    assert len(after) < 8
    assert any_town.again(repo).updated_at == changed_at
    fresh = Objects(repo.id, queries.objects(any_town.ground, repo.id)._shelf, lambda: list(after))
    for number, sha in enumerate(shas):
        assert fresh.raw(fresh.file(sha, f"f{number}").oid) == b"%d" % number
    with any_town.ground.read() as tx:
        kept = tx.connection.execute(
            select(func.sum(PackRow.bytes)).where(PackRow.retired_at.is_(None))
        ).scalar_one()
        assert kept == tx.connection.execute(select(RepoRow.git_bytes)).scalar_one()


def test_a_commit_whose_only_ref_is_a_row_survives_compaction(town):
    repo = town.repo()
    landed = town.commit(repo, {"a": b"1"}, create_pr=True)
    for number in range(4):
        town.commit(repo, {"b": b"%d" % number})
    actions.squash(town.ground, town.ada, repo, "main", "one")
    compaction.compact(town.ground, repo.id)
    assert town.paths(repo, landed.ref) == {".gitattributes", "a"}


@pytest.mark.either_state(sampled=False)
def test_readers_and_writers_go_on_while_packs_are_joined_and_swept(any_town, clock):
    repo = any_town.repo()
    shas = [any_town.commit(repo, {"a": b"0"}).sha]
    errors, stop = [], threading.Event()
    cold = [queries.objects(any_town.ground, repo.id)]

    def read(seed):
        chance = random.Random(seed)
        while not stop.wait(0.001):
            number = chance.randrange(len(shas))
            reader = cold[-1] if seed % 2 else queries.objects(any_town.ground, repo.id)
            try:
                entry = reader._looked_up(reader.commit(shas[number]).tree, "a")
                assert reader.raw(entry.oid) == b"%d" % number
            except (HubError, AssertionError) as error:
                errors.append(error)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(1, COUNT):
            shas.append(any_town.commit(repo, {"a": b"%d" % number}).sha)
            if number % 10 == 0:
                compaction.compact(any_town.ground, repo.id)
                clock.advance(days=2)
                sweeping.sweep_retired(any_town.ground)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert len(any_town.objects(repo).log(shas[-1], limit=1_000)) == COUNT + 1


def test_of_two_workers_who_join_the_same_packs_one_does(town):
    repo = town.repo()
    for number in range(20):
        town.commit(repo, {f"f{number}": b"x"})
    gate, joined = threading.Barrier(2), []

    def compact():
        gate.wait(30)
        joined.append(compaction.compact(town.ground, repo.id))

    threads = [threading.Thread(target=compact) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert min(joined) == 0 or len(live(town, repo)) < 5
    assert len(town.paths(repo)) == 21
    names = {entry.key.split("/")[2].split(".")[0] for entry in town.ground.store.entries("git/")}
    with town.ground.read() as tx:
        known = set(tx.connection.execute(select(PackRow.name)).scalars())
    assert names == known


@pytest.mark.parametrize(("where", "step"), [(repack, "joined"), (Objects, "indexes")])
def test_who_finds_the_packs_joined_by_another_meanwhile_does_nothing(
    town, monkeypatch, where, step
):
    repo = town.repo()
    for number in range(5):
        town.commit(repo, {f"f{number}": b"x"})
    real = getattr(where, step)

    def late(*given):
        monkeypatch.setattr(where, step, real)
        assert compaction.compact(town.ground, repo.id) == 6
        return real(*given)

    monkeypatch.setattr(where, step, late)
    assert compaction.compact(town.ground, repo.id) == 0
    assert len(town.paths(repo)) == 6


def test_packs_that_cannot_be_joined_stay_and_say_so(town, monkeypatch):
    repo = town.repo()
    for number in range(5):
        town.commit(repo, {f"f{number}": b"x"})
    before = live(town, repo)

    def fails(*_given):
        raise GitFailed("pack-objects", "fatal: no space")

    monkeypatch.setattr(repack, "joined", fails)
    with pytest.raises(GitFailed):
        compaction.compact(town.ground, repo.id)
    assert live(town, repo) == before


def test_retired_packs_stay_for_a_grace_and_then_go(any_town, clock):
    repo = any_town.repo()
    for number in range(5):
        any_town.commit(repo, {"a": b"%d" % number})
    old = live(any_town, repo)
    compaction.compact(any_town.ground, repo.id)
    clock.advance(hours=23)
    assert sweeping.sweep_retired(any_town.ground) == 0
    clock.advance(hours=2)
    gone = old - live(any_town, repo)
    assert sweeping.sweep_retired(any_town.ground) == len(gone)
    kept = {
        entry.key.split("/")[2].split(".")[0] for entry in any_town.ground.store.entries("git/")
    }
    assert kept == live(any_town, repo)
    assert any_town.read(repo, "a") == b"4"


def test_packs_wait_for_a_backup_before_they_go(any_town, clock):
    repo = any_town.repo()
    for number in range(5):
        any_town.commit(repo, {"a": b"%d" % number})
    compaction.compact(any_town.ground, repo.id)
    store_pack(any_town.ground, repo.id, Packed("d" * 40, b"orphan", b"idx", 6, 0))
    clock.moment = clock.moment.replace(year=2040)
    Stay(any_town.ground).renew()
    before = {entry.key for entry in any_town.ground.store.entries("git/")}
    for sweep in (sweeping.sweep_retired, sweeping.sweep_orphans):
        with pytest.raises(PutOffError):
            sweep(any_town.ground)
    assert {entry.key for entry in any_town.ground.store.entries("git/")} == before


def test_an_orphan_is_swept_when_it_is_old_and_what_is_known_is_not(any_town, clock):
    repo = any_town.repo()
    any_town.commit(repo, {"a": b"1"})
    store_pack(any_town.ground, repo.id, Packed("d" * 40, b"orphan", b"idx", 6, 0))
    clock.moment = clock.moment.replace(year=2020)
    assert sweeping.sweep_orphans(any_town.ground) == 0
    clock.moment = clock.moment.replace(year=2040)
    assert sweeping.sweep_orphans(any_town.ground) == 2
    assert not any_town.ground.store.exists(f"git/{repo.id}/{'d' * 40}.pack")
    assert any_town.read(repo, "a") == b"1"


def test_a_deleted_repositorys_bytes_go_after_the_grace_and_its_tombstone_stays(any_town, clock):
    repo, other = any_town.repo(), any_town.repo("other")
    sha256 = any_town.send(repo, b"large")
    change = [AddLarge("m.bin", sha256)]
    actions.commit(any_town.ground, any_town.ada, repo, change, title="t")
    with any_town.ground.write() as tx:
        actions.delete(tx, any_town.ada, repo)
    assert not sweeping.purge(any_town.ground, repo.id)
    assert any(any_town.ground.store.entries(f"git/{repo.id}/"))
    clock.advance(days=PURGE_GRACE.days)
    assert jobs.KINDS["repos.purge"].run is repos_jobs.purge
    run_due(any_town.ground)
    assert not any(any_town.ground.store.entries(f"git/{repo.id}/"))
    assert any(any_town.ground.store.entries(f"git/{other.id}/"))
    with any_town.ground.read() as tx:
        left = select(func.count()).select_from(RefRow).where(RefRow.repo_id == repo.id)
        assert tx.connection.execute(left).scalar_one() == 0
        assert blobs.object(tx, repo.id, sha256) is None
        assert queries.repo(tx, any_town.ada, "model", "ada/other").id == other.id
        with pytest.raises(HubError):
            queries.repo(tx, any_town.ada, "model", "ada/tiny")
    assert not sweeping.purge(any_town.ground, repo.id)
    assert not sweeping.purge(any_town.ground, other.id)
    with pytest.raises(Unknown):
        any_town.again(repo)


def test_what_was_sent_and_never_committed_is_let_go_after_the_grace(any_town, clock):
    repo = any_town.repo()
    kept, replaced, loose = (any_town.send(repo, text) for text in (b"one", b"two", b"three"))
    for name, sha256 in (("a", kept), ("b", replaced)):
        change = [AddLarge(name, sha256)]
        actions.commit(any_town.ground, any_town.ada, repo, change, title=name)
    actions.commit(any_town.ground, any_town.ada, repo, [actions.DeleteFile("b")], title="less")
    assert releasing.release_all(any_town.ground) == 0
    clock.advance(days=31)
    assert releasing.release_all(any_town.ground) == 1
    with any_town.ground.read() as tx:
        held = blobs.objects(tx, repo.id, [kept, replaced, loose])
    assert set(held) == {kept, replaced}
    assert releasing.release_all(any_town.ground) == 0
    with pytest.raises(HubError):
        actions.commit(any_town.ground, any_town.ada, repo, [AddLarge("c", loose)], title="late")
