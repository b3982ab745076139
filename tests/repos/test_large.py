"""Which files are large: pointers, samples, and .gitattributes matched as git matches them."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import Invalid
from iriai.repos import large
from iriai.repos.git.entries import Lfs
from iriai.repos.large import Attributes, Ignored

SHA = "a1" * 32


@given(st.integers(0, 10**15), st.binary(min_size=32, max_size=32))
def test_a_pointer_says_what_it_was_made_of(size, digest):
    text = large.pointer_text(digest.hex(), size)
    assert large.pointer(text) == Lfs(digest.hex(), size, len(text))
    assert text.startswith(b"version https://git-lfs.github.com/spec/v1\noid sha256:")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"version 1", b"x" + large.pointer_text(SHA, 1), large.pointer_text(SHA, 1) + b"more",
        large.pointer_text(SHA, 1).replace(b"sha256", b"sha1"),
        large.pointer_text(SHA, 1).replace(b"size 1", b"size -1"),
        large.pointer_text(SHA, 1) + b" " * 1_000,
    ],
)  # fmt: skip
def test_what_is_no_pointer_is_taken_for_none(content):
    assert large.pointer(content) is None


@pytest.mark.parametrize("sha256", ["", "A1" * 32, "a1" * 31, "zz" * 32, "../" * 21 + "a"])
def test_a_pointer_is_made_to_a_sha256_only(sha256):
    with pytest.raises(Invalid):
        large.pointer_text(sha256, 1)


@pytest.mark.parametrize(
    ("sample", "binary"),
    [
        (b"", False), (b"text", False), ("é".encode(), False), ("a" * 511 + "é").encode()[:512]
        and (("a" * 511 + "é").encode()[:512], False), (b"\0", True), (b"\xff\xfe", True),
        (b"caf\xe9 latin one text", True), (b"\x89PNG\r\n\x1a\n", True),
    ],
)  # fmt: skip
def test_a_sample_is_binary_unless_it_is_text_perhaps_cut_off(sample, binary):
    assert large.is_binary(sample) is binary


names = st.sampled_from(["a", "b", "ab", "a.bin", "b.txt", "x-1.bin", ".hidden", "a b"])
file_paths = st.lists(names, min_size=1, max_size=3).map("/".join)
patterns = st.lists(
    st.sampled_from(
        ["a", "b", "*", "**", "?", "/", ".", "bin", "[ab]", "[!a]", "[a-z]", "txt", "\\*"]
    ),
    min_size=1,
    max_size=6,
).map("".join)
states = st.sampled_from(["filter=lfs", "-filter", "!filter", "filter=other", "text"])
lines = st.lists(st.tuples(patterns, states), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def git_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("git")
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


@given(lines, lines, st.lists(file_paths, min_size=1, max_size=6))
def test_attributes_match_as_git_matches_them(git_folder, root, inner, asked):
    texts = {"": text(root), "a": text(inner)}
    (git_folder / ".gitattributes").write_text(texts[""])
    (git_folder / "a").mkdir(exist_ok=True)
    (git_folder / "a" / ".gitattributes").write_text(texts["a"])
    told = subprocess.run(
        ["git", "-C", git_folder, "check-attr", "-z", "--stdin", "filter"],
        input="\0".join(asked).encode(), check=True, capture_output=True,
    ).stdout.decode().split("\0")  # fmt: skip
    expected = {told[at]: told[at + 2] == "lfs" for at in range(0, len(told) - 1, 3)}
    attributes = Attributes(texts)
    assert {path: attributes.is_large(path) for path in asked} == expected


def text(rows):
    return "".join(f"{pattern} {state}\n" for pattern, state in rows)


def test_the_first_attributes_of_each_kind_catch_its_usual_files():
    for kind, path in [
        ("model", "model.safetensors"), ("model", "q4.gguf"), ("dataset", "data/train.parquet"),
        ("dataset", "clip.mp3"), ("space", "weights.pt"), ("model", "a.tar.gz"),
        ("model", "saved_model/variables/x"), ("model", "runs/events.out.tfevents.1"),
        ("model", "notes.lfs.txt"),
    ]:  # fmt: skip
        attributes = Attributes({"": large.gitattributes(kind).decode()})
        assert attributes.is_large(path), path
        for small in ("README.md", "config.json", "tokenizer.model.txt", "data.csv"):
            assert not attributes.is_large(small)


def test_a_huge_or_senseless_attributes_file_does_no_harm():
    hostile = "[" * 5_000 + " filter=lfs\n" + "*a" * 40 + "b filter=lfs\n" + '"\\ filter=lfs\n'
    attributes = Attributes({"": hostile + "*.bin filter=lfs\n" * 10_000})
    assert attributes.is_large("x.bin")
    assert not attributes.is_large("a" * 60)


def test_ignore_rules_leave_out_what_git_leaves_out():
    ignored = Ignored("*.log\n!keep.log\nbuild/\n/top\n# no\n")
    assert [path in ignored for path in ("a/x.log", "keep.log", "build/x", "top", "a/top")] == [
        True, False, True, True, False,
    ]  # fmt: skip
    assert "x" not in Ignored(None)


@pytest.fixture(scope="module")
def bare_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


ignore_lines = st.lists(
    st.tuples(st.sampled_from(["", "", "!"]), patterns, st.sampled_from(["", "", "/"])).map(
        "".join
    ),
    min_size=1,
    max_size=5,
)


@given(ignore_lines, st.lists(file_paths, min_size=1, max_size=6))
def test_ignore_rules_match_as_git_matches_them(bare_folder, rules, asked):
    (bare_folder / ".gitignore").write_text("\n".join(rules))
    told = subprocess.run(
        ["git", "-C", bare_folder, "check-ignore", "-z", "--stdin", "--no-index"],
        input="\0".join(asked).encode(), check=False, capture_output=True,
    ).stdout.decode().split("\0")  # fmt: skip
    ignored = Ignored("\n".join(rules))
    assert {path for path in asked if path in ignored} == set(told) - {""}


def test_a_pattern_made_to_take_for_ever_is_matched_at_once():
    assert "a" * 200 not in Ignored("*a" * 90 + "b")
    assert "/".join("a" * 40) not in Ignored("**/a/" * 30 + "b")


def test_a_pointer_names_known_bytes_at_their_true_size():
    pointed = [("m.bin", Lfs(SHA, 5, 120))]
    large.require_known(pointed, {SHA: 5})
    with pytest.raises(Invalid, match="was not given"):
        large.require_known(pointed, {})
    with pytest.raises(Invalid, match="it has 6"):
        large.require_known(pointed, {SHA: 6})
