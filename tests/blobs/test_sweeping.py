"""What nobody needs goes after thirty days, and nothing that somebody needs ever does."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select, update
from tests.blobs.conftest import ADA, BOB, sha256, staged
from tests.support import xet

from iriai.base.errors import Invalid, Unavailable, Unknown
from iriai.blobs import actions, queries, receiving, rules, sweeping
from iriai.blobs.rules import BlobState, XorbState
from iriai.blobs.tables import RepoXorb, StoredBytes, Xorb
from iriai.blobs.xet import hashes

pytestmark = pytest.mark.either_state

RAWS = [xet.noise(20_000, seed=n) for n in range(3)]
WHOLE = b"".join(RAWS)


def keys(ground) -> list[str]:
    return [e.key for prefix in ("lfs/", "xorbs/", "shards/") for e in ground.store.entries(prefix)]


def release(ground, repo_id) -> None:
    with ground.write() as tx:
        actions.release(tx, repo_id)


def state(ground, name) -> str | None:
    with ground.read() as tx:
        return tx.connection.execute(select(Xorb.state).where(Xorb.hash == name)).scalar()


def sweeps(ground, clock, *, days: float) -> None:
    clock.advance(days=days)
    sweeping.sweep(ground)


def send(sender) -> str:
    """A xorb and its shard; the xorb's name."""
    body, table = xet.xorb(RAWS)
    name = hashes.to_hex(table.root())
    sender.xorb(body, name)
    sender.shard(xet.shard([xet.claim(table, 0, 3, sha256(WHOLE))], [table]))
    return name


def test_what_a_repository_holds_is_never_swept(any_sender, clock, folders):
    ada = any_sender(ADA)
    digest = ada.by_lfs(b"kept whole")
    ada.by_xet(folders(), WHOLE)
    before = keys(ada.ground)
    sweeps(ada.ground, clock, days=400)
    sweeps(ada.ground, clock, days=400)
    assert keys(ada.ground) == before
    assert ada.object(digest) is not None
    assert ada.read(sha256(WHOLE)) == WHOLE


def test_what_was_released_stays_for_the_grace_and_then_goes(any_sender, clock):
    ada = any_sender(ADA)
    ada.by_lfs(b"kept whole")
    name = send(ada)
    release(ada.ground, ADA)
    sweeps(ada.ground, clock, days=29)
    assert len(keys(ada.ground)) == 3
    sweeps(ada.ground, clock, days=2)
    assert state(ada.ground, name) == XorbState.TOMBSTONE
    sweeps(ada.ground, clock, days=2)
    assert state(ada.ground, name) is None
    sweeps(ada.ground, clock, days=1)
    assert keys(ada.ground) == []


def test_bytes_that_no_row_tells_of_go_after_the_grace_and_all_others_stay(any_sender, clock):
    ada = any_sender(ADA)
    store = ada.ground.store
    ada.by_lfs(b"kept whole")
    send(ada)
    with ada.ground.write() as tx:
        going_on = receiving.begin_parts(tx, ADA, sha256(b"in parts"), 8)
    piece = staged(ada.ground, b"in parts")
    receiving.receive_part(ada.ground, going_on, 1, piece, size=8, etag=sha256(b"in parts"))
    before = {each.key for each in store.entries("")}
    orphans = {
        rules.xorb_key("ab" * 32),
        rules.blob_key("ab" * 32),
        rules.shard_key("ab" * 16, clock()),
        rules.part_key("ab" * 16, 1),
    }
    for key in orphans:
        store.put(key, b"nobody's")
    clock.moment = datetime.now(UTC) + rules.GRACE - timedelta(minutes=5)
    assert sweeping.sweep_orphans(ada.ground) == 0
    clock.advance(minutes=10)
    assert sweeping.sweep_orphans(ada.ground) == len(orphans)
    assert {each.key for each in store.entries("")} == before


def test_a_part_that_comes_after_its_upload_was_completed_leaves_nothing(any_sender):
    ada = any_sender(ADA)
    whole = b"in parts"
    with ada.ground.write() as tx:
        upload = receiving.begin_parts(tx, ADA, sha256(whole), len(whole))

    def part(ground):
        path = staged(ground, whole)
        receiving.receive_part(ground, upload, 1, path, size=len(whole), etag=sha256(whole))

    part(ada.ground)
    put = ada.ground.store.put

    def completed_meanwhile(key, source):
        put(key, source)
        receiving.complete_parts(ada.ground, upload, [sha256(whole)])
        put(key, b"too late")

    class Store:
        """The store, at a bad moment."""

        def __getattr__(self, name):
            return completed_meanwhile if name == "put" else getattr(ada.ground.store, name)

    ground = replace(ada.ground, store=Store())
    with pytest.raises(Unknown, match="complete already"):
        part(ground)
    assert list(ada.ground.store.entries("parts/")) == []
    assert ada.object(sha256(whole)).has_blob


def test_an_object_that_another_repository_holds_stays(sender, clock):
    ada, bob = sender(ADA), sender(BOB)
    digest = ada.by_lfs(b"shared")
    bob.by_lfs(b"shared")
    release(ada.ground, ADA)
    sweeps(ada.ground, clock, days=60)
    assert bob.object(digest) is not None
    assert len(keys(ada.ground)) == 1


def test_a_condemned_xorb_that_is_sent_again_lives_again(sender, clock):
    ada = sender(ADA)
    name = send(ada)
    release(ada.ground, ADA)
    sweeps(ada.ground, clock, days=31)
    assert state(ada.ground, name) == XorbState.TOMBSTONE
    assert send(ada) == name
    assert state(ada.ground, name) == XorbState.LIVE
    sweeps(ada.ground, clock, days=60)
    assert ada.read(sha256(WHOLE)) == WHOLE


def test_a_shard_that_names_a_condemned_xorb_is_told_that_it_is_missing(sender, clock):
    ada = sender(ADA)
    body, table = xet.xorb(RAWS)
    ada.xorb(body, hashes.to_hex(table.root()))
    sweeps(ada.ground, clock, days=31)
    with pytest.raises(Invalid, match="missing"):
        ada.shard(xet.shard([xet.claim(table, 0, 3, sha256(WHOLE))], [table]))


def test_a_xorb_named_within_the_grace_is_not_condemned(sender, clock):
    ada = sender(ADA)
    body, table = xet.xorb(RAWS)
    ada.xorb(body, hashes.to_hex(table.root()))
    sweeps(ada.ground, clock, days=29)
    ada.shard(xet.shard([xet.claim(table, 0, 3, sha256(WHOLE))], [table]))
    sweeps(ada.ground, clock, days=29)
    assert ada.read(sha256(WHOLE)) == WHOLE


def test_a_claim_on_bytes_that_are_being_deleted_is_refused_for_a_moment(sender):
    ada = sender(ADA)
    name = send(ada)
    digest = ada.by_lfs(b"whole")
    with ada.ground.write() as tx:
        tx.connection.execute(update(Xorb).values(state=XorbState.DROPPING))
        tx.connection.execute(
            update(StoredBytes)
            .where(StoredBytes.sha256 == digest)
            .values(blob_state=BlobState.DROPPING)
        )
    body, _ = xet.xorb(RAWS)
    with pytest.raises(Unavailable, match="try again"):
        ada.xorb(body, name)
    with pytest.raises(Unavailable, match="try again"):
        ada.by_lfs(b"whole")


def test_a_sweep_that_died_is_finished_by_the_next(sender, clock):
    ada = sender(ADA)
    digest = ada.by_lfs(WHOLE)
    name = send(ada)
    with ada.ground.write() as tx:
        tx.connection.execute(
            update(StoredBytes)
            .where(StoredBytes.sha256 == digest)
            .values(blob_state=BlobState.DROPPING)
        )
    sweeping.sweep(ada.ground)
    assert [key.split("/")[0] for key in keys(ada.ground)] == ["xorbs", "shards"]
    assert not ada.object(digest).has_blob
    release(ada.ground, ADA)
    with ada.ground.write() as tx:
        tx.connection.execute(update(Xorb).values(state=XorbState.DROPPING, condemned_at=clock()))
    sweeps(ada.ground, clock, days=31)
    sweeps(ada.ground, clock, days=2)
    assert state(ada.ground, name) is None


def test_uploads_in_parts_that_were_given_up_leave_nothing(sender, clock):
    ada = sender(ADA)
    with ada.ground.write() as tx:
        upload = receiving.begin_parts(tx, ADA, sha256(b"x"), 20 * 1024 * 1024)
    part = bytes(rules.PART_BYTES_MIN)
    receiving.receive_part(
        ada.ground, upload, 1, staged(ada.ground, part), size=len(part), etag=sha256(part)
    )
    sweeps(ada.ground, clock, days=6)
    assert len(list(ada.ground.store.entries("parts/"))) == 1
    sweeps(ada.ground, clock, days=2)
    assert list(ada.ground.store.entries("parts/")) == []


def test_swept_xorbs_are_told_to_nobody(sender, clock):
    ada = sender(ADA)
    name = send(ada)
    first = hashes.to_hex(hashes.chunk_hash(RAWS[0]))
    with ada.ground.read() as tx:
        held = select(RepoXorb.repo_id)
        assert queries.upload_with_chunk(tx, first, held) == [hashes.from_hex(name)]
    release(ada.ground, ADA)
    with ada.ground.read() as tx:
        assert queries.upload_with_chunk(tx, first, select(Xorb.first_repo_id)) == []


def test_what_is_sent_again_waits_its_whole_grace_for_its_commit(sender, clock):
    ada = sender(ADA)
    digest = ada.by_lfs(b"sent, forgotten, and sent again")
    clock.advance(days=31)
    ada.by_lfs(b"sent, forgotten, and sent again")
    with ada.ground.write() as tx:
        before = tx.now - timedelta(days=30)
        actions.release_unreferenced(tx, ada.repo_id, set(), before=before)
        assert digest in queries.objects(tx, ada.repo_id, [digest])


def being_forgotten(ada, clock) -> str:
    """A file that nobody holds any more, and that a sweep has marked; its digest."""
    send(ada)
    release(ada.ground, ADA)
    clock.advance(days=31)
    with ada.ground.write() as tx:
        assert sweeping._mark_object(tx, sha256(WHOLE))
    return sha256(WHOLE)


def forget(ground, digest) -> None:
    with ground.write() as tx:
        sweeping._forget_object(tx, digest)


def test_what_is_sent_whole_while_it_is_being_forgotten_is_kept(any_sender, clock):
    ada, bob, passed = any_sender(ADA), any_sender(BOB), []
    digest = being_forgotten(ada, clock)

    @event.listens_for(ada.ground.engine, "checkin")
    def between(*_):
        if not passed:
            passed.append(True)
            forget(ada.ground, digest)

    bob.by_lfs(WHOLE)
    assert passed
    assert bob.read(digest) == WHOLE


def test_the_sweep_that_waits_for_whoever_sends_a_file_again_sees_that_they_hold_it(
    any_sender, clock
):
    ada = any_sender(ADA)
    digest = being_forgotten(ada, clock)
    held = threading.Event()

    def linger(_tx):
        held.set()
        time.sleep(0.3)

    def send_again():
        path = staged(ada.ground, WHOLE)
        receiving.receive_object(ada.ground, BOB, digest, len(WHOLE), path, linger)

    sending = threading.Thread(target=send_again)
    sending.start()
    assert held.wait(20)
    forget(ada.ground, digest)
    sending.join()
    assert any_sender(BOB).read(digest) == WHOLE
