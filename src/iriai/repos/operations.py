"""What a commit can be made of, and its draft: contents packed once, to lay over any parent.

Operations are taken one by one and their contents go into the pack as they come, so a commit of any
size needs little memory. The draft remembers only what happens at which path. When the branch moves
before the commit lands, it is laid over the new parent without its contents being touched again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from iriai.base.errors import Excessive, Invalid, Unknown
from iriai.repos import large, paths
from iriai.repos.git.entries import EXECUTABLE_MODE, FILE_MODE, FOLDER_MODE, File, Lfs
from iriai.repos.git.formats import EMPTY_TREE
from iriai.repos.git.objects import Objects
from iriai.repos.git.packs import PackWriter
from iriai.repos.git.pointers import POINTER_LENGTH_MAX
from iriai.repos.git.trees import Emit, Leaf, TreeEdit
from iriai.repos.rules import clean_folder, clean_path

OPERATIONS_MAX = 100_000
FOLDER_LENGTH_MAX = 100_000
COPIED_FILES_MAX = 10_000
COPIED_BYTES_MAX = 64 << 20
README = "README.md"


@dataclass(frozen=True, slots=True)
class Add:
    """A small file, with its content or a file that has it."""

    path: str
    content: bytes | Path
    executable: bool = False


@dataclass(frozen=True, slots=True)
class AddLarge:
    """A large file that was sent before, by its SHA-256."""

    path: str
    sha256: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """A file less, or a folder with all it holds."""

    path: str


@dataclass(frozen=True, slots=True)
class DeleteFolder:
    """A folder less, with all it holds."""

    path: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A file or folder as it is at a commit of this repository or of another that is readable."""

    path: str
    source_path: str
    source_sha: str
    source: Objects | None = None


Operation = Add | AddLarge | DeleteFile | DeleteFolder | Copy
SizeOf = Callable[[AddLarge], int]


@dataclass(slots=True)
class Draft:
    """What happens at which path, in order: a leaf is put there, None removes what is there.

    `large`: what other repositories may have to lend. `pointers`: what plain contents point to.
    """

    edits: list[tuple[str, Leaf | None]] = field(default_factory=list)
    large: dict[str, int] = field(default_factory=dict)
    pointers: list[tuple[str, Lfs]] = field(default_factory=list)
    texts: dict[bytes, bytes] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    @property
    def changed(self) -> tuple[str, ...]:
        """The paths it touches, each once; a folder that it removes ends in a slash."""
        paths = dict.fromkeys(path for path, _ in self.edits)
        return tuple(f"{path}/" if path in self.folders else path for path in paths)

    def laid_over(
        self, objects: Objects, tree: str | None, emit: Emit
    ) -> tuple[bytes, Leaf | None]:
        """The tree it makes of `tree`, and the README in it."""
        root = bytes.fromhex(tree) if tree and tree != EMPTY_TREE.hex() else None
        edit = TreeEdit(lambda oid: objects.raw(oid.hex()), root)
        for path, leaf in self.edits:
            if leaf is not None:
                edit.put(path, leaf)
                continue
            present = edit.find(path)
            if present is not None and present.mode == FOLDER_MODE:
                self.folders.add(path)
            if not edit.remove(path):
                raise Unknown(  # `create_commit` knows the first six words
                    f"A file with this name doesn't exist, so it cannot be deleted: {path[:200]!r}",
                    code="EntryNotFound",
                )
        made = edit.write(emit, _examine)
        readme = edit.find(README)
        is_file = readme is not None and readme.mode != FOLDER_MODE
        return made if made is not None else emit("tree", b""), readme if is_file else None


def drafted(
    operations: Iterable[Operation], writer: PackWriter, objects: Objects, size_of: SizeOf
) -> Draft:
    """Take the operations in. `size_of` knows the size of a large file, or refuses it."""
    draft = Draft()
    for count, operation in enumerate(operations, 1):
        if count > OPERATIONS_MAX:
            raise Excessive(f"A commit has at most {OPERATIONS_MAX:,} operations; make several.")
        match operation:
            case Add():
                _add(draft, writer, operation)
            case AddLarge():
                path = clean_path(operation.path)
                _add_large(draft, writer, path, operation.sha256, size_of(operation))
            case DeleteFile():
                draft.edits.append((clean_folder(operation.path), None))
            case DeleteFolder():
                draft.edits.append((clean_folder(operation.path), None))
            case Copy():
                _copy(draft, writer, objects, operation)
    return draft


def _add(draft: Draft, writer: PackWriter, operation: Add) -> None:
    path = clean_path(operation.path)
    mode = EXECUTABLE_MODE if operation.executable else FILE_MODE
    content = operation.content
    if isinstance(content, Path):
        size = content.stat().st_size
        large.require_regular_size(path, size)
        if size <= max(POINTER_LENGTH_MAX, 1 << 16) or path == README:
            content = content.read_bytes()
        else:
            draft.edits.append((path, Leaf(mode, writer.add_file(content))))
            return
    large.require_regular_size(path, len(content))
    found = large.pointer(content)
    if found is not None:
        draft.pointers.append((path, found))
    oid = writer.add("blob", content)
    if path == README:
        draft.texts[oid] = content
    draft.edits.append((path, Leaf(mode, oid)))


def _add_large(draft: Draft, writer: PackWriter, path: str, sha256: str, size: int) -> None:
    oid = writer.add("blob", large.pointer_text(sha256, size))
    draft.large[sha256] = size
    draft.edits.append((path, Leaf(FILE_MODE, oid)))


def _copy(draft: Draft, writer: PackWriter, objects: Objects, operation: Copy) -> None:
    source = operation.source or objects
    entry = source.entry(operation.source_sha, operation.source_path.strip("/"))
    if isinstance(entry, File):
        _copy_file(draft, writer, operation, clean_path(operation.path), entry)
        return
    page = source.tree(operation.source_sha, entry.path, recursive=True, limit=2 * COPIED_FILES_MAX)
    files = [each for each in page.entries if isinstance(each, File)]
    if page.after is not None or len(files) > COPIED_FILES_MAX:
        raise Excessive(f"A folder of more than {COPIED_FILES_MAX:,} files is too many to copy.")
    target = clean_folder(operation.path)
    for file in files:
        inner = file.path[len(entry.path) :].lstrip("/")
        path = clean_path(f"{target}/{inner}" if target else inner)
        _copy_file(draft, writer, operation, path, file)


def _copy_file(draft: Draft, writer: PackWriter, operation: Copy, path: str, file: File) -> None:
    """A file as it is; out of another repository, its bytes or the large object with it."""
    paths.require_mode_allowed(file.path, file.mode)
    if operation.source is None:
        draft.edits.append((path, Leaf(file.mode, bytes.fromhex(file.oid))))
    elif file.lfs is not None:
        _add_large(draft, writer, path, file.lfs.sha256, file.lfs.size)
    else:
        content = operation.source.blob(file.oid, size_max=COPIED_BYTES_MAX)
        _add(draft, writer, Add(path, content, executable=file.mode == EXECUTABLE_MODE))


def _examine(folder: str, added: list[str], kept: list[bytes]) -> None:
    """Judge the names that a folder gains beside those it has."""
    if len(added) + len(kept) > FOLDER_LENGTH_MAX:
        raise Invalid(
            f"A folder holds at most {FOLDER_LENGTH_MAX:,} entries; spread them over several.",
            code="FolderTooLong",
        )
    paths.require_distinct_beside(folder, added, kept)
