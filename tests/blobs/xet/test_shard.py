import hashlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import xet

from iriai.base.errors import Excessive, HubError, Invalid
from iriai.blobs.xet import hashes, shard, xorb


def test_the_real_clients_shard_says_what_we_compute_ourselves(tmp_path: Path):
    content = xet.noise(2_000_000, seed=3)
    (tmp_path / "file").write_bytes(content)
    packed = xet.pack(tmp_path / "packed", [tmp_path / "file"])
    found = shard.parse(packed.shards[0])
    (file,) = found.files
    with packed.xorbs[hashes.to_hex(file.terms[0].xorb)].open("rb") as source:
        table = xorb.read(source)
    (term,) = file.terms
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert file.size == len(content)
    assert file.term_hashes == [hashes.term_hash(table.hashes_of(term.start, term.end))]
    assert hashes.to_hex(file.hash) == packed.hashes[tmp_path / "file"]
    assert found.xorbs[0].chunk_hashes == table.hashes
    assert 0 in found.xorbs[0].candidates


@given(
    st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=9),
    st.booleans(),
    st.booleans(),
)
def test_a_shard_reads_back_as_it_was_written(raws, with_sha256, with_hashes):
    _, table = xet.xorb(raws)
    claim = xet.claim(table, 0, len(table), "ab" * 32 if with_sha256 else None)
    if not with_hashes:
        claim.term_hashes = []
    found = shard.parse(xet.shard([claim], [table]))
    (file,) = found.files
    assert file.sha256 == claim.sha256
    assert [(t.xorb, t.start, t.end, t.length) for t in file.terms] == claim.terms
    assert file.term_hashes == claim.term_hashes
    assert found.xorb_hashes() == {table.root()}


def test_every_truncation_of_a_shard_is_refused():
    _, table = xet.xorb([b"one", b"two"])
    whole = xet.shard([xet.claim(table, 0, 2, "ab" * 32)], [table])
    for length in range(len(whole)):
        with pytest.raises(Invalid):
            shard.parse(whole[:length])


@given(st.binary(max_size=2_000), st.data())
def test_no_rubbish_makes_the_parser_fail_otherwise_than_by_refusing(rubbish, data):
    _, table = xet.xorb([b"one", b"two"])
    whole = bytearray(xet.shard([xet.claim(table, 0, 2, "ab" * 32)], [table]))
    place = data.draw(st.integers(0, len(whole)))
    whole[place : place + len(rubbish)] = rubbish
    try:
        shard.parse(bytes(whole))
    except HubError:
        return


def test_what_is_no_shard_or_of_another_version_is_refused():
    with pytest.raises(Invalid, match="not a shard"):
        shard.parse(b"x" * 200)
    with pytest.raises(Invalid, match="version 3"):
        shard.parse(shard.HEADER.pack(shard.MAGIC, 3, 0) + bytes(96))


def test_a_count_that_promises_more_than_there_is_is_refused_at_once():
    head = shard.HEADER.pack(shard.MAGIC, 2, 0)
    with pytest.raises(Excessive, match="terms"):
        shard.parse(head + shard.RECORD.pack(bytes(32), 0, 2**32 - 1, 0, 0) + bytes(480))
    with pytest.raises(Invalid, match="ends in the middle"):
        shard.parse(head + shard.RECORD.pack(bytes(32), 0, 1_000, 0, 0) + bytes(480))
    end = shard.RECORD.pack(shard.SECTION_END, 0, 0, 0, 0)
    with pytest.raises(Excessive, match="chunks"):
        shard.parse(head + end + shard.RECORD.pack(bytes(32), 0, 2**31, 0, 0) + bytes(480))


def test_lookup_tables_and_footers_of_old_clients_are_not_read():
    _, table = xet.xorb([b"one"])
    whole = xet.shard([xet.claim(table, 0, 1, "ab" * 32)], [table])
    assert shard.parse(whole + b"\x00" * 777).xorb_hashes() == {table.root()}


def test_a_dedup_answer_tells_chunks_only_under_its_key():
    _, table = xet.xorb([b"one", b"two", b"three"])
    key = bytes(range(32))
    answer = shard.dedup_answer([(table.root(), table)], key=key, made_at=1, expires_at=2)
    found = shard.parse(answer)
    assert found.files == []
    hidden = found.xorbs[0].chunk_hashes
    for chunk in range(3):
        digest = table.hash(chunk)
        assert digest not in answer
        assert hidden[32 * chunk : 32 * chunk + 32] == hashes.keyed_hash(digest, key)
    (footer_size,) = struct.unpack_from("<Q", answer, 40)
    footer = shard.FOOTER.unpack(answer[-footer_size:])
    assert (footer[0], footer[9], footer[10:12]) == (1, key, (1, 2))
    assert footer[-1] == len(answer) - footer_size
