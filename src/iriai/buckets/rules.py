"""What a bucket is, who may do what with one, and what one batch of changes may say. Pure.

A bucket is judged as a repository is: who reads, writes and administers follows from its owner and
its visibility. A private one is not there for whoever may not read it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from iriai.base.errors import Conflict, Excessive, Invalid, Unknown
from iriai.base.events import HUB
from iriai.identity.rules import Act, Actor, Subject, may, require_may
from iriai.repos.rules import require_path_allowed

OPERATIONS_MAX = 5_000
PATHS_MAX = 5_000
PAGE_LENGTH = 1_000
FILES_MAX = 50_000_000
FOLDERS_SOUGHT_MAX = 200
SEARCH_LENGTH_MAX = 100
PREFIX_LENGTH_MAX = 1_024
MOMENT_MAX_MS = 253_402_300_799_000
"""The last second of the year 9999, in milliseconds."""

EMPTY_XET_HASH = "0" * 64
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""A file of no bytes has no chunks, and nobody sends it."""

PATH_END = "\U0010ffff"
"""Sorts behind every character that a path may have."""

_XET_HASH = re.compile(r"[0-9a-f]{64}")
SOURCES = ("model", "dataset", "space", "bucket")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, as whoever asked for it may see it."""

    id: int
    owner_id: int
    owner: str
    name: str
    is_private: bool
    creator_id: int | None
    created_at: datetime
    updated_at: datetime
    file_count: int
    bytes: int
    commons_id: int = HUB
    quota_bytes: int | None = None
    counts_for_id: int | None = None

    @property
    def payer_id(self) -> int | None:
        """Whose part of the pot it takes."""
        return self.counts_for_id or self.creator_id

    @property
    def full_name(self) -> str:
        """`ada/runs`."""
        return f"{self.owner}/{self.name}"

    @property
    def subject(self) -> str:
        """How the log names it: by name where everyone may know of it, else by number alone."""
        return f"bucket/{self.id}" if self.is_private else f"bucket/{self.full_name}"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a bucket."""

    path: str
    xet_hash: str
    sha256: str
    size: int
    modified_at: datetime | None
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class Folder:
    """What several paths begin with, and when something below it was last sent."""

    path: str
    uploaded_at: datetime | None


# -- who may ----------------------------------------------------------------------------------


def subject(bucket: Bucket) -> Subject:
    """The bucket as `identity` judges it."""
    return Subject(bucket.owner_id, bucket.id, bucket.creator_id, is_public=not bucket.is_private)


def may_read(actor: Actor, bucket: Bucket) -> bool:
    """Whether `actor` may know of it, and read its files."""
    return may(actor, Act.READ, subject(bucket))


def may_write(actor: Actor, bucket: Bucket) -> bool:
    """Whether `actor` may change its files."""
    return may(actor, Act.WRITE, subject(bucket))


def may_administer(actor: Actor, bucket: Bucket) -> bool:
    """Whether `actor` may rename, hide or delete it."""
    return may(actor, Act.ADMINISTER, subject(bucket))


def require_read(actor: Actor, bucket: Bucket) -> None:
    """What somebody may not read is not there."""
    if not may_read(actor, bucket):
        raise unknown_bucket()


def require_write(actor: Actor, bucket: Bucket) -> None:
    """Changing files is for those who write."""
    require_read(actor, bucket)
    require_may(actor, Act.WRITE, subject(bucket))


def require_administer(actor: Actor, bucket: Bucket) -> None:
    """Settings, moving and deleting are for those who administer."""
    require_read(actor, bucket)
    require_may(actor, Act.ADMINISTER, subject(bucket))


def unknown_bucket() -> Unknown:
    """The one answer for what is missing and what is hidden; it does not echo the name."""
    return Unknown("Bucket not found", code="RepoNotFound")


def unknown_file(path: str) -> Unknown:
    """There is no such file."""
    return Unknown(f"{path[:200]!r} does not exist in this bucket.", code="EntryNotFound")


def exists_already(full_name: str) -> Conflict:
    """The name is taken."""
    return Conflict(f"A bucket called {full_name} already exists", code="RepoExists")


# -- a batch of changes -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """Where a copied file comes from."""

    kind: str
    full_name: str


@dataclass(frozen=True, slots=True)
class Put:
    """A file is to have this content. Without a source it was sent to this bucket."""

    path: str
    xet_hash: str
    modified_at: datetime | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """A file is to go."""

    path: str


Operation = Put | Remove


@dataclass(frozen=True, slots=True)
class Failure:
    """A change that was not made, and why."""

    path: str
    error: str


def operations(lines: Iterable[Mapping[str, Any]]) -> list[Operation]:
    """What a batch asks for, in its order; `Invalid` where a line makes no sense."""
    made: list[Operation] = []
    for line in lines:
        if len(made) >= OPERATIONS_MAX:
            raise Excessive(f"A batch has at most {OPERATIONS_MAX:,} operations; send several.")
        made.append(_operation(line))
    return made


def _operation(line: Mapping[str, Any]) -> Operation:
    what, path = line.get("type"), line.get("path")
    if not isinstance(path, str):
        raise Invalid('Each operation needs a "path".')
    if what == "deleteFile":
        return Remove(path)
    if what not in ("addFile", "copyFile"):
        raise Invalid('"type" must be one of addFile, copyFile, deleteFile.')
    name = line.get("xetHash")
    if not isinstance(name, str) or not _XET_HASH.fullmatch(name):
        raise Invalid('"xetHash" must be 64 lower case hex digits.')
    source = _source(line) if what == "copyFile" else None
    return Put(path, name, _moment(line.get("mtime")), source)


def _source(line: Mapping[str, Any]) -> Source:
    kind, full_name = line.get("sourceRepoType"), line.get("sourceRepoId")
    if kind not in SOURCES or not isinstance(full_name, str) or full_name.count("/") != 1:
        raise Invalid(
            '"copyFile" needs a "sourceRepoType" (model, dataset, space or bucket) and a '
            '"sourceRepoId".'
        )
    return Source(str(kind), full_name)


def _moment(milliseconds: object) -> datetime | None:
    if milliseconds is None:
        return None
    if not isinstance(milliseconds, int | float) or isinstance(milliseconds, bool):
        raise Invalid('"mtime" must be a number of milliseconds.')
    if not 0 <= milliseconds <= MOMENT_MAX_MS:
        return None
    return datetime.fromtimestamp(milliseconds / 1_000, UTC)


def path_fault(path: str) -> str | None:
    """Why a file cannot have this path, if it cannot: the policy of repositories."""
    try:
        require_path_allowed(path)
    except Invalid as error:
        return error.message
    return None


def require_room(file_count: int) -> None:
    """A bucket has so many files and no more."""
    if file_count > FILES_MAX:
        raise Excessive(f"A bucket has at most {FILES_MAX:,} files.")


# -- listing ----------------------------------------------------------------------------------


def clean_prefix(prefix: str) -> str:
    """What paths are to begin with."""
    if len(prefix) > PREFIX_LENGTH_MAX:
        raise Invalid(f"A prefix has at most {PREFIX_LENGTH_MAX:,} characters.")
    return prefix.lstrip("/")


def folder_of(path: str, prefix: str) -> str | None:
    """The folder that a listing of `prefix` shows in place of this path, or None for the file.

    A prefix is compared letter by letter: `logs` finds `logs/a`, `logs.json` and the folder
    `logs_old`. Of a folder that bears exactly this name, its entries are shown.
    """
    start = len(prefix)
    if path[start : start + 1] == "/":
        start += 1
    end = path.find("/", start)
    return None if end < 0 else path[:end]
