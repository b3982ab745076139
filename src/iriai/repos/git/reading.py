"""Reading one repository's objects: entries, trees, contents, commits.

Reads go through libgit2 over the folder of live packs. What is not found is looked for once more
after asking which packs are live now; what then is missing, though something names it, is damage,
and said so. Facts about objects never change, so they are remembered: a path looked up before costs
no read.

libgit2 holds the interpreter while it inflates, so contents above `INLINE_BYTES_MAX` come from a
git process instead. Its tree cache must take big trees, or each lookup in one parses it again.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pygit2
from pygit2.enums import ObjectType

from iriai.base.errors import Excessive, Unavailable, Unknown
from iriai.repos.git import command, formats
from iriai.repos.git.entries import FOLDER_MODE, SUBMODULE_MODE, Commit, Entry, File, Folder, Lfs
from iriai.repos.git.packs import object_ids
from iriai.repos.git.pointers import POINTER_LENGTH_MAX, pointer
from iriai.repos.git.recent import Recent
from iriai.repos.git.shelf import Shelf

TREE_CACHE_BYTES = 4 << 20
CACHE_BYTES_MAX = 48 << 20
INLINE_BYTES_MAX = 1 << 20
BLOB_BYTES_MAX = 64 << 20
ENTRIES_MAX = 100_000
PATHS_REMEMBERED = 50_000
BLOBS_REMEMBERED = 50_000
COMMITS_REMEMBERED = 10_000
LOOKS_MAX = 5
IN_USE_SECONDS = 2 * 3_600.0

pygit2.settings.cache_object_limit(ObjectType.TREE, TREE_CACHE_BYTES)
pygit2.settings.cache_max_size(CACHE_BYTES_MAX)


T = TypeVar("T")


class _Missing:
    """A path that a commit does not have."""


_MISSING = _Missing()
_paths: Recent[tuple[str, str, str], Entry | _Missing] = Recent(PATHS_REMEMBERED)
_blobs: Recent[tuple[str, str], tuple[int, Lfs | None]] = Recent(BLOBS_REMEMBERED)
_commits: Recent[tuple[str, str], Commit] = Recent(COMMITS_REMEMBERED)


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of a tree; `after` asks for the next ones, None when there are no more."""

    entries: list[Entry]
    after: str | None


class Reading:
    """The objects of one repository. Safe for many threads."""

    def __init__(self, repo_id: int, shelf: Shelf, live: Callable[[], Sequence[str]]) -> None:
        self.repo_id = repo_id
        self._space = f"{shelf.mine}/{repo_id}"
        self._shelf = shelf
        self._live = live
        self._lock = threading.Lock()
        self._laid: set[str] | None = None
        self._generation = 0
        self._used_at = time.monotonic()
        self.git_dir = shelf.folder(repo_id)
        self.path = self.git_dir / "objects"
        self._repository = self._opened()

    # -- the packs ---------------------------------------------------------------------------------

    def refresh(self) -> bool:
        """Have exactly the packs that are live now. Returns whether anything changed."""
        before = self._generation
        names = set(self._live())
        with self._lock:
            self._used_at = time.monotonic()
            laid = {name for name in self._laid or () if self._shelf.has(self.repo_id, name)}
            is_latest = self._generation == before  # else another may know of newer packs than we
            new, gone = names - laid, laid - names if is_latest else set[str]()
            if not new and not gone and self._laid is not None:
                return not is_latest
            self._shelf.folder(self.repo_id)
            self._shelf.lay(self.repo_id, sorted(new))
            self._shelf.lift(self.repo_id, sorted(gone))
            self._laid = (laid | names) - gone
            self._repository = self._opened()  # lets go of the maps of packs that went
            self._generation += 1
        return True

    def indexes(self, names: Iterable[str]) -> list[bytes]:
        """The indexes of these packs, as they lie here."""
        return [(self.path / f"pack/pack-{name}.idx").read_bytes() for name in names]

    def pointed_to(self, names: Iterable[str]) -> set[str]:
        """The SHA-256s that pointers in these packs name, in whatever commit they stand."""
        found: set[str] = set()
        for index in self.indexes(names):
            for oid in object_ids(index):
                kind, size = self._header(oid.hex()) or ("", 0)
                if kind == "blob" and size <= POINTER_LENGTH_MAX:
                    lfs = self.blob_facts(oid.hex())[1]
                    found |= {lfs.sha256} if lfs else set()
        return found

    def drop(self) -> bool:
        """Give the folder back, unless a git process may still be reading in it.

        Whoever reads here afterwards lays it anew at the next miss.
        """
        with self._lock:
            if time.monotonic() - self._used_at < IN_USE_SECONDS:
                return False
            self._laid = None
            self._shelf.drop(self.repo_id)
        return True

    def view(
        self, refs: Iterable[tuple[str, str, str | None]] = (), *, config: str = ""
    ) -> AbstractContextManager[Path]:
        """A throw-away GIT_DIR over these objects, for git processes."""
        self.refresh()
        return command.view(self._shelf.mine, [self.path], refs, config=config)

    def _opened(self) -> pygit2.Repository:
        repository = pygit2.Repository()
        repository.set_odb(pygit2.Odb(str(self.path)))
        return repository

    # -- objects -----------------------------------------------------------------------------------

    def find_raw(self, oid: str) -> tuple[str, bytes] | None:
        """Kind and content of an object, or None where there is none."""
        header = self._header(oid)
        if header is None:
            return None
        try:
            _, body = self._repository.odb.read(oid)
        except (KeyError, pygit2.GitError):
            raise _damaged(oid) from None
        return header[0], body

    def raw(self, oid: str) -> bytes:
        """The content of an object that something names; `Unavailable` where it is missing."""
        found = self.find_raw(oid)
        if found is None:
            raise _damaged(oid)
        return found[1]

    def kind(self, oid: str) -> str | None:
        """`commit`, `tree`, `blob`, `tag`, or None where there is no such object."""
        header = self._header(oid)
        return None if header is None else header[0]

    def _header(self, oid: str) -> tuple[str, int] | None:
        """Kind and size of an object."""
        found = self._sought(lambda: self._repository.odb.read_header(oid))
        return None if found is None else (ObjectType(found[0]).name.lower(), found[1])

    def _sought(self, look: Callable[[], T]) -> T | None:
        """What `look` finds; it looks again where other packs have become live since."""
        if self._laid is None:
            self.refresh()
        for _ in range(LOOKS_MAX):
            generation = self._generation
            try:
                return look()
            except (KeyError, ValueError):
                self.refresh()
                if generation == self._generation:
                    return None
            except pygit2.GitError as error:
                raise Unavailable(
                    f"An object cannot be read: {error}.", code="ObjectDamaged"
                ) from None
        return None

    def commit(self, sha: str) -> Commit:
        """A commit that exists; `Unknown` where there is none."""
        found = _commits.get((self._space, sha))
        if found is None:
            raw = self.find_raw(sha)
            if raw is None or raw[0] != "commit":
                raise Unknown(f"Invalid rev id: {sha[:40]}", code="RevisionNotFound")
            found = formats.parse_commit(sha, raw[1])
            _commits.put((self._space, sha), found)
        return found

    def find(self, revision: str) -> str | None:
        """The commit that a full or short id names, a tag peeled; None where none or several do."""
        if len(revision) == 40:  # noqa: PLR2004 - the length of a full id
            if _commits.get((self._space, revision)) is not None:
                return revision
            return self._peeled(revision)
        short = self._sought(lambda: str(self._repository[revision].id))
        return None if short is None else self._peeled(short)

    def _peeled(self, oid: str) -> str | None:
        for _ in range(8):  # tags of tags, within reason
            found = self.find_raw(oid) if self.kind(oid) in ("commit", "tag") else None
            if found is None:
                return None
            if found[0] == "commit":
                return oid
            oid = formats.tag_target(found[1])[0]
        return None

    # -- trees -------------------------------------------------------------------------------------

    def entry(self, sha: str, path: str) -> Entry:
        """What a commit has at `path`; the root is a folder. `Unknown` (`EntryNotFound`)."""
        found = self.find_entry(sha, path)
        if found is None:
            raise Unknown(
                f"{path[:200]!r} does not exist at revision {sha[:8]}.", code="EntryNotFound"
            )
        return found

    def find_entry(self, sha: str, path: str) -> Entry | None:
        """What a commit has at `path`, or None."""
        known = _paths.get((self._space, sha, path))
        if known is None:
            known = self._looked_up(self.commit(sha).tree, path) or _MISSING
            _paths.put((self._space, sha, path), known)
        return None if isinstance(known, _Missing) else known

    def file(self, sha: str, path: str) -> File:
        """The file that a commit has at `path`; a folder there is no file."""
        found = self.entry(sha, path)
        if isinstance(found, Folder):
            raise Unknown(f"{path[:200]!r} is a folder.", code="EntryNotFound")
        return found

    def entries(self, sha: str, paths: Iterable[str]) -> list[Entry]:
        """What a commit has at these paths; those it does not have are left out."""
        found = (self.find_entry(sha, path.strip("/")) for path in paths)
        return [entry for entry in found if entry is not None]

    def _looked_up(self, tree: str, path: str) -> Entry | None:
        mode, oid = FOLDER_MODE, tree
        for name in path.split("/") if path else ():
            if mode != FOLDER_MODE:
                return None
            step = self._step(oid, name)
            if step is None:
                return None
            mode, oid = step
        return self._entry(path, mode, oid)

    def _step(self, tree: str, name: str) -> tuple[int, str] | None:
        """Mode and id of a name in a tree."""
        held = self._sought(lambda: self._repository[tree])
        if held is None:
            raise _damaged(tree)
        if not isinstance(held, pygit2.Tree) or not name or name not in held:
            return None
        step = held[name]
        return int(step.filemode), str(step.id)

    def _entry(self, path: str, mode: int, oid: str) -> Entry:
        if mode == FOLDER_MODE:
            return Folder(path, oid)
        if mode == SUBMODULE_MODE:  # names a commit elsewhere
            return File(path, 0, oid, None, mode)
        size, lfs = self.blob_facts(oid)
        return File(path, size, oid, lfs, mode)

    def blob_facts(self, oid: str) -> tuple[int, Lfs | None]:
        """The size that a reader gets of a blob, and what it points to if it is a pointer."""
        known = _blobs.get((self._space, oid))
        if known is None:
            header = self._header(oid)
            if header is None:
                raise _damaged(oid)
            size, lfs = header[1], None
            if size <= POINTER_LENGTH_MAX:
                lfs = pointer(self.raw(oid))
            known = (lfs.size if lfs else size, lfs)
            _blobs.put((self._space, oid), known)
        return known

    def tree(
        self,
        sha: str,
        path: str = "",
        *,
        recursive: bool = False,
        after: str | None = None,
        limit: int = ENTRIES_MAX,
    ) -> Page:
        """What a folder holds, in pages of `limit`: its folders first, as clients expect.

        With `recursive` all below it too, in git's order.
        """
        folder = self.entry(sha, path)
        if not isinstance(folder, Folder):
            raise Unknown(f"{path[:200]!r} is a file.", code="EntryNotFound")
        prefix = f"{path}/".encode() if path else b""
        start = (after or "").encode("utf-8", "surrogateescape")
        entries: list[Entry] = []
        last = b""
        look = self.walk if recursive else self._held
        for key, mode, oid in look(folder.oid, prefix, after=start):
            if len(entries) >= limit:
                return Page(entries, last.decode("utf-8", "surrogateescape"))
            last = key
            name = key.rstrip(b"/").decode("utf-8", "replace")
            entries.append(self._entry(name, mode, oid))
        return Page(entries, None)

    def files(self, sha: str, limit: int = ENTRIES_MAX) -> Iterator[File]:
        """The files of a commit in git's order, one at a time, up to `limit` of them."""
        every = self.walk(self.commit(sha).tree)
        for key, mode, oid in islice((row for row in every if row[1] != FOLDER_MODE), limit):
            entry = self._entry(key.decode("utf-8", "replace"), mode, oid)
            if isinstance(entry, File):
                yield entry

    def paths(self, sha: str, limit: int = ENTRIES_MAX) -> list[str]:
        """The paths of all files of a commit, in no promised order; cheaper than their sizes."""
        found: list[bytes] = []
        waiting = [(b"", self.commit(sha).tree)]
        while waiting and len(found) < limit:
            prefix, tree = waiting.pop()
            rows = formats.parse_tree(self.raw(tree))
            found += [prefix + name for mode, name, _ in rows if mode != formats.FOLDER]
            folders = [row for row in rows if row[0] == formats.FOLDER]
            waiting += [(prefix + name + b"/", oid.hex()) for _, name, oid in folders]
        joined = b"\0".join(found[:limit]).decode("utf-8", "replace")
        return joined.split("\0") if joined else []

    def _held(
        self, tree: str, prefix: bytes = b"", *, after: bytes = b""
    ) -> Iterator[tuple[bytes, int, str]]:
        """The same as `walk` of what lies in a tree itself, its folders before its files."""
        rows = formats.parse_tree(self.raw(tree))
        for row in sorted(rows, key=lambda row: row[0] != formats.FOLDER):
            key = prefix + formats.row_key(row)
            if not after or (not key.endswith(b"/"), key) > (not after.endswith(b"/"), after):
                yield key, int(row[0], 8), row[2].hex()

    def walk(
        self, tree: str, prefix: bytes = b"", *, after: bytes = b""
    ) -> Iterator[tuple[bytes, int, str]]:
        """Path, mode and id of all in a tree, after the path `after`; folders end in a slash."""
        for row in formats.parse_tree(self.raw(tree)):
            key = prefix + formats.row_key(row)
            is_folder = row[0] == formats.FOLDER
            if key > after:
                yield key, int(row[0], 8), row[2].hex()
            elif not (is_folder and after.startswith(key)):
                continue
            if is_folder:
                yield from self.walk(row[2].hex(), key, after=after)

    # -- contents ----------------------------------------------------------------------------------

    def blob(self, oid: str, size_max: int = BLOB_BYTES_MAX) -> bytes:
        """A file's content as git keeps it, up to `size_max` bytes."""
        header = self._header(oid)
        if header is None or header[0] != "blob":
            raise _damaged(oid)
        if header[1] > size_max:
            raise Excessive(f"This file has more than {size_max:,} bytes.")
        return self.raw(oid) if header[1] <= INLINE_BYTES_MAX else b"".join(self.pieces(oid))

    def blob_size(self, oid: str) -> int:
        """How many bytes git keeps under this id."""
        header = self._header(oid)
        if header is None:
            raise _damaged(oid)
        return header[1]

    def pieces(self, oid: str) -> Iterator[bytes]:
        """A file's content in pieces, a long one out of a git process."""
        if self.blob_size(oid) <= INLINE_BYTES_MAX:
            yield self.raw(oid)
        else:
            yield from command.pieces(self.git_dir, ["cat-file", "blob", oid])


def _damaged(oid: str) -> Unavailable:
    return Unavailable(f"The object {oid} cannot be read.", code="ObjectDamaged")
