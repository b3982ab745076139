"""Commits through the API, durable, against `git add` and `git commit` of the same files.

Git writes into a work tree that is there already and syncs nothing to disk, which is its default;
the hub is asked over HTTP by a plain client and answers when pack, refs and event are durable.
Looking up a path is measured in the process that does it, on paths not asked for before.
"""

import base64
import hashlib
import http.client
import json
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.row import Row, compared, main
from tests.support.server import LiveHub, living

from iriai.base.stores import DiskStore
from iriai.repos.git import formats, shelf
from iriai.repos.git.entries import FILE_MODE
from iriai.repos.git.objects import Objects
from iriai.repos.git.packs import PackWriter
from iriai.repos.git.shelf import Shelf
from iriai.repos.git.trees import Leaf, TreeEdit

FILES = 1_000
FLAT = 10_000
ROUNDS = 7
LOOKUP_US_MAX = 50.0
FLAT_TIMES_MAX = 12.0


def content(number: object) -> bytes:
    """A small file, as configurations and cards are."""
    return f"{hashlib.sha256(str(number).encode()).hexdigest()}\n".encode() * 8


class Hub:
    """Commits over one connection, as a client that costs little sends them."""

    def __init__(self, hub: LiveHub) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=120)
        self.headers = {"Authorization": f"Bearer {hub.token}"}
        self.made = 0

    def ask(self, path: str, body: bytes, kind: str) -> None:
        self.connection.request("POST", path, body, self.headers | {"Content-Type": kind})
        answer = self.connection.getresponse()
        said = answer.read()
        assert answer.status == 200, (answer.status, said[:300])

    def repo(self) -> str:
        """A new repository."""
        self.made += 1
        body = json.dumps({"name": f"bench-{self.made}", "type": "model"}).encode()
        self.ask("/api/repos/create", body, "application/json")
        return f"ada/bench-{self.made}"

    def commit(self, repo: str, files: dict[str, bytes]) -> float:
        """Seconds until a commit of these files is answered."""
        lines: list[dict[str, object]] = [{"key": "header", "value": {"summary": "bench"}}]
        for path, data in files.items():
            value = {"path": path, "content": base64.b64encode(data).decode(), "encoding": "base64"}
            lines.append({"key": "file", "value": value})
        body = "\n".join(map(json.dumps, lines)).encode()
        began = time.perf_counter()
        self.ask(f"/api/models/{repo}/commit/main", body, "application/x-ndjson")
        return time.perf_counter() - began


def git(folder: Path, *words: str) -> None:
    author = ["-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "gc.auto=0"]
    subprocess.run(["git", "-C", str(folder), *author, *words], check=True, capture_output=True)


def git_commit(folder: Path) -> float:
    """Seconds of `git add` and `git commit` of what lies in the work tree."""
    began = time.perf_counter()
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "bench")
    return time.perf_counter() - began


def work_tree(parent: Path, files: dict[str, bytes]) -> Path:
    """A new git repository with these files in its work tree."""
    folder = Path(tempfile.mkdtemp(dir=parent))
    git(folder, "init", "-q")
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder


def many_files(hub: Hub, temporary: Path, files: int, rounds: int) -> Row:
    ours, peer = [], []
    for turn in range(rounds + 1):
        made = {f"d{at // 50}/f{at}": content((turn, at)) for at in range(files)}
        ours.append(hub.commit(hub.repo(), made))
        peer.append(git_commit(work_tree(temporary, made)))
    return compared(
        f"commit of {files:,} files", ours[1:], peer[1:], "s", goal="<= 0.25",
        note="durable and over HTTP here; git add + git commit with git's defaults there",
    )  # fmt: skip


def one_file(hub: Hub, temporary: Path, flat: int, rounds: int) -> list[Row]:
    made = {f"f{at:06}": b"x" for at in range(flat)}
    full, small, folder = hub.repo(), hub.repo(), work_tree(temporary, made)
    hub.commit(full, made)
    git_commit(folder)
    ours, peer, empty = [], [], []
    for turn in range(2 * rounds + 1):
        name, data = f"n{random.random()}", content(turn)
        ours.append(hub.commit(full, {name: data}))
        empty.append(hub.commit(small, {"only": data}))
        (folder / name).write_bytes(data)
        peer.append(git_commit(folder))
    return [
        compared(
            f"one file into {flat:,} in one folder", ours[1:], peer[1:], "s", goal="<= 0.5",
            note="against git add + git commit in a work tree of the same files",
        ),
        compared(
            "the same, against a repository of two files", ours[1:], empty[1:], "s",
            goal=f"<= {FLAT_TIMES_MAX:g}",
        ),
    ]  # fmt: skip


@contextmanager
def reader(temporary: Path, paths: list[str]) -> Iterator[tuple[Objects, str]]:
    """A repository of these paths, open for reading."""
    store = DiskStore(temporary / "store")
    (temporary / "staging").mkdir(parents=True)
    kept = Shelf(temporary / "cache", store)
    author = formats.signature("ada", "ada@example.org", datetime(2026, 1, 5, tzinfo=UTC))
    with PackWriter(temporary / "staging") as writer:
        edit = TreeEdit(lambda _: b"", None)
        for path in paths:
            edit.put(path, Leaf(FILE_MODE, writer.add("blob", path.encode())))
        tree = edit.write(writer.add, lambda *_: None)
        assert tree is not None
        sha = writer.add("commit", formats.commit_bytes(tree, [], author, author, "x")).hex()
        packed = writer.finish()
    store.put(shelf.key(1, packed.name, ".pack"), packed.pack)
    store.put(shelf.key(1, packed.name, ".idx"), packed.idx)
    yield Objects(1, kept, lambda: [packed.name]), sha
    kept.close()


def lookup(temporary: Path, name: str, paths: list[str]) -> Row:
    with reader(temporary, paths) as (objects, sha):
        chance = random.Random(1)
        asked = chance.sample(paths, 2_000)
        for path in asked[:200]:
            objects.entry(sha, path)
        took = [timed(lambda path=path: objects.entry(sha, path)) for path in asked[200:]]
        again = [timed(lambda path=path: objects.entry(sha, path)) for path in asked[200:]]
    first, second = statistics.median(took) * 1e6, statistics.median(again) * 1e6
    note = f"median of paths not asked before; asked again {second:.1f} µs"
    ratio = first / LOOKUP_US_MAX
    return Row(
        f"warm path lookup, {name}", first, LOOKUP_US_MAX, "µs", ratio, "<= 1", ratio <= 1, note
    )


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def run(fast: bool) -> list[Row]:
    files, flat, rounds = (200, 2_000, 3) if fast else (FILES, FLAT, ROUNDS)
    with tempfile.TemporaryDirectory(prefix="iriai-bench-") as folder:
        temporary = Path(folder)
        live = living(temporary / "hub", is_cold=True)
        try:
            hub = Hub(live)
            rows = [many_files(hub, temporary, files, rounds)]
            rows += one_file(hub, temporary, flat, rounds)
        finally:
            live.stop()
        flat_paths = [f"f{at:06}" for at in range(flat)]
        nested = [f"d{at % 100}/f{at // 100:04}" for at in range(flat * 10)]
        rows.append(lookup(temporary / "a", f"{len(flat_paths):,} in one folder", flat_paths))
        rows.append(lookup(temporary / "b", f"{len(nested):,} in 100 folders", nested))
    return rows


if __name__ == "__main__":
    main(run)
