"""What was found sound lately is not hashed again, for as long as nobody touched its file."""

import os
from itertools import chain

import pytest
from tests.blobs.conftest import ADA, sha256
from tests.support import xet

from iriai.base.errors import Unavailable
from iriai.blobs import content, queries, rules, serving, sound
from iriai.blobs.xet import hashes, xorb

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

    def __init__(self, ada, *, scheme=xorb.STORED):
        body, table = xet.xorb(RAWS, scheme=scheme)
        name = hashes.to_hex(table.root())
        ada.xorb(body, name)
        ada.shard(xet.shard([xet.claim(table, 0, len(RAWS), sha256(WHOLE))], [table]))
        self.ada, self.ground, self.table = ada, ada.ground, table
        self.path = ada.ground.store.local_path(rules.xorb_key(name))
        with ada.ground.read() as tx:
            self.terms = queries.file_in(tx, ADA, ada.object(sha256(WHOLE)).xet_hash).terms

    def read(self, first=0, last=LAST):
        """These bytes, which must be the right ones; how many chunks were hashed for them."""
        self.hashed.clear()
        made = content.sendable(self.ground, self.terms, first, last)
        assert b"".join(chain.from_iterable(made)) == WHOLE[first : last + 1]
        return len(self.hashed)


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
    with held.path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))
    os.utime(held.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(Unavailable, match="damaged"):
        held.read()


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


def test_what_was_changed_while_it_was_read_is_not_believed(sender, holding):
    held = holding(sender(ADA))
    file = sound.opened(held.ground, held.table.root())
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
