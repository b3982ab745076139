"""What was found sound lately is not hashed again, for as long as nobody touched its file."""

import mmap
import os
import time
from itertools import chain

import pytest
from tests.blobs.conftest import ADA, sha256
from tests.support import xet

from iriai.base.errors import Unavailable
from iriai.blobs import content, queries, rules, serving, sound
from iriai.blobs.xet import hashes, xorb

ZEROS = [bytes([n]) * 64 + bytes(59_936) for n in range(30)]
RAWS = [xet.noise(60_000 + 1_000 * n, seed=n) for n in range(30)]
WHOLE = b"".join(RAWS)
LAST = len(WHOLE) - 1
SPANS = [
    (0, LAST),
    (5, 5),
    (59_999, 60_000),
    (60_000, 121_000),
    (1_000_000, LAST - 7),
    (LAST, LAST),
]


class Held:
    """One xorb, and a file of all its chunks."""

    def __init__(self, ada, *, scheme=xorb.STORED, raws=RAWS):
        self.body, table = xet.xorb(raws, scheme=scheme)
        self.name = hashes.to_hex(table.root())
        self.whole = b"".join(raws)
        ada.xorb(self.body, self.name)
        ada.shard(xet.shard([xet.claim(table, 0, len(raws), sha256(self.whole))], [table]))
        self.ada, self.ground, self.table = ada, ada.ground, table
        self.path = ada.ground.store.local_path(rules.xorb_key(self.name))
        with ada.ground.read() as tx:
            self.terms = queries.file_in(tx, ADA, ada.object(sha256(self.whole)).xet_hash).terms

    def flip(self, place):
        """Let a bit of the file flip."""
        with self.path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
            mapped[place] ^= 1

    def read(self, first=0, last=LAST):
        """These bytes, which must be the right ones; how many chunks were hashed for them."""
        self.hashed.clear()
        last = min(last, len(self.whole) - 1)
        made = content.sendable(self.ground, self.terms, first, last)
        assert b"".join(chain.from_iterable(made)) == self.whole[first : last + 1]
        return len(self.hashed)


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """A file may be believed from the moment it is there."""
    monkeypatch.setattr(sound, "SETTLED_SECONDS", 0)


@pytest.fixture
def holding(monkeypatch):
    """`Held`, which counts the chunks that are hashed."""
    hashed = []

    def chunk_hash(raw):
        hashed.append(1)
        return hashes.chunk_hash(raw)

    monkeypatch.setattr(content, "chunk_hash", chunk_hash)
    monkeypatch.setattr(Held, "hashed", hashed, raising=False)
    return Held


@pytest.mark.parametrize("scheme", [xorb.STORED, xorb.LZ4, xorb.REGROUPED_LZ4])
def test_the_second_time_nothing_is_hashed_where_the_store_is_here(any_sender, holding, scheme):
    held = holding(any_sender(ADA), scheme=scheme)
    assert held.read() == len(RAWS)
    again = [held.read(*span) for span in SPANS]
    assert any(again) == (held.path is None)


def test_of_what_was_read_in_part_the_rest_is_hashed(sender, holding):
    held = holding(sender(ADA))
    assert 0 < held.read(60_000, 200_000) < len(RAWS)
    assert held.read(60_000, 200_000) == 0
    assert held.read() > 0
    assert held.read() == 0


def test_others_than_clients_have_all_of_it_hashed_each_time(sender, holding):
    held = holding(sender(ADA))
    held.read()
    held.hashed.clear()
    assert b"".join(content.stream(held.ground, held.terms, 0, LAST)) == WHOLE
    assert len(held.hashed) == len(RAWS)


def test_what_is_asked_for_by_xet_is_not_hashed_for_others_again(sender, holding):
    held = holding(sender(ADA))
    serving.require_sound(held.ground, hashes.to_hex(held.table.root()), 0, held.table.ends[-1] - 1)
    assert held.read() == 0


@pytest.mark.parametrize("place", [8, 1_000_000])
def test_a_bit_that_flips_is_found_though_the_file_says_it_is_old(sender, holding, place):
    held = holding(sender(ADA))
    held.read()
    assert held.read() == 0
    before = held.path.stat()
    held.flip(place)
    os.utime(held.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(Unavailable, match="damaged"):
        held.read()


def test_what_rots_without_a_trace_and_cannot_be_unpacked_is_marked(sender, holding):
    held = holding(sender(ADA), scheme=xorb.LZ4)
    with held.path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[8] ^= 0  # from now on the kernel does not notice what is written here
        held.read()
        before = held.path.stat()
        mapped[8] ^= 1
        if held.path.stat().st_ctime_ns != before.st_ctime_ns:
            pytest.skip("This file system notices every byte that is written to a mapped file.")
        with pytest.raises(Unavailable, match="damaged"):
            held.read()
    with pytest.raises(Unavailable, match="damaged"), held.ground.read() as tx:
        queries.chunk_table(tx, held.table.root())


def test_what_changes_right_before_it_is_read_is_hashed(sender, holding, monkeypatch):
    held = holding(sender(ADA))
    held.read()
    read = content._body

    def late(*given):
        held.flip(1_000_000)
        return read(*given)

    monkeypatch.setattr(content, "_body", late)
    with pytest.raises(Unavailable, match="damaged"):
        held.read()


def test_whoever_reads_on_in_a_xorb_that_was_packed_otherwise_gets_nothing_wrong(sender, holding):
    ada = sender(ADA)
    held = holding(ada, raws=ZEROS)
    slow = content.sendable(held.ground, held.terms, 0, len(held.whole) - 1)
    got = b"".join(next(slow))
    held.flip(8)
    with pytest.raises(Unavailable, match="damaged"):
        held.read()
    ada.xorb(xet.chunk(ZEROS[0], xorb.LZ4) + held.body[held.table.ends[0] :], held.name)
    assert held.read() == len(ZEROS)
    assert held.read() == 0
    with pytest.raises(Unavailable, match="damaged"):
        got += b"".join(chain.from_iterable(slow))
    assert held.whole.startswith(got)
    assert held.read() == 0


def test_what_is_stored_again_is_hashed_again(sender, holding):
    held = holding(sender(ADA))
    held.read()
    again = held.path.with_name("again")
    again.write_bytes(held.path.read_bytes())
    again.replace(held.path)
    assert held.read() == len(RAWS)
    assert held.read() == 0


def test_after_a_day_it_is_hashed_again(sender, holding, clock):
    held = holding(sender(ADA))
    held.read()
    clock.advance(seconds=sound.SOUND_FOR_SECONDS - 1)
    assert held.read() == 0
    clock.advance(seconds=1)
    assert held.read() == len(RAWS)
    assert held.read() == 0


def test_of_a_file_that_changed_a_moment_ago_nothing_is_believed(sender, holding, monkeypatch):
    held = holding(sender(ADA))
    monkeypatch.setattr(sound, "SETTLED_SECONDS", 60)
    assert [held.read(), held.read()] == [len(RAWS)] * 2
    changed = held.path.stat().st_ctime
    monkeypatch.setattr(sound, "SETTLED_SECONDS", time.time() - changed)
    assert [held.read(), held.read()] == [len(RAWS), 0]


def test_what_was_changed_while_it_was_read_is_not_believed(sender, holding):
    held = holding(sender(ADA))
    file = sound.opened(held.ground, held.table.root(), held.table)
    mark = file.mark()
    os.utime(held.path)
    file.found_sound(mark, 0, len(RAWS))
    assert not file.is_sound(0, 1)
    file.found_sound(file.mark(), 0, len(RAWS))
    assert file.is_sound(0, len(RAWS))
    held.path.unlink()
    assert not file.is_sound(0, 1)


def test_no_more_is_remembered_than_there_is_room_for(sender, holding, monkeypatch):
    monkeypatch.setattr(sound, "REMEMBERED_MAX", 1)
    monkeypatch.setattr(sound, "_known", type(sound._known)())
    held = holding(sender(ADA))
    held.read()
    others = xet.noise(1_000, seed=99)
    other_body, other = xet.xorb([others])
    held.ada.xorb(other_body, hashes.to_hex(other.root()))
    content.require_sound(held.ground, other.root(), other, 0, 1)
    assert list(sound._known) == [other.root()]
    assert held.read() == len(RAWS)
