"""What came by LFS becomes a Xet file; both forms are always right."""

from tests.blobs.conftest import ADA, BOB, sha256
from tests.support import xet

from iriai.base import jobs
from iriai.blobs import converting, queries
from iriai.blobs import jobs as blob_jobs
from iriai.blobs.rules import BLOB_DELAY, CONVERSION_DELAY

CONTENT = xet.noise(1_500_000, seed=4) + b"and some text\n" * 20_000


def test_an_object_becomes_a_xet_file_and_its_whole_copy_goes_a_day_later(any_sender, clock):
    assert blob_jobs.convert
    ada = any_sender(ADA)
    digest = ada.by_lfs(CONTENT)
    assert jobs.run_due(ada.ground) == 0
    clock.advance(seconds=CONVERSION_DELAY.total_seconds() + 1)
    assert jobs.run_due(ada.ground) == 1
    stored = ada.object(digest)
    assert stored.has_blob
    assert stored.xet_hash is not None
    assert ada.read(digest) == CONTENT
    clock.advance(seconds=BLOB_DELAY.total_seconds() + 1)
    assert jobs.run_due(ada.ground) == 1
    assert not ada.object(digest).has_blob
    assert list(ada.ground.store.entries("lfs/")) == []
    assert ada.read(digest) == CONTENT


def test_a_conversion_cuts_as_the_client_does(sender, folders):
    ada, bob = sender(ADA), sender(BOB)
    digest = ada.by_lfs(CONTENT)
    converting.convert(ada.ground, digest)
    packed = bob.by_xet(folders(), CONTENT)
    assert ada.object(digest).xet_hash in packed.hashes.values()


def test_a_conversion_gives_nobody_else_anything(sender):
    ada = sender(ADA)
    digest = ada.by_lfs(CONTENT)
    converting.convert(ada.ground, digest)
    assert sender(BOB).object(digest) is None
    with ada.ground.read() as tx:
        assert queries.holders(tx, digest) == {ADA}


def test_a_conversion_done_twice_or_of_nothing_changes_nothing(sender):
    ada = sender(ADA)
    digest = ada.by_lfs(CONTENT)
    converting.convert(ada.ground, digest)
    before = [entry.key for entry in ada.ground.store.entries("xorbs/")]
    converting.convert(ada.ground, digest)
    converting.convert(ada.ground, sha256(b"not here"))
    converting.convert(ada.ground, ada.by_lfs(b""))
    assert [entry.key for entry in ada.ground.store.entries("xorbs/")] == before
