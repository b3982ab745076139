"""Reading packs, with git as the judge and packs that come and go."""

import random
import threading

import pygit2
import pytest

from iriai.base.errors import Excessive, HubError, Unavailable, Unknown
from iriai.base.stores import MemoryStore
from iriai.repos.git import shelf
from iriai.repos.git.entries import File, Folder, Lfs
from iriai.repos.git.pointers import pointer_text

SHA256 = "ab" * 32


def test_an_entry_is_a_file_a_large_file_or_a_folder(shed):
    text = pointer_text(SHA256, 12_345)
    sha = shed.commit({"a/b.txt": b"hello", "big.bin": text})
    assert shed.objects.entry(sha, "a/b.txt").size == 5
    assert isinstance(shed.objects.entry(sha, "a"), Folder)
    assert isinstance(shed.objects.entry(sha, ""), Folder)
    big = shed.objects.file(sha, "big.bin")
    assert (big.size, big.lfs) == (12_345, Lfs(SHA256, 12_345, len(text)))
    assert big.etag == SHA256
    assert shed.objects.blob(big.oid) == text


@pytest.mark.parametrize("path", ["no", "a/no", "a/b.txt/no", "a//b.txt", "a/", "/a", "."])
def test_what_is_not_there_is_unknown_by_its_code(shed, path):
    sha = shed.commit({"a/b.txt": b"hello"})
    with pytest.raises(Unknown) as caught:
        shed.objects.entry(sha, path)
    assert caught.value.code == "EntryNotFound"
    assert shed.objects.entries(sha, [path, "a/b.txt"])[-1].path == "a/b.txt"


def test_a_pack_that_is_not_listed_is_never_read(shed):
    hidden = shed.commit({"a": b"1"}, show=False)
    assert shed.objects.find(hidden) is None
    with pytest.raises(Unknown):
        shed.objects.commit(hidden)


def test_a_pack_that_becomes_live_is_seen_by_an_open_reader(shed):
    first = shed.commit({"a": b"1"})
    assert shed.objects.blob(shed.objects.file(first, "a").oid) == b"1"
    second = shed.commit({"a": b"2"}, first)
    assert shed.objects.blob(shed.objects.file(second, "a").oid) == b"2"
    assert shed.objects.find(second[:9]) == second


def test_a_path_looked_up_before_asks_for_nothing(shed):
    sha = shed.commit({"a": b"1"})
    shed.objects.entry(sha, "a")
    assert shed.objects.find_entry(sha, "no") is None
    asked = shed.asked
    for _ in range(10):
        shed.objects.entry(sha, "a")
        assert shed.objects.find_entry(sha, "no") is None
        assert shed.objects.find(sha) == sha
    assert shed.asked == asked


def test_packs_that_went_are_let_go_and_their_successor_is_read(shed):
    first = shed.commit({"a": b"1"})
    shed.objects.entry(first, "a")
    old = shed.live[0]
    with shed.objects.view() as git_dir:
        pack = (git_dir.parent / "1/objects/pack" / f"pack-{old}.pack").read_bytes()
        idx = (git_dir.parent / "1/objects/pack" / f"pack-{old}.idx").read_bytes()
    new = "f" * 40
    shed.store.put(shelf.key(1, new, ".pack"), pack)
    shed.store.put(shelf.key(1, new, ".idx"), idx)
    shed.live[:] = [new]
    assert shed.objects.refresh()
    assert not shed.objects.refresh()
    names = {each.name for each in shed.objects.path.glob("pack/*")}
    assert names == {f"pack-{new}.pack", f"pack-{new}.idx"}
    assert shed.opened().raw(shed.objects.entry(first, "a").oid) == b"1"


def test_who_asked_before_a_pack_was_there_does_not_take_it_away(shed, monkeypatch):
    first = shed.commit({"a": b"1"})
    shed.objects.refresh()
    listed = shed.listed

    def overtaken():
        monkeypatch.setattr(shed.objects, "_live", listed)
        before = listed()
        shed.commit({"a": b"2"}, first)
        assert shed.objects.refresh()
        return before

    monkeypatch.setattr(shed.objects, "_live", overtaken)
    assert shed.objects.refresh()
    assert all(shed.shelf.has(1, name) for name in shed.live)
    assert not shed.objects.refresh()


def test_a_damaged_pack_is_refused_and_never_served(shed):
    sha = shed.commit({"a": random.Random(7).randbytes(5_000)})
    key = shelf.key(1, shed.live[0], ".pack")
    raw = bytearray(shed.store.read(key))
    raw[1_000] ^= 1
    shed.store.delete(key)
    shed.store.put(key, bytes(raw))
    with pytest.raises(Unavailable):
        shed.objects.raw(shed.objects.file(sha, "a").oid)


def test_a_long_content_comes_in_pieces_and_within_limits(shed):
    content = random.Random(1).randbytes(3 << 20)
    sha = shed.commit({"a": content})
    oid = shed.objects.file(sha, "a").oid
    assert b"".join(shed.objects.pieces(oid)) == content
    assert shed.objects.blob(oid) == content
    with pytest.raises(Excessive):
        shed.objects.blob(oid, size_max=1_000)
    pieces = shed.objects.pieces(oid)
    next(pieces)
    pieces.close()


def test_pages_of_a_tree_make_up_the_whole_in_gits_own_order(shed):
    paths = ["a-", "a.b/c", "a/x/y", "a/x/z", "a0", "lib-1", "lib/q", "lib.txt", "z"]
    sha = shed.commit({path: path.encode() for path in paths})
    for limit in (1, 2, 3, 50):
        found, after = [], None
        while True:
            page = shed.objects.tree(sha, recursive=True, after=after, limit=limit)
            assert len(page.entries) <= limit
            found += page.entries
            after = page.after
            if after is None:
                break
        files = [entry.path for entry in found if isinstance(entry, File)]
        assert files == shed.in_git(sha, "ls-tree", "-r", "--name-only", "main").split()
        both = [entry.path for entry in found]
        assert both == shed.in_git(sha, "ls-tree", "-rt", "--name-only", "main").split()
    for limit in (1, 2, 50):
        flat, after = [], None
        while not flat or after is not None:
            page = shed.objects.tree(sha, after=after, limit=limit)
            flat += [entry.path for entry in page.entries]
            after = page.after
        assert flat == ["a.b", "a", "lib", "a-", "a0", "lib-1", "lib.txt", "z"]
    flat = shed.objects.tree(sha, "a")
    assert [entry.path for entry in flat.entries] == ["a/x"]
    with pytest.raises(Unknown):
        shed.objects.tree(sha, "z")


def test_the_log_is_gits_own_and_can_be_paged_and_narrowed_to_a_path(shed):
    shas = [shed.commit({"a": b"0", "d/b": b"0"})]
    for number in range(1, 8):
        path = "d/b" if number % 3 == 0 else "a"
        shas.append(shed.commit({path: b"%d" % number}, shas[-1]))
    side = shed.commit({"c": b"side"}, shas[3])
    head = shed.commit({"c": b"side"}, shas[-1], side)
    log = [commit.sha for commit in shed.objects.log(head, limit=100)]
    assert log == shed.in_git(head, "log", "--format=%H", "main").split()
    assert [each.sha for each in shed.objects.log(head, limit=3, after=log[2])] == log[3:6]
    narrowed = shed.objects.log(head, path="d")
    assert [each.sha for each in narrowed] == [shas[6], shas[3], shas[0]]
    first = shed.objects.commit(shas[0])
    assert (first.title, first.description) == ("commit 1", "because")
    assert (first.author.name, first.author.email) == ("ada", "ada@example.org")
    assert shed.objects.is_ancestor(side, head)
    assert not shed.objects.is_ancestor(head, side)
    assert shed.objects.count(head) == len(log)


def test_each_name_of_a_folder_has_the_commit_that_touched_it_last(shed):
    shas = [shed.commit({"a": b"0", "b": b"0", "d/c": b"0"})]
    shas.append(shed.commit({"a": b"1"}, shas[-1]))
    shas.append(shed.commit({"d/c": b"1"}, shas[-1]))
    shas.append(shed.commit({"e": b"1", "b": None}, shas[-1]))
    last = shed.objects.last_commits(shas[-1])
    assert {name: commit.sha for name, commit in last.items()} == {
        "a": shas[1], "d": shas[2], "e": shas[3],
    }  # fmt: skip
    assert shed.objects.last_commits(shas[-1], "d")["c"].sha == shas[2]


def test_a_diff_tells_added_deleted_changed_and_renamed_files(shed):
    old = shed.commit({"a": b"1\n2\n3\n", "b": b"same\n" * 9, "c": b"x", "bin": b"\0\1"})
    new = shed.commit(
        {
            "a": b"1\ntwo\n3\n",
            "b": None,
            "m/b": b"same\n" * 9,
            "c": None,
            "n": b"n",
            "bin": b"\0\2",
        },
        old,
    )
    diff = shed.objects.diff(old, new)
    assert {(change.kind, change.path) for change in diff.changes} == {
        ("changed", "a"), ("renamed", "m/b"), ("deleted", "c"), ("added", "n"), ("changed", "bin"),
    }  # fmt: skip
    by_path = {change.path: change for change in diff.changes}
    assert (by_path["a"].additions, by_path["a"].deletions) == (1, 1)
    lines = by_path["a"].hunks[0].lines
    assert [(line.origin, line.text) for line in lines] == [
        (" ", "1"), ("-", "2"), ("+", "two"), (" ", "3"),
    ]  # fmt: skip
    last = by_path["n"].hunks[0].lines[-1]
    assert last.text == " No newline at end of file"
    assert (last.origin, last.old_number, last.new_number) == ("\\", None, None)
    assert by_path["bin"].hunks is None
    assert sorted(shed.objects.changed(old, new)) == ["a", "b", "bin", "c", "m/b", "n"]
    patch = shed.objects.patch(old, new)
    assert "--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n" in patch
    assert "rename from b\nrename to m/b\n" in patch
    assert [change.path for change in shed.objects.diff(None, old).changes] == [
        "a", "b", "bin", "c",
    ]  # fmt: skip


def test_many_threads_read_right_while_packs_come_and_go(shed):
    shas = [shed.commit({"a": b"0"})]
    for number in range(1, 12):
        shas.append(shed.commit({"a": b"%d" % number, f"f{number}": b"x"}, shas[-1]))
    errors, stop = [], threading.Event()

    def read(seed):
        chance = random.Random(seed)
        while not stop.is_set():
            number = chance.randrange(len(shas))
            try:
                reader = shed.opened() if chance.random() < 0.05 else shed.objects
                oid = reader._looked_up(reader.commit(shas[number]).tree, "a").oid
                assert reader.raw(oid) == b"%d" % number
            except (HubError, AssertionError, pygit2.GitError) as error:
                errors.append(error)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for number in range(15):
        shas.append(shed.commit({"a": b"%d" % len(shas)}, shas[-1]))
        if number % 5 == 4:
            everything = [shed.store.read(shelf.key(1, name, ".pack")) for name in shed.live]
            assert all(everything)
            shed.objects.refresh()
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []


def test_the_folders_of_a_dead_process_are_removed_and_live_ones_kept(tmp_path):
    first = shelf.Shelf(tmp_path, MemoryStore())
    dead = tmp_path / "git" / "of-dead"
    dead.mkdir()
    (dead / "lock").touch()
    second = shelf.Shelf(tmp_path, MemoryStore())
    assert first.mine.exists()
    assert not dead.exists()
    first.close()
    second.close()
    assert not first.mine.exists()


def test_the_paths_of_a_commit_are_those_of_its_files(shed):
    paths = {"a-", "a.b/c", "a/x/y", "a/é", "z"}
    sha = shed.commit({path: path.encode() for path in paths})
    assert set(shed.objects.paths(sha)) == paths
    assert len(shed.objects.paths(sha, limit=2)) == 2
    assert shed.objects.paths(shed.commit({})) == []


def test_a_handle_whose_folder_went_lays_it_anew(shed, monkeypatch):
    from iriai.repos.git import reading

    sha = shed.commit({"a": b"1"})
    assert shed.objects.find(sha) == sha
    assert not shed.objects.drop()
    monkeypatch.setattr(reading, "IN_USE_SECONDS", -1.0)
    assert shed.objects.drop()
    assert not shed.objects.path.exists()
    assert shed.opened().raw(shed.objects.entry(sha, "a").oid) == b"1"
    assert shed.objects.raw(shed.objects.entry(sha, "").oid)


def test_a_pack_that_left_the_pool_is_fetched_again(tmp_path):
    from tests.repos.git.conftest import Shed

    shed = Shed(tmp_path, MemoryStore())
    sha = shed.commit({"a": b"1"})
    assert shed.objects.find(sha) == sha
    for pooled in (shed.shelf.root / "packs").iterdir():
        pooled.unlink()
    fresh = shed.opened()
    fresh._laid = set(shed.live)
    assert fresh.raw(fresh.entry(sha, "a").oid) == b"1"
    shed.shelf.close()


def test_a_pack_that_the_store_lost_is_damage_and_not_a_loop(shed):
    sha = shed.commit({"a": b"1"})
    for kind in shelf.KINDS:
        shed.store.delete(shelf.key(1, shed.live[0], kind))
    with pytest.raises((Unavailable, Unknown)):
        shed.opened().commit(sha)
