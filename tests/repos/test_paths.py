"""The one policy on paths: what is accepted is safe on every machine, what is refused says why."""
# ruff: noqa: RUF001 - letters that look alike are what this is about

import ntpath
import posixpath
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import Invalid
from iriai.repos import paths, rules

HOSTILE = {
    "leaves the folder": "../x",
    "leaves the folder inside": "a/../../x",
    "leaves the folder on Windows": "..\\x",
    "leaves the folder on Windows, deeper": "a\\..\\..\\x",
    "absolute": "/etc/passwd",
    "a drive": "C:/x",
    "a hidden stream": "a:b",
    "a hidden stream of a name with more": "ab:c?d",
    "a drive without a letter": "?:x",
    "a drive and a moment": "C:26:03.json",
    "the main stream of a file": "ab::$DATA",
    "git's folder as a stream": ".git::$INDEX_ALLOCATION/config",
    "git's folder and a moment": ".git:26:03",
    "a stream's empty type": "ab:c:",
    "a device and a moment": "con:26:03",
    "read as a redirection": "a>b",
    "read as markup": "<b>",
    "read as the end of a header's value": 'a"b',
    "git's folder": ".git/config",
    "git's folder in another case": ".GiT/config",
    "git's folder by its short name": "GIT~1/config",
    "git's folder, ignorable characters": ".g\u200cit/config",
    "git's folder, full width": ".ｇｉｔ/config",
    "git's folder with a dot Windows drops": "a/.git./config",
    "submodules": ".gitmodules",
    "a device": "CON",
    "a device with an ending": "a/nul.txt",
    "a dot Windows drops": "a.",
    "a space Windows drops": "a ",
    "a new line": "a\nb",
    "a control character": "a\x1bb",
    "text turned round": "a\u202egpj.exe",
    "an option": "-rf",
    "not composed": "e\u0301",
    "half a character": "\ud800",
    "an empty name": "a//b",
    "too long a name": "x" * 256,
    "too long a path": "/".join(["x" * 200] * 6),
    "too deep": "/".join(["x"] * 51),
    "nothing": "",
    "here": ".",
    "a null": "a\0b",
    "the client's own records": ".cache/huggingface/download/x.metadata",
}


@pytest.mark.parametrize("path", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_path_is_refused_and_told_by_which_rule(path):
    with pytest.raises(Invalid) as caught:
        rules.clean_path(path)
    assert caught.value.code == "PathRefused"
    assert caught.value.message.startswith("The path ")
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "path",
    [
        "README.md", "a/b/c.txt", ".gitattributes", ".gitignore", "données/été.csv", "模型/权重.b",
        "a b/c d.txt", "events.out.tfevents.1.x", "x-1_2.safetensors", ".cache/x", "console.log",
        "pytorch_model-00001-of-00002.bin", "a,b;c=d&e@f#g%h!(i)[j]{k}'l+m$n^o`p~q", "नमस्ते.txt",
        "می\u200cخواهم.txt", "👩\u200d🚀.png", "com10", "git", "x.git", "..a", "a...b",
        "subfolder/to?", "page?name=a%20b:c,d", "results_2026-07-19T22:26:03.862344.json",
        "2026-07-19T22:26:03+00:00/a*b|c.txt", "when:and:where",
    ],
)  # fmt: skip
def test_an_ordinary_path_is_kept_as_it_is(path):
    assert rules.clean_path(path) == path


WORDS = [
    "..",
    ".",
    ".git",
    "GIT~1",
    "CON",
    "nul.txt",
    "a",
    "B",
    "a.",
    " ",
    "é",
    "-x",
    "C:",
    "~",
    "?",
    "a?:b",
    "ab:c:d",
    "$DATA",
]
pieces = st.one_of(st.sampled_from(WORDS), st.text(max_size=4), st.sampled_from("/\\:?*|\0\u200c"))
tries = st.lists(pieces, min_size=1, max_size=8).map("".join) | st.lists(
    st.sampled_from(WORDS), min_size=1, max_size=5
).map("/".join)


@given(tries)
def test_no_accepted_path_leaves_its_folder_on_any_system(path):
    try:
        rules.clean_path(path)
    except Invalid:
        return
    assert posixpath.normpath(posixpath.join("/root/folder", path)) == f"/root/folder/{path}"
    windows = ntpath.normpath(ntpath.join("C:\\root\\folder", path))
    assert windows == "C:\\root\\folder\\" + path.replace("/", "\\")
    assert not PureWindowsPath(path).is_reserved()
    assert PureWindowsPath(path).drive == ""
    assert PureWindowsPath(path).parts == PurePosixPath(path).parts == tuple(path.split("/"))
    for name in path.split("/"):
        forgiving = "".join(c for c in unicodedata.normalize("NFKC", name) if c.isprintable())
        assert forgiving.casefold().rstrip(". ") not in {".git", "git~1", "con", "nul"}
        assert any(unicodedata.category(c) not in {"Cc", "Cf", "Zs"} for c in name)
        assert unicodedata.normalize("NFC", name) == name


@pytest.mark.parametrize("mode", [0o120000, 0o160000, 0o100664, 0])
def test_links_and_submodules_are_refused(mode):
    with pytest.raises(Invalid):
        paths.require_mode_allowed("a", mode)


@pytest.mark.parametrize("mode", [0o100644, 0o100755, 0o40000])
def test_files_and_folders_are_allowed(mode):
    paths.require_mode_allowed("a", mode)


@pytest.mark.parametrize(
    ("added", "present"),
    [
        (["a"], ["A"]), (["A", "a"], []), (["straße"], ["STRASSE"]), (["é.txt"], ["É.txt"]),
        (["ﬁ"], ["fi"]), (["Å"], ["\u212b"]), (["x", "README"], ["readme"]),
    ],
)  # fmt: skip
def test_two_names_that_are_one_file_somewhere_are_refused(added, present):
    with pytest.raises(Invalid, match="same file"):
        paths.require_distinct("d", added, present)


def test_names_that_differ_everywhere_stand_beside_each_other():
    paths.require_distinct("", ["a", "b.txt"], ["a.txt", "B", "c"])
    paths.require_distinct("", ["a"], ["a", "b", "B"])


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(Invalid, match="UTF-8"):
        paths.decoded(b"a\xff")
    assert paths.decoded("é".encode()) == "é"


@given(st.text(max_size=6))
def test_a_folded_name_folds_to_itself(name):
    assert paths.key(paths.key(name)) == paths.key(name)


@given(st.lists(st.sampled_from(["a", "A", "b", "é", "É", "K", "k"]), max_size=5, unique=True))
def test_names_in_a_tree_are_judged_as_decoded_ones_are(names):
    added, present = names[:2], names[2:]
    outcomes = []
    for judge, others in (
        (paths.require_distinct, present),
        (paths.require_distinct_beside, [name.encode() for name in present]),
    ):
        try:
            judge("d", added, others)
            outcomes.append(None)
        except Invalid as error:
            outcomes.append(error.message)
    assert outcomes[0] == outcomes[1]
