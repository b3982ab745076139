"""Packs, judged by git."""

import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.repos.git import packs
from iriai.repos.git.formats import object_id
from iriai.repos.git.packs import PackWriter, index_bytes


def written(packed, folder: Path) -> Path:
    pack = folder / f"pack-{packed.name}.pack"
    if isinstance(packed.pack, bytes):
        pack.write_bytes(packed.pack)
    else:
        packed.pack.rename(pack)
    assert pack.stat().st_size == packed.size
    pack.with_suffix(".idx").write_bytes(packed.idx)
    return pack


def verified(pack: Path) -> dict[str, str]:
    """Object ids and kinds, as git finds them."""
    shown = subprocess.run(
        ["git", "verify-pack", "-v", pack.with_suffix(".idx")],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    rows = [line.split() for line in shown.splitlines() if len(line.split()) == 5]
    return {row[0]: row[1] for row in rows}


def test_git_verifies_a_pack_and_finds_each_object_in_it(tmp_path):
    with PackWriter(tmp_path) as writer:
        bodies = [b"", b"x", b"y" * 15, b"z" * 16, b"w" * 70_000]
        oids = {writer.add("blob", body).hex() for body in bodies}
        tree = writer.add("tree", b"100644 a\0" + bytes.fromhex(min(oids)))
        packed = writer.finish()
    assert verified(written(packed, tmp_path)) == dict.fromkeys(oids, "blob") | {tree.hex(): "tree"}


def test_git_makes_the_same_index_of_a_pack(tmp_path):
    with PackWriter(tmp_path) as writer:
        for number in range(3_000):
            writer.add("blob", b"%d" % number)
        packed = writer.finish()
    pack = written(packed, tmp_path)
    subprocess.run(["git", "index-pack", "-o", tmp_path / "git.idx", pack], check=True, stdout=-3)
    assert (tmp_path / "git.idx").read_bytes() == packed.idx


@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.binary(max_size=40), max_size=8))
def test_what_is_put_in_after_a_mark_is_forgotten_by_rewinding(tmp_path_factory, kept, dropped):
    folder = tmp_path_factory.mktemp("packs")
    with PackWriter(folder) as writer:
        for body in kept:
            writer.add("blob", body)
        mark = writer.mark()
        for body in dropped:
            writer.add("tree", body)
        writer.finish()
        writer.rewind(mark)
        packed = writer.finish()
    oids = {object_id("blob", body).hex() for body in kept}
    if oids:
        assert set(verified(written(packed, folder))) == oids
    assert packed.objects == len(oids)


def test_a_big_pack_goes_to_a_file_and_can_be_rewound_there(tmp_path):
    big = bytes(range(256)) * 4
    spool = tmp_path / "spool"
    spool.mkdir()
    source = tmp_path / "source"
    source.write_bytes(random.Random(1).randbytes(12 << 20))
    with PackWriter(spool) as writer:
        first = writer.add("blob", big)
        oid = writer.add_file(source)
        assert writer.add_file(source) == oid
        mark = writer.mark()
        writer.add("blob", b"to be forgotten")
        writer.rewind(mark)
        last = writer.add("blob", b"kept")
        packed = writer.finish()
        again = writer.finish()
    assert isinstance(packed.pack, Path)
    assert packed.size < packs.MEMORY_BYTES_MAX * 3
    assert packed.pack.read_bytes() == again.pack.read_bytes()
    assert oid == object_id("blob", source.read_bytes())
    again.pack.unlink()
    assert set(verified(written(packed, tmp_path))) == {first.hex(), oid.hex(), last.hex()}
    assert list(spool.iterdir()) == []


@pytest.mark.parametrize("offset", [12, (1 << 31) - 1, 1 << 31, 1 << 40])
def test_an_index_names_offsets_beyond_two_gigabytes(tmp_path, offset):
    oid = object_id("blob", b"far")
    path = tmp_path / "far.idx"
    path.write_bytes(index_bytes([(oid, 7, offset)], b"\0" * 20))
    with path.open("rb") as source:
        shown = subprocess.run(
            ["git", "show-index"], stdin=source, check=True, capture_output=True, text=True
        ).stdout
    assert shown.split()[:2] == [str(offset), oid.hex()]
