"""Packs that no git would send, and refs that no push may make, against a live hub."""

import itertools
import os
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from huggingface_hub.utils import disable_progress_bars

from tests.support.git import main_of, push_by_hand
from tests.support.hand_made_packs import (
    FILE,
    FOLDER,
    HOSTILE_NAMES,
    LINK,
    SUBMODULE,
    HandMade,
)

disable_progress_bars()
NUMBERS = itertools.count(1)
MB = 1 << 20


@pytest.fixture
def api(hub):
    return HfApi(endpoint=hub.url, token=hub.token)


@pytest.fixture
def repo(api):
    name = f"ada/h{next(NUMBERS)}"
    api.create_repo(name)
    return name


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    return HandMade(folder)


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ("refs/pr/7", "opened and closed on the hub"),
        ("refs/convert/parquet", "made by the hub"),
        ("refs/notes/commits", "nothing else"),
        ("refs/heads/main/sub", "beside refs/heads/main"),
        ("refs/heads/" + "a" * 40, "not a valid name"),
        ("refs/heads/x.lock", "not a valid name"),
    ],
)
def test_refs_that_a_push_may_not_make_are_refused_by_name(hub, api, repo, ref, reason):
    said = push_by_hand(hub, repo, [(ref, None, main_of(api, repo))])
    assert f"ng {ref} " in said
    assert reason in said


def test_incomplete_packs_change_nothing(hub, api, repo, made):
    before = main_of(api, repo)
    no_tree = made.commit(bytes.fromhex("11" * 20))
    pack = made.write()
    assert "unpack ok" not in push_by_hand(hub, repo, [("refs/heads/a", None, no_tree)], pack)
    other = HandMade(made.folder)
    no_parent = other.commit(other.tree((FILE, b"x", other.blob())), ["22" * 20])
    pack = other.write()
    assert "unpack ok" not in push_by_hand(hub, repo, [("refs/heads/a", None, no_parent)], pack)
    empty = HandMade(made.folder).write()
    unknown = push_by_hand(hub, repo, [("refs/heads/a", None, "33" * 20)], empty)
    assert "was not sent" in unknown
    assert "ng refs/heads/a" in push_by_hand(hub, repo, [("refs/heads/a", None, before)], b"?")
    refs = api.list_repo_refs(repo)
    assert [(ref.name, ref.target_commit) for ref in refs.branches] == [("main", before)]


@pytest.mark.parametrize("fault", sorted(HOSTILE_NAMES))
def test_names_that_hurt_whoever_downloads_them_are_refused(hub, api, repo, made, fault):
    before = main_of(api, repo)
    inner = made.tree((FILE, HOSTILE_NAMES[fault], made.blob()))
    tip = made.commit(made.tree((FOLDER, b"sub", inner)), [before])
    said = push_by_hand(hub, repo, [("refs/heads/main", before, tip)], made.write())
    assert "ng refs/heads/main" in said
    assert "cannot be used" in said or "Git refuses" in said
    assert main_of(api, repo) == before


FAULTY_ROWS = {
    "symbolic link": [(LINK, b"link")],
    "submodule": [(SUBMODULE, b"module")],
    "'A.txt' beside it is the same file": [(FILE, b"A.txt"), (FILE, b"a.txt")],
    "beside it is the same file": [(FILE, "\u00c9.txt".encode()), (FILE, "\u00e9.txt".encode())],
}


@pytest.mark.parametrize("reason", FAULTY_ROWS)
def test_links_and_names_that_collide_are_refused(hub, api, repo, made, reason):
    before = main_of(api, repo)
    given = FAULTY_ROWS[reason]
    oid = bytes.fromhex(before) if given[0][0] == SUBMODULE else made.blob(b"/etc/passwd")
    tip = made.commit(made.tree(*[(mode, name, oid) for mode, name in given]), [before])
    said = push_by_hand(hub, repo, [("refs/heads/main", before, tip)], made.write())
    assert reason in said
    assert main_of(api, repo) == before


def test_a_hostile_name_deep_in_history_is_found_too(hub, api, repo, made):
    before = main_of(api, repo)
    hostile = made.commit(made.tree((FILE, b"aux", made.blob())), [before])
    tip = made.commit(made.tree((FILE, b"fine", made.blob())), [hostile])
    said = push_by_hand(hub, repo, [("refs/heads/main", before, tip)], made.write())
    assert "device" in said


def test_a_pointer_to_bytes_that_were_never_given_is_refused_by_path(hub, api, repo, made):
    before = main_of(api, repo)
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 12\n"
    tip = made.commit(made.tree((FILE, b"planted.bin", made.blob(text.encode()))), [before])
    said = push_by_hand(hub, repo, [("refs/heads/main", before, tip)], made.write())
    assert "planted.bin" in said
    assert "was not given" in said
    assert main_of(api, repo) == before


def test_a_pointer_to_a_strangers_private_bytes_is_refused_and_to_readable_ones_copied(
    hub, api, repo, made
):
    stranger = hub.person(f"dora{next(NUMBERS)}")
    theirs = HfApi(endpoint=hub.url, token=stranger)
    owner = theirs.whoami()["name"]
    content = os.urandom(MB)
    for name, private in (("hidden", True), ("open", False)):
        theirs.create_repo(f"{owner}/{name}", private=private)
        own = content + name.encode()
        theirs.upload_file(path_or_fileobj=own, path_in_repo="x.bin", repo_id=f"{owner}/{name}")
    for name, reason in (("hidden", "was not given"), ("open", "ok refs/heads/main")):
        (file,) = theirs.get_paths_info(f"{owner}/{name}", ["x.bin"])
        before = main_of(api, repo)
        text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{file.lfs.sha256}\n"
        blob = made.blob(f"{text}size {file.size}\n".encode())
        tip = made.commit(made.tree((FILE, b"x.bin", blob)), [before])
        said = push_by_hand(hub, repo, [("refs/heads/main", before, tip)], made.write())
        assert reason in said
        made.writer.rewind(type(made.writer.mark())(0, 12))
    got = Path(api.hf_hub_download(repo, "x.bin", force_download=True)).read_bytes()
    assert got == content + b"open"
