"""Editing a tree: a few changes laid over a big one, and only the touched folders written again.

A folder's tree is read once, when a change first reaches it. Few changes in a long tree are spliced
into its bytes; parsing and writing 10,000 lines again would cost more than all the rest.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from operator import add

from iriai.base.errors import Invalid
from iriai.repos.git.entries import FOLDER_MODE
from iriai.repos.git.formats import (
    FOLDER,
    OID_BYTES,
    Row,
    mode_bytes,
    parse_tree,
    row_key,
    tree_bytes,
)

SPLICE_SHARE = 8
"""Changes are spliced while they are fewer than one in so many lines."""

Read = Callable[[bytes], bytes]
Emit = Callable[[str, bytes], bytes]
Examine = Callable[[str, list[str], list[bytes]], None]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A file to be: its mode and its blob."""

    mode: int
    oid: bytes


@dataclass(slots=True)
class _Folder:
    """A folder under edit. `raw` is the tree it starts from; a change of None removes."""

    oid: bytes | None = None
    raw: bytes = b""
    rows: list[Row] = field(default_factory=list)
    changes: "dict[bytes, Leaf | _Folder | None]" = field(default_factory=dict)

    def find(self, name: bytes) -> Row | None:
        """The line of this name in the tree it starts from."""
        for key in (name, name + b"/"):
            at = bisect_left(self.rows, key, key=row_key)
            if at < len(self.rows) and row_key(self.rows[at]) == key:
                return self.rows[at]
        return None

    def holds(self) -> bool:
        """Whether anything is left in it."""
        changes = self.changes.values()
        if any(each.holds() if isinstance(each, _Folder) else each for each in changes):
            return True
        return any(row[1] not in self.changes for row in self.rows)


class TreeEdit:
    """Changes to a tree that starts as `root` (None: an empty one)."""

    def __init__(self, read: Read, root: bytes | None) -> None:
        self._read = read
        self._root = self._opened(root)

    def find(self, path: str) -> Leaf | None:
        """What is at `path` now, changes included; a folder that was touched has no id yet."""
        *folders, name = path.encode().split(b"/")
        here: _Folder | None = self._root
        for each in folders:
            here = self._inside(here, each) if here is not None else None
        if here is None:
            return None
        changed = here.changes.get(name, here)
        if isinstance(changed, Leaf) or changed is None:
            return changed
        if changed is not here:
            return Leaf(FOLDER_MODE, changed.oid or b"") if changed.holds() else None
        row = here.find(name)
        return None if row is None else Leaf(int(row[0], 8), row[2])

    def put(self, path: str, leaf: Leaf) -> None:
        """Add or replace a file."""
        *folders, name = path.encode().split(b"/")
        here = self._root
        for depth, each in enumerate(folders):
            inner = self._inside(here, each, create=True)
            if inner is None:
                where = "/".join(path.split("/")[: depth + 1])
                raise Invalid(f"{path!r} cannot be added: {where!r} is a file.", code="PathRefused")
            here = inner
        change = here.changes.get(name, here)
        row = here.find(name) if change is here else None
        within = isinstance(change, _Folder) and change is not here and change.holds()
        if within or (row is not None and row[0] == FOLDER):
            raise Invalid(f"{path!r} cannot be a file: it is a folder.", code="PathRefused")
        here.changes[name] = leaf

    def remove(self, path: str) -> bool:
        """Remove a file or a folder with all it holds. Returns whether it was there."""
        *folders, name = path.encode().split(b"/")
        here: _Folder | None = self._root
        for each in folders:
            here = self._inside(here, each) if here is not None else None
        if here is None or self.find(path) is None:
            return False
        here.changes[name] = None
        return True

    def write(self, emit: Emit, examine: Examine) -> bytes | None:
        """Write the touched trees, deepest first, and return the root's id; None when all is empty.

        `examine(folder, added names, others)` is asked about every folder that gains a name.
        """
        return self._written(self._root, "", emit, examine)

    def _written(self, folder: _Folder, path: str, emit: Emit, examine: Examine) -> bytes | None:
        settled: dict[bytes, Leaf | None] = {}
        for name, change in folder.changes.items():
            if isinstance(change, _Folder):
                inner = f"{path}/{name.decode()}" if path else name.decode()
                oid = self._written(change, inner, emit, examine)
                settled[name] = None if oid is None else Leaf(FOLDER_MODE, oid)
            else:
                settled[name] = change
        raw = _spliced(folder, settled)
        if not raw:
            return None
        if raw == folder.raw:
            return folder.oid
        self._examine(folder, settled, path, examine)
        return emit("tree", raw)

    def _examine(
        self, folder: _Folder, settled: dict[bytes, Leaf | None], path: str, examine: Examine
    ) -> None:
        added = [
            name.decode()
            for name, leaf in settled.items()
            if leaf is not None and folder.find(name) is None
        ]
        if added:
            gone = {name for name, leaf in settled.items() if leaf is None}
            kept = [row[1] for row in folder.rows if row[1] not in gone]
            examine(path, added, kept)

    def _opened(self, oid: bytes | None) -> _Folder:
        if oid is None:
            return _Folder()
        raw = self._read(oid)
        return _Folder(oid, raw, parse_tree(raw))

    def _inside(self, folder: _Folder, name: bytes, *, create: bool = False) -> "_Folder | None":
        """The folder `name` of `folder`, opened for edits; None where a file or nothing is."""
        if name in folder.changes:
            change = folder.changes[name]
            if isinstance(change, _Folder):
                return change
            if isinstance(change, Leaf) or not create:
                return None
            opened = _Folder()
        else:
            row = folder.find(name)
            if row is None and not create:
                return None
            if row is not None and row[0] != FOLDER:
                return None
            opened = self._opened(None if row is None else row[2])
        folder.changes[name] = opened
        return opened


def _spliced(folder: _Folder, settled: dict[bytes, Leaf | None]) -> bytes:
    """The folder's tree with these changes."""
    if len(settled) * SPLICE_SHARE > len(folder.rows):
        rows = {row[1]: row for row in folder.rows}
        for name, leaf in settled.items():
            if leaf is None:
                rows.pop(name, None)
            else:
                rows[name] = (mode_bytes(leaf.mode), name, leaf.oid)
        return tree_bytes(sorted(rows.values(), key=row_key))
    return b"".join(_pieces(folder, settled))


def _pieces(folder: _Folder, settled: dict[bytes, Leaf | None]) -> Iterator[bytes]:
    """The old bytes between the changes, and the changed lines."""
    modes = [len(row[0]) for row in folder.rows]
    names = [len(row[1]) for row in folder.rows]
    lengths = accumulate(map(add, modes, names))
    ends = [end + (OID_BYTES + 2) * at for at, end in enumerate(lengths, 1)]
    edits: list[tuple[int, int, bytes, bytes]] = []
    for name, leaf in settled.items():
        old = folder.find(name)
        if old is not None:
            at = bisect_left(folder.rows, row_key(old), key=row_key)
            edits.append((ends[at - 1] if at else 0, ends[at], b"", b""))
        if leaf is not None:
            new = (mode_bytes(leaf.mode), name, leaf.oid)
            at = bisect_left(folder.rows, row_key(new), key=row_key)
            start = ends[at - 1] if at else 0
            edits.append((start, start, row_key(new), tree_bytes([new])))
    position = 0
    for start, end, _, line in sorted(edits):
        yield folder.raw[position:start]
        yield line
        position = max(position, end)
    yield folder.raw[position:]
