"""A repository of packs in a store, and the same in git."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from iriai.base.stores import DiskStore, MemoryStore
from iriai.repos.git import formats, shelf
from iriai.repos.git.entries import FILE_MODE
from iriai.repos.git.objects import Objects
from iriai.repos.git.packs import PackWriter
from iriai.repos.git.shelf import Shelf
from iriai.repos.git.trees import Leaf, TreeEdit

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Shed:
    """Commits as packs in a store, with the list of live ones."""

    def __init__(self, tmp_path: Path, store):
        self.store = store
        self.tmp_path = tmp_path
        self.shelf = Shelf(tmp_path / "cache", store)
        self.live: list[str] = []
        self.asked = 0
        self.objects = self.opened()
        self.count = 0

    def opened(self) -> Objects:
        return Objects(1, self.shelf, self.listed)

    def listed(self):
        self.asked += 1
        return list(self.live)

    def store_pack(self, packed) -> str:
        self.store.put(shelf.key(1, packed.name, ".pack"), packed.pack)
        self.store.put(shelf.key(1, packed.name, ".idx"), packed.idx)
        return packed.name

    def commit(self, changes: dict[str, bytes | None], *parents: str, show: bool = True) -> str:
        """A commit of these changes to its first parent, in a pack of its own."""
        root = bytes.fromhex(self.objects.commit(parents[0]).tree) if parents else None
        who = formats.signature("ada", "ada@example.org", START + timedelta(seconds=self.count))
        self.count += 1
        with PackWriter(self.tmp_path) as writer:
            edit = TreeEdit(lambda oid: self.objects.raw(oid.hex()), root)
            for path, content in changes.items():
                if content is None:
                    edit.remove(path)
                else:
                    edit.put(path, Leaf(FILE_MODE, writer.add("blob", content)))
            tree = edit.write(writer.add, lambda *_: None) or writer.add("tree", b"")
            message = f"commit {self.count}\n\nbecause"
            raw = formats.commit_bytes(tree, parents, who, who, message)
            sha = writer.add("commit", raw).hex()
            name = self.store_pack(writer.finish())
        if show:
            self.live.append(name)
        return sha

    def in_git(self, sha: str, *words: str) -> str:
        with self.objects.view([("refs/heads/main", sha, None)]) as git_dir:
            return subprocess.run(
                ["git", *words], check=True, capture_output=True, text=True,
                env={"GIT_DIR": str(git_dir), "PATH": "/usr/bin:/bin"},
            ).stdout  # fmt: skip


@pytest.fixture(params=["disk", "memory"])
def shed(request, tmp_path):
    store = DiskStore(tmp_path / "store") if request.param == "disk" else MemoryStore()
    made = Shed(tmp_path, store)
    yield made
    made.shelf.close()
