"""Packs as an attacker would send them, taken in apart from what they are meant for."""

import subprocess

import pytest
from tests.support.hand_made_packs import FILE, FOLDER, HandMade

from iriai.base.errors import Excessive, Invalid
from iriai.repos.git import command
from iriai.repos.git.quarantine import Grown, Placed, quarantine

MB = 1 << 20


@pytest.fixture
def kept(tmp_path):
    """The objects of a repository with one commit of `a.txt` and `sub/b.txt`."""
    work = tmp_path / "work"
    (work / "sub").mkdir(parents=True)
    (work / "a.txt").write_text("one\n" * 1000)
    (work / "sub/b.txt").write_text("two\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "First"]):
        git(work, *words)
    return work / ".git/objects"


def git(folder, *words):
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def head(kept):
    return git(kept.parent, "rev-parse", "HEAD")


@pytest.fixture
def held(tmp_path, kept, head):
    staging = tmp_path / "staging"
    staging.mkdir()
    refs = [("refs/heads/main", head, None)]
    with quarantine(staging, kept, refs) as made:
        yield made
    assert list(staging.iterdir()) == []


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    return HandMade(folder)


def take(held, made, *tips):
    held.take(made.write(), bytes_max=100 * MB)
    held.require_connected(tips)
    held.require_no_stowaways()


def test_a_sound_commit_comes_in_with_what_is_new_at_which_path(held, made, head):
    sub = made.tree((FILE, b"c.txt", made.blob(b"three\n")))
    tree = made.tree((FILE, b"new.txt", made.blob()), (FOLDER, b"sub", sub))
    tip = made.commit(tree, [head])
    take(held, made, tip)
    changes = list(held.changes())
    placed = {change.path: change.mode for change in changes if isinstance(change, Placed)}
    assert placed == {b"new.txt": 0o100644, b"sub": 0o40000, b"sub/c.txt": 0o100644}
    grown = {change.path: change.added for change in changes if isinstance(change, Grown)}
    assert grown == {b"": (b"new.txt",), b"sub": (b"c.txt",)}
    assert held.commit_of(tip) == tip
    packed = held.pack("0" * 40)
    assert packed.objects == 5


def test_a_thin_pack_is_completed_and_stands_by_itself(held, kept, head, tmp_path):
    work = kept.parent.parent
    (work / "a.txt").write_text("one\n" * 1000 + "more\n")
    git(work, "commit", "-qam", "Second")
    tip = git(work, "rev-parse", "HEAD")
    pack = tmp_path / "thin.pack"
    done = subprocess.run(
        ["git", "pack-objects", "--thin", "--stdout", "--revs", "-q"],
        cwd=work, input=f"{tip}\n^{head}\n".encode(), capture_output=True, check=True,
    )  # fmt: skip
    pack.write_bytes(done.stdout)
    held.take(pack, bytes_max=MB)
    held.require_connected([tip])
    held.require_no_stowaways()
    alone = tmp_path / "alone"
    (alone / "objects/pack").mkdir(parents=True)
    packed = held.pack("0" * 40)
    subprocess.run(["git", "index-pack", str(packed.pack)], check=True, capture_output=True)
    assert [c.path for c in held.changes() if isinstance(c, Placed)] == [b"a.txt"]


def test_a_commit_whose_tree_was_not_sent_is_refused(held, made):
    tip = made.commit(bytes.fromhex("11" * 20))
    with pytest.raises(Invalid):
        take(held, made, tip)


def test_a_commit_whose_parent_was_not_sent_is_refused(held, made):
    tip = made.commit(made.tree((FILE, b"x", made.blob())), ["22" * 20])
    with pytest.raises(Invalid):
        take(held, made, tip)


def test_a_tree_whose_file_was_not_sent_is_refused(held, made):
    tip = made.commit(made.tree((FILE, b"x", bytes.fromhex("33" * 20))))
    with pytest.raises(Invalid):
        take(held, made, tip)


def test_a_tip_that_nobody_knows_is_refused(held, made):
    with pytest.raises(Invalid):
        take(held, made, "44" * 20)


def test_a_tip_that_nobody_knows_is_refused_without_a_pack_too(held):
    with pytest.raises(Invalid, match="was not sent"):
        held.require_connected(["44" * 20])


def test_objects_that_no_tip_leads_to_are_refused(held, made):
    tip = made.commit(made.tree((FILE, b"x", made.blob())))
    made.blob(b"smuggled")
    with pytest.raises(Invalid, match="nothing in it leads to"):
        take(held, made, tip)


def test_an_object_that_is_here_already_may_be_sent_again(held, made, head):
    tip = made.commit(made.tree((FILE, b"x", made.blob(b"two\n"))), [head])
    take(held, made, tip)
    assert [c.path for c in held.changes() if isinstance(c, Placed)] == [b"x"]


def test_a_pack_beyond_its_bound_is_refused(held, made):
    made.blob(bytes(range(256)) * 8192)
    with pytest.raises(Invalid):
        held.take(made.write(), bytes_max=1000)


@pytest.mark.parametrize("damage", ["cut", "flip", "text", "empty"])
def test_a_damaged_pack_is_refused(held, made, damage):
    made.commit(made.tree((FILE, b"x", made.blob(b"x" * 500))))
    pack = made.write()
    whole = pack.read_bytes()
    pack.write_bytes({
        "cut": whole[:-30], "text": b"GET / HTTP/1.1", "empty": b"",
        "flip": whole[:40] + bytes([whole[40] ^ 1]) + whole[41:],
    }[damage])  # fmt: skip
    with pytest.raises(Invalid, match="Git refuses"):
        held.take(pack, bytes_max=MB)


def test_trees_out_of_order_or_with_a_name_twice_are_refused(held, made):
    blob = made.blob()
    tip = made.commit(made.tree((FILE, b"b", blob), (FILE, b"a", blob)))
    with pytest.raises(Invalid, match="Git refuses"):
        take(held, made, tip)


def test_a_tag_is_followed_to_its_commit_and_no_further_than_that(held, made):
    tip = made.commit(made.tree((FILE, b"x", made.blob())))
    tag = made.tag(tip)
    take(held, made, tag)
    assert held.commit_of(tag) == tip
    with pytest.raises(Invalid, match="must name a commit"):
        held.commit_of(made.blob().hex())


def test_a_merge_changes_what_neither_parent_had(held, made, head):
    left = made.commit(made.tree((FILE, b"left", made.blob(b"l"))), [head])
    right = made.commit(made.tree((FILE, b"right", made.blob(b"r"))), [head])
    rows = [(FILE, b"left", made.blob(b"l")), (FILE, b"new", made.blob(b"n")),
            (FILE, b"right", made.blob(b"r"))]  # fmt: skip
    tip = made.commit(made.tree(*rows), [left, right])
    take(held, made, tip)
    paths = [change.path for change in held.changes() if isinstance(change, Placed)]
    assert sorted(paths) == [b"left", b"new", b"right"]


def test_folders_of_endless_depth_end_the_walk(held, made):
    tree = made.tree((FILE, b"x", made.blob()))
    for _ in range(200):
        tree = made.tree((FOLDER, b"d", tree))
    take(held, made, made.commit(tree))
    with pytest.raises(Invalid, match="deep"):
        list(held.changes())


def test_a_tree_that_holds_itself_over_and_over_is_refused_in_bounded_time(held, made):
    tree = made.tree((FILE, b"x", made.blob()))
    for _ in range(10):
        tree = made.tree(*((FOLDER, b"%d" % name, tree) for name in range(10)))
    take(held, made, made.commit(tree))
    with pytest.raises(Excessive, match="at most"):
        list(held.changes())


def test_a_pack_that_claims_millions_of_objects_is_refused_at_its_first_bytes(held, tmp_path):
    pack = tmp_path / "huge.pack"
    pack.write_bytes(b"PACK" + (2).to_bytes(4, "big") + (1 << 31).to_bytes(4, "big") + bytes(100))
    with pytest.raises(Excessive, match="objects"):
        held.take(pack, bytes_max=MB)


def test_an_empty_pack_is_not_kept(held, made, head):
    held.take(made.write(), bytes_max=MB)
    held.require_connected([head])
    assert held.pack("0" * 40) is None
    assert list(held.changes()) == []


def test_a_bomb_of_a_blob_is_known_by_its_size_and_never_loaded(held, made):
    tip = made.commit(made.tree((FILE, b"x", made.blob(bytes(64 * MB)))))
    take(held, made, tip)
    (placed,) = [change for change in held.changes() if isinstance(change, Placed)]
    assert held.size(placed.oid) == 64 * MB


def test_a_commit_message_of_megabytes_is_refused(held, made):
    tip = made.commit(made.tree((FILE, b"x", made.blob())), message="x" * (2 * MB))
    with pytest.raises(Excessive, match="too large"):
        take(held, made, tip)


def test_no_configuration_of_the_machine_reaches_git(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert "hf_secret" not in command.environment(tmp_path).values()
    assert "GIT_CONFIG_COUNT" not in command.environment(tmp_path)
