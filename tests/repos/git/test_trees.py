"""Editing trees, checked against a dict of paths and against git itself."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import Invalid
from iriai.repos.git.entries import FILE_MODE
from iriai.repos.git.formats import object_id, parse_tree, row_key, tree_bytes
from iriai.repos.git.trees import Leaf, TreeEdit

names = st.sampled_from(["a", "b", "a.b", "a-b", "ab", "é", "z"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
edits = st.lists(st.tuples(paths, st.none() | st.binary(max_size=2)), max_size=12)


class Shelf:
    """Trees by id, and what was written."""

    def __init__(self):
        self.trees = {}

    def emit(self, kind, raw):
        oid = object_id(kind, raw)
        self.trees[oid] = raw
        return oid

    def files(self, oid, prefix=""):
        found = {}
        for mode, name, inner in parse_tree(self.trees[oid]) if oid else []:
            path = prefix + name.decode()
            if mode == b"40000":
                found |= self.files(inner, path + "/")
            else:
                found[path] = inner
        return found


def nothing(folder, added, kept):
    assert set(added).isdisjoint(kept)


def apply(edit, model, changes):
    for path, content in changes:
        if content is None:
            gone = [each for each in model if each == path or each.startswith(path + "/")]
            assert edit.remove(path) == bool(gone)
            for each in gone:
                del model[each]
            continue
        parts = path.split("/")
        blocked = any("/".join(parts[:end]) in model for end in range(1, len(parts)))
        blocked = blocked or any(each.startswith(path + "/") for each in model)
        leaf = Leaf(FILE_MODE, object_id("blob", content))
        if blocked:
            with pytest.raises(Invalid):
                edit.put(path, leaf)
        else:
            edit.put(path, leaf)
            model[path] = leaf.oid


@given(edits, edits)
def test_an_edited_tree_holds_what_a_dict_of_paths_would_hold(first, second):
    shelf, model, root = Shelf(), {}, None
    for changes in (first, second):
        edit = TreeEdit(shelf.trees.__getitem__, root)
        apply(edit, model, changes)
        for path, oid in model.items():
            assert edit.find(path) == Leaf(FILE_MODE, oid)
        root = edit.write(shelf.emit, nothing)
        assert shelf.files(root) == model
    for raw in shelf.trees.values():
        rows = parse_tree(raw)
        assert rows == sorted(rows, key=row_key)
        assert tree_bytes(rows) == raw


@given(st.lists(st.integers(0, 400), unique=True, min_size=1, max_size=8), st.booleans())
def test_a_long_tree_is_spliced_to_the_same_bytes_as_it_is_rebuilt(touched, removing):
    shelf = Shelf()
    edit = TreeEdit(shelf.trees.__getitem__, None)
    for number in range(0, 400, 2):
        edit.put(f"f{number}", Leaf(FILE_MODE, object_id("blob", b"%d" % number)))
    root = edit.write(shelf.emit, nothing)
    model = shelf.files(root)
    edit = TreeEdit(shelf.trees.__getitem__, root)
    for number in touched:
        if removing and f"f{number}" in model:
            edit.remove(f"f{number}")
            del model[f"f{number}"]
        else:
            edit.put(f"f{number}", Leaf(FILE_MODE, b"\1" * 20))
            model[f"f{number}"] = b"\1" * 20
    root = edit.write(shelf.emit, nothing)
    assert shelf.files(root) == model
    rows = parse_tree(shelf.trees[root])
    assert rows == sorted(rows, key=row_key)


def test_git_gives_the_same_tree_the_same_name(tmp_path: Path):
    shelf = Shelf()
    edit = TreeEdit(shelf.trees.__getitem__, None)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for path in ("a", "a.b/c", "a-b", "lib/x/y", "lib-1", "lib.txt", "ü/ö"):
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(path)
        edit.put(path, Leaf(FILE_MODE, object_id("blob", path.encode())))
    subprocess.run(["git", "-C", tmp_path, "add", "."], check=True)
    git = subprocess.run(["git", "-C", tmp_path, "write-tree"], check=True, capture_output=True)
    root = edit.write(shelf.emit, nothing)
    assert root.hex() == git.stdout.decode().strip()


def test_a_folder_emptied_by_the_same_edit_gives_way_to_a_file():
    shelf = Shelf()
    edit = TreeEdit(shelf.trees.__getitem__, None)
    edit.put("a/x", Leaf(FILE_MODE, b"\1" * 20))
    edit = TreeEdit(shelf.trees.__getitem__, edit.write(shelf.emit, nothing))
    assert edit.remove("a/x")
    edit.put("a", Leaf(FILE_MODE, b"\2" * 20))
    assert shelf.files(edit.write(shelf.emit, nothing)) == {"a": b"\2" * 20}


def test_an_edit_that_changes_nothing_writes_nothing():
    shelf = Shelf()
    edit = TreeEdit(shelf.trees.__getitem__, None)
    edit.put("a/x", Leaf(FILE_MODE, b"\1" * 20))
    root = edit.write(shelf.emit, nothing)
    before = dict(shelf.trees)
    edit = TreeEdit(shelf.trees.__getitem__, root)
    edit.put("a/x", Leaf(FILE_MODE, b"\1" * 20))
    assert edit.write(shelf.emit, nothing) == root
    assert shelf.trees == before
