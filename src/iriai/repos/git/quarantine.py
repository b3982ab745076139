"""Objects that somebody sent and nobody has judged yet, apart from the repository they are for.

A pushed pack is indexed here (`index-pack --strict --fix-thin`: every object well formed, every
link inside it whole, deltas against our objects completed), then walked: is everything that the new
tips name really there, and what exactly is new at which path? Git runs with a bound on its memory
and time. Nothing of it is visible to anybody until the pack is put into the store and its row is
written.
"""

import resource
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pygit2

from iriai.base.errors import Excessive, Invalid
from iriai.repos.git import command, formats
from iriai.repos.git.command import GitFailed
from iriai.repos.git.entries import FOLDER_MODE
from iriai.repos.git.packs import Packed

SECONDS_MAX = 600.0
MEMORY_BYTES_MAX = 4 << 30
OBJECTS_MAX = 300_000
COMMITS_MAX = 100_000
ENTRIES_MAX = 300_000
TREE_BYTES_MAX = 16 << 20
TREE_BYTES_KEPT = 16 << 10
TREES_KEPT = 1_000
TEXT_BYTES_MAX = 1 << 20
DEPTH_MAX = 64
SAID_LENGTH_MAX = 300
EMPTY_PACK_BYTES = 32

CONFIG = """\
[core]
\tbigFileThreshold = 16m
\tpackedGitWindowSize = 32m
\tpackedGitLimit = 256m
\tfsync = none
"""
"""Large blobs are streamed, not loaded. What is kept is made durable by the store, not here."""


@dataclass(frozen=True, slots=True)
class Update:
    """A ref that is to change, by full name; None is a ref that is not (or no longer) there."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Placed:
    """Something new at a path: it was not there, or not the same, in any parent of its commit."""

    path: bytes
    mode: int
    oid: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A file or folder that every parent of a commit has, and the commit has not."""

    path: bytes


@dataclass(frozen=True, slots=True)
class Grown:
    """A folder with names that its commit's first parent has not: these, and all of them."""

    path: bytes
    added: tuple[bytes, ...]
    present: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder of a new commit, and the same folder in that commit's parents."""

    path: bytes
    tree: str
    others: tuple[str, ...]


@dataclass
class Quarantine:
    """A view of a repository with the sent objects beside its own. `git_dir` lies in staging."""

    git_dir: Path
    kept: Path
    sizes: dict[str, int] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)
    _entries: int = 0
    _trees: dict[str, Sequence[formats.Row]] = field(default_factory=dict)
    _opened: pygit2.Repository | None = None

    @property
    def objects(self) -> Path:
        """Where the sent objects are."""
        return self.git_dir / "objects"

    # -- taking in ---------------------------------------------------------------------------------

    def take(self, pack: Path, *, bytes_max: int) -> None:
        """Index the sent pack; `Invalid` says what is wrong with it."""
        with pack.open("rb") as file:
            head = file.read(12)
        if head.startswith(b"PACK") and int.from_bytes(head[8:12], "big") > OBJECTS_MAX:
            raise _too_many_objects()
        words = [
            "index-pack",
            "--stdin",
            "--fix-thin",
            "--strict=zeroPaddedFilemode=warn,missingSpaceBeforeDate=warn,badTimezone=warn",
            f"--max-input-size={bytes_max}",
            "--threads=1",
        ]
        try:
            _run(self.git_dir, words, given=pack)
        except GitFailed as failed:
            raise Invalid(f"Git refuses what was sent: {_last_line(failed.said)}") from None

    def require_connected(self, tips: Iterable[str]) -> None:
        """Everything that `tips` lead to must be here, up to what our own refs have.

        It also learns kind and size of every object that is new.
        """
        given = "".join(f"{tip}\n" for tip in tips)
        words = ["rev-list", "--objects", "--no-object-names", "--stdin", "--not", "--all"]
        try:
            listed = _run(self.git_dir, words, given=given.encode())
        except GitFailed as failed:
            raise Invalid(
                f"Something that this push needs was not sent: {_last_line(failed.said)}"
            ) from None
        if listed.count(b"\n") > OBJECTS_MAX:
            raise _too_many_objects()
        facts = _run(
            self.git_dir,
            ["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", "--buffer"],
            given=listed,
        )
        for line in facts.decode("ascii").splitlines():
            oid, kind, size = line.split(" ")
            self.sizes[oid] = int(size)
            if kind == "commit":
                self.commits.append(oid)
            if kind != "blob" and int(size) > (
                TREE_BYTES_MAX if kind == "tree" else TEXT_BYTES_MAX
            ):
                raise Excessive(f"The {kind} {oid} is too large.")

    def require_no_stowaways(self) -> None:
        """Nothing may come in that no tip leads to, unless it is here already."""
        ours = pygit2.Odb(str(self.kept))
        for oid in self.packed():
            if oid not in self.sizes and not ours.exists(oid):
                raise Invalid(f"The push holds an object that nothing in it leads to: {oid}.")

    def packed(self) -> Iterator[str]:
        """The ids of all objects in the sent pack."""
        for idx in (self.objects / "pack").glob("*.idx"):
            with idx.open("rb") as given:
                listed = subprocess.run(
                    ["git", "show-index"],
                    env=command.environment(self.git_dir),
                    cwd=self.git_dir,
                    stdin=given,
                    capture_output=True,
                    timeout=SECONDS_MAX,
                    check=True,
                ).stdout
            for line in listed.decode("ascii").splitlines():
                yield line.split(" ")[1]

    def pack(self, name: str) -> Packed | None:
        """The indexed pack, ready for the store; None where there was nothing in it."""
        for idx in (self.objects / "pack").glob("*.idx"):
            pack = idx.with_suffix(".pack")
            size = pack.stat().st_size
            if size <= EMPTY_PACK_BYTES:
                return None
            made = idx.read_bytes()
            objects = int.from_bytes(made[8 + 255 * 4 : 8 + 256 * 4], "big")
            return Packed(name, pack, made, size, objects)
        return None

    # -- looking at it -----------------------------------------------------------------------------

    def commit_of(self, sha: str) -> str:
        """The commit that a tip is, or comes down to; `Invalid` where it is none."""
        for _ in range(DEPTH_MAX):
            kind, raw = self.read(sha)
            if kind == "commit":
                return sha
            if kind != "tag":
                break
            sha, _ = formats.tag_target(raw)
        raise Invalid("A branch or tag must name a commit.")

    def read(self, oid: str) -> tuple[str, bytes]:
        """Kind and content of an object."""
        try:
            kind, raw = self._repository().read(oid)
        except (KeyError, ValueError, pygit2.GitError):
            raise Invalid(f"The object {oid} was not sent.") from None
        return _KINDS.get(int(kind), "unknown"), raw

    def content(self, commit: str, name: str, *, bytes_max: int) -> bytes | None:
        """A file at the root of a commit; None where there is none, or it is too long."""
        tree = formats.parse_commit(commit, self.read(commit)[1]).tree
        for mode, found, oid in self._rows(tree):
            if found == name.encode() and mode != formats.FOLDER:
                small = self.size(oid.hex()) <= bytes_max
                return self.read(oid.hex())[1] if small else None
        return None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `newer` goes on from `older`."""
        try:
            _run(self.git_dir, ["merge-base", "--is-ancestor", older, newer], given=b"")
        except GitFailed:
            return False
        return True

    def size(self, oid: str) -> int:
        """The size of a blob, sent or kept."""
        if oid not in self.sizes:
            _, self.sizes[oid] = self._repository().odb.read_header(oid)
        return self.sizes[oid]

    def changes(self) -> Iterator[Placed | Grown | Removed]:
        """What is new at or gone from which path in the new commits, and where folders grew."""
        if len(self.commits) > COMMITS_MAX:
            raise Excessive(f"A push may bring at most {COMMITS_MAX:,} commits.")
        seen: set[_Folder] = set()
        for sha in self.commits:
            commit = formats.parse_commit(sha, self.read(sha)[1])
            parents = [formats.parse_commit(p, self.read(p)[1]).tree for p in commit.parents]
            waiting = [_Folder(b"", commit.tree, tuple(parents))]
            while waiting:
                folder = waiting.pop()
                if folder.tree not in folder.others and folder not in seen:
                    seen.add(folder)
                    yield from self._new_in(folder, waiting)

    def _new_in(
        self, folder: "_Folder", waiting: list["_Folder"]
    ) -> Iterator[Placed | Grown | Removed]:
        """What is in a folder and not the same in any of the others; its folders have to wait."""
        if folder.path.count(b"/") >= DEPTH_MAX:
            raise Invalid(f"Folders may be at most {DEPTH_MAX} deep.")
        rows = self._rows(folder.tree)
        before = [{row[1]: row for row in self._rows(other)} for other in folder.others]
        new = [row for row in rows if all(old.get(row[1]) != row for old in before)]
        self._entries += len(new)
        if self._entries > ENTRIES_MAX:
            raise Excessive(f"A push may change at most {ENTRIES_MAX:,} files.")
        first = before[0] if before else {}
        added = tuple(row[1] for row in rows if row[1] not in first)
        if added:
            yield Grown(folder.path, added, tuple(row[1] for row in rows))
        within = folder.path + b"/" if folder.path else b""
        for name in set(first).intersection(*before[1:]).difference(_kept(rows, before)):
            yield Removed(within + name)
        for row in new:
            path = within + row[1]
            mode, oid = int(row[0], 8), row[2].hex()
            yield Placed(path, mode, oid)
            if mode == FOLDER_MODE:
                below = tuple(old[row[1]][2].hex() for old in before if _is_folder(old, row[1]))
                waiting.append(_Folder(path, oid, below))

    def _rows(self, tree: str) -> Sequence[formats.Row]:
        if tree in self._trees:
            return self._trees[tree]
        kind, raw = self.read(tree)
        rows = formats.parse_tree(raw) if kind == "tree" else []
        if sum(len(row[0]) + len(row[1]) + 22 for row in rows) != len(raw):
            raise Invalid(f"The tree {tree} is malformed.")
        if len(raw) <= TREE_BYTES_KEPT:
            if len(self._trees) >= TREES_KEPT:
                self._trees.clear()
            self._trees[tree] = rows
        return rows

    def _repository(self) -> pygit2.Repository:
        if self._opened is None:
            self._opened = pygit2.Repository(str(self.git_dir))
        return self._opened


_KINDS: Mapping[int, str] = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}


@contextmanager
def quarantine(
    staging: Path, kept: Path, refs: Iterable[tuple[str, str, str | None]]
) -> Iterator[Quarantine]:
    """A quarantine in `staging` beside the objects in the folder `kept`; it goes with the block."""
    with command.view(staging, [kept], refs, config=CONFIG) as git_dir:
        made = Quarantine(git_dir, kept)
        try:
            yield made
        finally:
            made._opened = None  # noqa: SLF001 - lets go of its maps before the folder goes


def _kept(rows: Sequence[formats.Row], before: Sequence[Mapping[bytes, formats.Row]]) -> set[bytes]:
    """The names that are there still, and not a folder where there was a file."""
    return {
        row[1]
        for row in rows
        if int(row[0], 8) != FOLDER_MODE or any(_is_folder(old, row[1]) for old in before)
    }


def _is_folder(rows: Mapping[bytes, formats.Row], name: bytes) -> bool:
    return name in rows and rows[name][0] == formats.FOLDER


def _run(git_dir: Path, words: Sequence[str], *, given: Path | bytes) -> bytes:
    """Run git on sent objects, bounded in memory and time. Its output is bounded by the objects."""
    with (
        _given(given) as source,
        subprocess.Popen(
            ["git", *words],
            env=command.environment(git_dir),
            cwd=git_dir,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as running,
    ):
        _bound(running.pid)
        try:
            out, said = running.communicate(
                given if isinstance(given, bytes) else None, timeout=SECONDS_MAX
            )
        except subprocess.TimeoutExpired:
            running.kill()
            raise Excessive("Git took too long over what was sent; push less at once.") from None
    if running.returncode:
        raise GitFailed(words[0], said.decode("utf-8", "replace").strip())
    return out


@contextmanager
def _given(given: Path | bytes) -> Iterator[int]:
    if isinstance(given, bytes):
        yield subprocess.PIPE
        return
    with given.open("rb") as source:
        yield source.fileno()


def _bound(pid: int) -> None:
    if hasattr(resource, "prlimit"):  # Linux
        with suppress(OSError, ValueError):
            resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))


def _too_many_objects() -> Excessive:
    return Excessive(f"A push may bring at most {OBJECTS_MAX:,} objects; push less at once.")


def _last_line(said: str) -> str:
    lines = [line.removeprefix("fatal: ").removeprefix("error: ") for line in said.splitlines()]
    words = next((line for line in reversed(lines) if line.strip()), "it does not say why")
    return words[:SAID_LENGTH_MAX].rstrip(".") + "."
