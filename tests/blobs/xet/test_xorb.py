import io
from pathlib import Path

import lz4.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import xet

from iriai.base.errors import Excessive, HubError, Invalid
from iriai.blobs.xet import hashes, xorb
from iriai.blobs.xet.chunks import ChunkTable

raws = st.lists(st.binary(min_size=1, max_size=2_000), min_size=1, max_size=30)


@given(raws, st.sampled_from([0, 1, 2]))
def test_what_was_packed_reads_back_in_every_scheme(raws, scheme):
    body, table = xet.xorb(raws, scheme)
    found = xorb.read(io.BytesIO(body))
    assert (found.hashes, list(found.ends)) == (table.hashes, list(table.ends))
    assert found.root() == table.root()
    assert [bytes(raw) for raw in xorb.contents(memoryview(body))] == raws


@given(raws)
def test_a_chunk_table_reads_back_as_it_was_packed(raws):
    _, table = xet.xorb(raws)
    again = ChunkTable.unpack(table.pack())
    assert again.hashes == table.hashes
    assert list(again.ends) == list(table.ends)
    assert list(again.raw_ends) == list(table.raw_ends)


def test_a_footer_of_an_old_client_is_not_part_of_the_body():
    body, table = xet.xorb([b"one", b"two"])
    assert xorb.read(io.BytesIO(body + xet.footer())).body_bytes == len(body) == table.body_bytes


def test_every_truncation_of_a_xorb_is_refused_or_is_another_xorb():
    body, table = xet.xorb([b"first chunk", b"second chunk"], scheme=1)
    for length in range(len(body)):
        try:
            found = xorb.read(io.BytesIO(body[:length]))
        except Invalid:
            continue
        assert found.root() != table.root()


@given(raws, st.data())
def test_no_flipped_bit_passes_for_the_xorb_it_was(raws, data):
    body, table = xet.xorb(raws, data.draw(st.sampled_from([0, 1, 2])))
    place = data.draw(st.integers(0, len(body) - 1))
    flipped = bytearray(body)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = xorb.read(io.BytesIO(bytes(flipped)))
    except HubError:
        return
    same_content = found.hashes == table.hashes  # a bit that LZ4 does not look at
    assert same_content or found.root() != table.root()


@given(st.binary(max_size=4_000))
def test_no_rubbish_makes_the_reader_fail_otherwise_than_by_refusing(rubbish):
    try:
        xorb.read(io.BytesIO(rubbish))
    except HubError:
        return


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "holds no chunk"),
        (xet.footer(), "holds no chunk"),
        (xet.chunk(b"x", version=1), "version 1"),
        (xet.chunk(b"x" * 9, raw_length=8), "as long as its header"),
        (xet.chunk(b"x", raw_length=0), "1 to 131072"),
        (xet.chunk(b"x", raw_length=131_073), "1 to 131072"),
        (bytes([0, 0, 0, 0, 0, 1, 0, 0]), "stored in at most"),
        (bytes([0, 1, 0, 0, 3, 1, 0, 0]) + b"x", "compression scheme 3"),
        (bytes([0, 4, 0, 0, 1, 9, 0, 0]) + b"junk", "LZ4 frame"),
    ],
)
def test_a_xorb_that_is_not_one_is_refused_with_a_reason(body, says):
    with pytest.raises(Invalid, match=says):
        xorb.read(io.BytesIO(body))


def test_a_bomb_is_not_unpacked_past_what_its_header_promised():
    bomb = lz4.frame.compress(bytes(60_000_000), store_size=False)
    assert len(bomb) < 256 * 1024
    head = (
        bytes([0]) + len(bomb).to_bytes(3, "little") + bytes([1]) + (131_072).to_bytes(3, "little")
    )
    with pytest.raises(Invalid, match="does not end where"):
        xorb.read(io.BytesIO(head + bomb))


def test_a_frame_with_something_behind_it_is_refused():
    payload = lz4.frame.compress(b"content", store_size=False) + b"hidden"
    head = bytes([0]) + len(payload).to_bytes(3, "little") + bytes([1]) + (7).to_bytes(3, "little")
    with pytest.raises(Invalid, match="does not end where"):
        xorb.read(io.BytesIO(head + payload))


def test_a_xorb_has_at_most_eight_thousand_and_some_chunks():
    body = xet.chunk(b"x") * (xorb.XORB_CHUNKS_MAX + 1)
    with pytest.raises(Excessive, match="8192 chunks"):
        xorb.read(io.BytesIO(body))


def test_a_xorb_holds_at_most_sixty_four_mebibytes():
    full = xet.chunk(bytes(131_072), 1) * 512
    assert xorb.read(io.BytesIO(full)).raw_bytes == xorb.XORB_RAW_MAX
    with pytest.raises(Excessive, match="bytes of content"):
        xorb.read(io.BytesIO(full + xet.chunk(b"x")))


def test_the_real_clients_xorbs_use_all_schemes_and_are_named_by_their_root(tmp_path: Path):
    files = {
        "random": xet.noise(400_000, seed=1),
        "text": b"the same line again and again\n" * 20_000,
        "floats": xet.floats(100_000, seed=2),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    packed = xet.pack(tmp_path / "packed", [tmp_path / name for name in files])
    schemes = set()
    for name, path in packed.xorbs.items():
        with path.open("rb") as source:
            table = xorb.read(source)
        assert hashes.to_hex(table.root()) == name
        body = path.read_bytes()
        schemes |= {xorb.header(body[table.start(n) :]).scheme for n in range(len(table))}
    assert schemes == {xorb.STORED, xorb.LZ4, xorb.REGROUPED_LZ4}


@given(raws, st.sampled_from([0, 1, 2]), st.booleans(), st.data())
def test_a_xorb_is_read_alike_in_whatever_pieces_it_arrives(raws, scheme, with_footer, data):
    body, table = xet.xorb(raws, scheme)
    sent = body + xet.footer() if with_footer else body
    reader = xorb.XorbReader()
    while sent:
        cut = data.draw(st.integers(1, len(sent)))
        reader.update(sent[:cut])
        sent = sent[cut:]
    assert reader.table().root() == table.root()
    assert reader.table().body_bytes == len(body)


@given(raws, st.sampled_from([0, 1, 2]))
def test_known_borders_lead_to_the_same_content(raws, scheme):
    body, table = xet.xorb(raws, scheme)
    for start in range(len(raws)):
        piece = memoryview(body)[table.start(start) :]
        found = xorb.known_contents(piece, table, start, len(raws))
        assert [bytes(raw) for raw in found] == raws[start:]
