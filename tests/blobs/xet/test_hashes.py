from pathlib import Path

import hf_xet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import xet

from iriai.base.errors import Invalid
from iriai.blobs.xet import hashes

digests = st.binary(min_size=32, max_size=32)
nodes = st.lists(st.tuples(digests, st.integers(1, 131_072)), max_size=300)


@given(digests)
def test_a_hash_reads_back_as_it_was_written(digest):
    assert hashes.from_hex(hashes.to_hex(digest)) == digest


@pytest.mark.parametrize(
    "text", ["", "0" * 63, "0" * 65, "g" * 64, "A" * 64, "\uff10" * 64, " " * 64]
)
def test_only_sixty_four_lower_case_hex_digits_are_a_hash(text):
    with pytest.raises(Invalid, match="64 lower-case"):
        hashes.from_hex(text)


def test_the_words_of_a_hash_are_written_as_numbers():
    assert hashes.to_hex(bytes(range(32))) == (
        "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918"
    )


def test_nothing_has_a_name_of_zeros_and_one_chunk_is_its_own_root():
    assert hashes.file_hash(b"", []) == hashes.merkle_root(b"", []) == bytes(32)
    assert hashes.merkle_root(b"\x07" * 32, [5]) == b"\x07" * 32


@given(nodes, st.randoms(use_true_random=False))
def test_a_tree_grown_in_any_steps_has_the_same_root(nodes, random):
    tree, start = hashes.MerkleTree(), 0
    while start < len(nodes):
        end = random.randrange(start + 1, len(nodes) + 1)
        run = nodes[start:end]
        tree.add(b"".join(digest for digest, _ in run), [length for _, length in run])
        start = end
    joined = b"".join(digest for digest, _ in nodes)
    assert tree.root() == hashes.merkle_root(joined, [length for _, length in nodes])


def test_a_long_tree_is_gathered_early_without_changing_its_root():
    count = 3 * hashes.SETTLE_AT + 1
    joined = b"".join(hashes.chunk_hash(bytes([n % 256, n // 256])) for n in range(count))
    lengths = [8192 + n for n in range(count)]
    early = hashes.MerkleTree()
    for n in range(count):
        early.add(joined[32 * n : 32 * n + 32], lengths[n : n + 1])
    assert early.root() == hashes.merkle_root(joined, lengths)
    assert len(early._levels) > 4


def test_names_of_files_and_xorbs_are_those_the_client_gives(tmp_path: Path):
    sizes = [1, 100, 8191, 8192, 70_000, 131_072, 131_073, 1_500_000, 5_000_000]
    files = []
    for size in sizes:
        files.append(tmp_path / f"{size}.bin")
        files[-1].write_bytes(xet.noise(size, seed=size))
    packed = xet.pack(tmp_path / "packed", files)
    for info in hf_xet.hash_files([str(file) for file in files]):
        assert info.hash in packed.hashes.values()
    assert packed.xorbs
