"""Notes, checkpoints and tiles against the published forms, and against openssl."""

import base64
import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base import merkle
from iriai.base.errors import Invalid
from iriai.commons.tlog import rules
from iriai.commons.tlog.rules import Checkpoint, PublicKey, Tile

VECTORS = Path(__file__).parent.parent.parent / "data" / "merkle"

# The published example of golang.org/x/mod/sumdb/note, from which C2SP's signed-note was written.
NAMED = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNED = (
    TEXT + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqd"
    "ngotpRZb6KE6RyyBwJnAM=\n"
)


def test_the_published_note_is_read_and_made_byte_for_byte():
    key = rules.read_key(NAMED)
    assert key.text == NAMED
    assert rules.signers(rules.read_note(SIGNED), [key]) == [key]
    seed = base64.b64decode(SECRET.split("+", 4)[4])[1:]
    assert rules.public_of(seed) == key.public
    assert rules.signed(TEXT, key, seed) == SIGNED


@given(st.integers(0, len(SIGNED.encode()) - 1), st.integers(1, 255))
def test_no_byte_of_a_note_can_be_changed(at, change):
    raw = bytearray(SIGNED.encode())
    raw[at] ^= change
    try:
        note = rules.read_note(raw.decode())
    except (Invalid, UnicodeDecodeError):
        return
    assert rules.signers(note, [rules.read_key(NAMED)]) == []


def test_openssl_accepts_what_we_sign(tmp_path):
    seed = bytes(range(32))
    key = PublicKey("hub.example/log", rules.public_of(seed))
    note = rules.signed(Checkpoint(key.name, 7, b"\x07" * 32).text, key, seed)
    text, _, signature = note.rpartition("\n\n")
    (tmp_path / "text").write_bytes(text.encode() + b"\n")
    raw = base64.b64decode(signature.split(" ")[2])
    assert raw[:4] == hashlib.sha256(key.name.encode() + b"\n\x01" + key.public).digest()[:4]
    (tmp_path / "signature").write_bytes(raw[4:])
    prefix = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo of Ed25519, RFC 8410
    (tmp_path / "key.der").write_bytes(prefix + key.public)
    command = "openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key.der -in text"
    command += " -sigfile signature"
    subprocess.run(command.split(), check=True, capture_output=True, cwd=tmp_path)


def test_a_checkpoint_has_the_three_published_lines():
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    found = rules.read_checkpoint(text)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert found.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n01\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "a\n-1\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "a\n1\nAAAA\n",
        "\n1\n" + base64.b64encode(bytes(32)).decode() + "\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(Invalid):
        rules.read_checkpoint(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b"])
def test_names_of_logs_have_no_spaces_and_no_plus(name):
    with pytest.raises(Invalid):
        rules.clean_origin(name)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 256), "000"),
        (Tile(999, 256), "999"),
        (Tile(1000, 256), "x001/000"),
        (Tile(1234067, 256), "x001/x234/067"),
        (Tile(1234067, 8), "x001/x234/067.p/8"),
    ],
)
def test_tiles_lie_where_the_specification_has_them(tile, path):
    assert rules.tile_path(tile) == path
    assert rules.read_tile_path(path) == tile


@pytest.mark.parametrize(
    "path", ["0", "x000/001", "1000", "000.p/0", "000.p/256", "000.p/01", "x1"]
)
def test_a_tile_has_one_path_only(path):
    with pytest.raises(Invalid):
        rules.read_tile_path(path)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_entries_come_out_of_a_tile_as_they_went_in(entries):
    assert rules.unbundled(rules.bundle(entries)) == entries


def lines(name):
    for line in (VECTORS / name).read_text().splitlines():
        if line:
            yield json.loads(line)


def raw(text):
    return base64.b64decode(text or "")


def test_every_inclusion_vector_has_the_right_verdict():
    found = list(lines("inclusion.jsonl"))
    assert len(found) == 98
    for each in found:
        good = merkle.verify_inclusion(
            raw(each["leafHash"]),
            each["leafIdx"],
            each["treeSize"],
            [raw(part) for part in each["proof"] or []],
            raw(each["root"]),
        )
        assert good is not each["wantErr"], each


def test_every_consistency_vector_has_the_right_verdict():
    found = list(lines("consistency.jsonl"))
    assert len(found) == 98
    for each in found:
        good = merkle.verify_consistency(
            each["size1"],
            each["size2"],
            [raw(part) for part in each["proof"] or []],
            raw(each["root1"]),
            raw(each["root2"]),
        )
        assert good is not each["wantErr"], each


@given(st.integers(0, 2200), st.lists(st.integers(1, 1500), max_size=4))
def test_a_tree_grown_in_runs_is_the_tree(size, cuts):
    leaves = [merkle.leaf_hash(str(n).encode()) for n in range(size)]
    tree, at = merkle.Tree(), 0
    for cut in [*cuts, size]:
        tree.extend(leaves[at : at + cut])
        at += cut
    slow = merkle.Tree()
    for leaf in leaves:
        slow.add(leaf)
    assert tree.size == slow.size == size
    assert tree.root() == slow.root()
    if size:
        assert merkle.root(size, merkle.kept(leaves)) == slow.root()
