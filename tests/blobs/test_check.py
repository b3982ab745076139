"""What is damaged is found, is not served, and is repaired by the next upload."""

import random

import pytest
from tests.blobs.conftest import ADA, sha256
from tests.support import xet

from iriai.base import instance
from iriai.base.errors import Unavailable
from iriai.blobs import check, content, queries, rules, serving
from iriai.blobs.xet import hashes

RAWS = [xet.noise(30_000, seed=n) for n in range(5)] + [b"text " * 6_000]
WHOLE = b"".join(RAWS)
ALL = (1, 1)


def send(sender) -> str:
    body, table = xet.xorb(RAWS, scheme=1)
    name = hashes.to_hex(table.root())
    sender.xorb(body, name)
    sender.shard(xet.shard([xet.claim(table, 0, len(RAWS), sha256(WHOLE))], [table]))
    return name


def flip(path, place: int, bit: int = 0) -> None:
    damaged = bytearray(path.read_bytes())
    damaged[place] ^= 1 << bit
    path.write_bytes(damaged)


def found(ground, read_data=None) -> list[str]:
    return [finding.subject for finding in check.findings(ground, read_data=read_data)]


def generation(ground) -> str | None:
    with ground.read() as tx:
        return instance.fact(tx, instance.GENERATION)


def test_a_sound_hub_has_nothing_to_find(any_sender, folders):
    ada = any_sender(ADA)
    ada.by_lfs(b"whole")
    ada.by_xet(folders(), WHOLE)
    assert found(ada.ground) == found(ada.ground, ALL) == []


def test_a_missing_and_a_truncated_file_are_found_without_reading(sender):
    ada = sender(ADA)
    name = send(ada)
    digest = ada.by_lfs(b"whole")
    other = ada.by_lfs(b"another")
    ada.ground.store.local_path(rules.xorb_key(name)).unlink()
    ada.ground.store.local_path(rules.blob_key(digest)).write_bytes(b"who")
    subjects = found(ada.ground)
    assert {f"xorb/{name}", f"object/{digest}"} <= set(subjects)
    assert f"object/{other}" not in subjects
    assert ada.object(digest).damaged
    assert ada.object(sha256(WHOLE)).damaged


@pytest.mark.parametrize("seed", range(20))
def test_every_flipped_bit_in_a_xorb_is_found(sender, seed):
    ada = sender(ADA)
    name = send(ada)
    path = ada.ground.store.local_path(rules.xorb_key(name))
    source = random.Random(seed)
    flip(path, source.randrange(path.stat().st_size), source.randrange(8))
    unread_bit = b"".join(ada_contents(ada, path)) == WHOLE  # LZ4 ignores some bits of its header
    assert (f"xorb/{name}" in found(ada.ground, ALL)) is not unread_bit


def ada_contents(ada, path):
    from iriai.base.errors import HubError
    from iriai.blobs.xet import xorb

    try:
        return [bytes(raw) for raw in xorb.contents(memoryview(path.read_bytes()))]
    except HubError:
        return []


def test_every_flipped_bit_in_a_whole_copy_is_found(sender):
    ada = sender(ADA)
    digest = ada.by_lfs(WHOLE)
    path = ada.ground.store.local_path(rules.blob_key(digest))
    flip(path, 12_345)
    assert found(ada.ground) == []
    assert found(ada.ground, ALL) == [f"object/{digest}"]
    assert found(ada.ground) == [f"object/{digest}"]
    ada.by_lfs(WHOLE)
    assert found(ada.ground, ALL) == []


def test_reading_a_damaged_xorb_ends_before_the_damage_and_marks_it(sender):
    ada = sender(ADA)
    name = send(ada)
    first = generation(ada.ground)
    flip(ada.ground.store.local_path(rules.xorb_key(name)), 100_000)
    got = b""
    with ada.ground.read() as tx:
        file = queries.file_in(tx, ADA, ada.object(sha256(WHOLE)).xet_hash)
    with pytest.raises(Unavailable, match="damaged"):
        for piece in content.stream(ada.ground, file.terms, 0, file.size - 1):
            got += piece
    assert WHOLE.startswith(got)
    assert ada.object(sha256(WHOLE)).damaged
    assert generation(ada.ground) != first
    with ada.ground.read() as tx, pytest.raises(Unavailable, match="damaged"):
        queries.file_in(tx, ADA, file.hash)


def test_a_range_of_a_xorb_is_read_through_before_it_is_sent(any_sender):
    ada = any_sender(ADA)
    name = send(ada)
    store, key = ada.ground.store, rules.xorb_key(name)
    size = store.size(key)
    assert serving.require_sound(ada.ground, name, 0, size - 1) == size
    assert serving.require_sound(ada.ground, name, 0, size - 1) == size
    rotten = bytearray(store.read(key))
    rotten[size - 5] ^= 1
    store.delete(key)
    store.put(key, bytes(rotten))
    with pytest.raises(Unavailable, match="damaged"):
        serving.require_sound(ada.ground, name, 0, size - 1)


def test_who_read_a_xorb_before_it_was_repaired_does_not_call_it_damaged(any_sender):
    ada = any_sender(ADA)
    name = send(ada)
    body, old = xet.xorb(RAWS, scheme=1)
    ada.ground.store.delete(rules.xorb_key(name))
    otherwise, _ = xet.xorb(RAWS, scheme=0)
    assert len(otherwise) != len(body)
    ada.xorb(otherwise, name)
    with pytest.raises(Unavailable, match="damaged"):
        content.checked_run(ada.ground, hashes.from_hex(name), old, 0, len(RAWS))
    assert ada.read(sha256(WHOLE)) == WHOLE
    assert found(ada.ground, ALL) == []


def test_the_next_upload_repairs_a_damaged_xorb(sender):
    ada = sender(ADA)
    name = send(ada)
    flip(ada.ground.store.local_path(rules.xorb_key(name)), 50_000)
    assert f"xorb/{name}" in found(ada.ground, ALL)
    assert send(ada) == name
    assert found(ada.ground, ALL) == []
    assert ada.read(sha256(WHOLE)) == WHOLE


def test_the_same_content_packed_otherwise_repairs_a_file_too(sender):
    ada = sender(ADA)
    body, table = xet.xorb(RAWS[:3])
    name = hashes.to_hex(table.root())
    ada.xorb(body, name)
    ada.shard(xet.shard([xet.claim(table, 0, 3, sha256(b"".join(RAWS[:3])))], [table]))
    flip(ada.ground.store.local_path(rules.xorb_key(name)), 50)
    assert found(ada.ground, ALL) != []
    other, wider = xet.xorb(RAWS)
    ada.xorb(other, hashes.to_hex(wider.root()))
    ada.shard(xet.shard([xet.claim(wider, 0, 3, sha256(b"".join(RAWS[:3])))], [wider]))
    assert ada.read(sha256(b"".join(RAWS[:3]))) == b"".join(RAWS[:3])
    assert found(ada.ground) == []


def test_an_upload_whole_serves_what_a_damaged_xorb_cannot(sender):
    ada = sender(ADA)
    name = send(ada)
    flip(ada.ground.store.local_path(rules.xorb_key(name)), 50_000)
    check_all = found(ada.ground, ALL)
    assert check_all
    ada.by_lfs(WHOLE)
    stored = ada.object(sha256(WHOLE))
    assert stored.has_blob
    assert not stored.damaged


def test_thirty_shares_read_everything_once(sender):
    names = [sha256(str(n).encode()) for n in range(500)]
    shares = [[name for name in names if check.in_share(name, (n, 30))] for n in range(1, 31)]
    assert sorted(name for share in shares for name in share) == sorted(names)
