"""What is found in a repository: files, folders, commits, and what differs between two commits."""

from dataclasses import dataclass
from datetime import datetime

FILE_MODE = 0o100644
EXECUTABLE_MODE = 0o100755
FOLDER_MODE = 0o040000
LINK_MODE = 0o120000
SUBMODULE_MODE = 0o160000


@dataclass(frozen=True, slots=True)
class Lfs:
    """What a pointer says of the large file it stands for."""

    sha256: str
    size: int
    pointer_size: int


@dataclass(frozen=True, slots=True)
class File:
    """A file of a tree. `size` is of what a reader gets, `oid` of what git keeps."""

    path: str
    size: int
    oid: str
    lfs: Lfs | None = None
    mode: int = FILE_MODE

    @property
    def etag(self) -> str:
        """What names the content: the SHA-256 of a large file, git's object id of another."""
        return self.lfs.sha256 if self.lfs else self.oid


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a tree."""

    path: str
    oid: str


Entry = File | Folder


@dataclass(frozen=True, slots=True)
class Signature:
    """Who, and when."""

    name: str
    email: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str

    @property
    def title(self) -> str:
        """The first line of the message."""
        return self.message.split("\n", 1)[0]

    @property
    def description(self) -> str:
        """What follows the first line, without the blank line between."""
        return self.message.partition("\n")[2].strip("\n")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a hunk. `origin` is " ", "+" or "-"; a number is None on the side without it."""

    origin: str
    old_number: int | None
    new_number: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """Neighbouring changed lines with some context. `header` is git's `@@ -1,3 +1,4 @@`."""

    header: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One file that differs: added has no `old`, deleted no `new`; renamed has two paths.

    `hunks` is None where lines say nothing: a binary or large file, or one beyond the limits.
    """

    old: File | None
    new: File | None
    hunks: tuple[Hunk, ...] | None = None
    additions: int = 0
    deletions: int = 0

    @property
    def path(self) -> str:
        """Where the file is now, or was last."""
        file = self.new or self.old
        return file.path if file else ""

    @property
    def kind(self) -> str:
        """`added`, `deleted`, `renamed` or `changed`."""
        if self.old is None:
            return "added"
        if self.new is None:
            return "deleted"
        return "changed" if self.old.path == self.new.path else "renamed"


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs between two commits. `files` counts all, also those beyond the limit."""

    changes: tuple[Change, ...]
    files: int
    additions: int
    deletions: int

    @property
    def is_cut(self) -> bool:
        """Whether there are more files than are listed."""
        return self.files > len(self.changes)
