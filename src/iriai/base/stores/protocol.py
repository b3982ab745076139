"""What every store of bytes promises, wherever the bytes lie.

A store keeps immutable objects under keys such as `xorbs/ab/abcd…` or `git/7/….pack`. Three things
hold everywhere, and one suite of tests checks them on each implementation:

* a `put` that returned is durable, and one that failed left nothing readable under the key;
* a key is written once: putting it again with as many bytes changes nothing, and with another
  number of bytes replaces what must have been damaged;
* ranges behave as slices do, so a short answer means a short object.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from iriai.base.errors import Invalid, Unknown

KEY_LENGTH_MAX = 512
PIECE_BYTES = 1 << 20
STAGING = "staging"

_KEY = re.compile(r"[0-9A-Za-z_][0-9A-Za-z._-]*(/[0-9A-Za-z_][0-9A-Za-z._-]*)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One object, as a listing shows it."""

    key: str
    size: int
    modified_at: datetime


class Store(Protocol):
    """Durable, immutable bytes under keys."""

    @property
    def faults(self) -> int:
        """How many writes could not be made durable since this process started."""
        ...

    def put(self, key: str, source: bytes | Path) -> None:
        """Keep `source` under `key`, durably once this returns. A `Path` is consumed."""
        ...

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """The bytes `[start, end)`, clamped as a slice is."""
        ...

    def stream(
        self, key: str, start: int = 0, end: int | None = None, piece: int = PIECE_BYTES
    ) -> Iterator[bytes]:
        """The same bytes in pieces of at most `piece`; nothing is opened before the first."""
        ...

    def size(self, key: str) -> int:
        """How many bytes lie under `key`; `Unknown` (`ObjectMissing`) where nothing does."""
        ...

    def exists(self, key: str) -> bool:
        """Whether anything lies under `key`."""
        ...

    def delete(self, key: str) -> None:
        """Remove what lies under `key`, if anything does."""
        ...

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Every object whose key starts with `prefix`, in no promised order."""
        ...

    def local_path(self, key: str) -> Path | None:
        """The object's own file, on stores that have files; `None` on others."""
        ...

    def signed_url(
        self,
        key: str,
        *,
        seconds: int,
        byte_range: tuple[int, int] | None = None,
        filename: str | None = None,
        content_type: str | None = None,
    ) -> str | None:
        """A URL that reads the object (exactly `byte_range`, both ends included) without us.

        `None` where the store has no door of its own.
        """
        ...

    def staging(self) -> Path:
        """A folder for unfinished files, on the store's own file system where it has one."""
        ...

    def sweep(self, before: datetime) -> int:
        """Remove what uploads interrupted before then left behind; how many there were."""
        ...

    def probe(self) -> None:
        """Write, read and remove a small object, or raise `Unavailable` saying what is wrong."""
        ...


def clean_key(key: str) -> str:
    """`key`, or `Invalid` where it is not one that every store can keep."""
    if len(key) > KEY_LENGTH_MAX or not _KEY.fullmatch(key) or key.split("/", 1)[0] == STAGING:
        raise Invalid(f"{key[:80]!r} is not a key of the store.", code="KeyInvalid")
    return key


def clean_prefix(prefix: str) -> str:
    """`prefix`, or `Invalid` where no key can start so."""
    folder, _, start = prefix.rpartition("/")
    if folder:
        clean_key(folder)
    if start:
        clean_key(start)
    if prefix.startswith("/"):
        raise Invalid(f"No key of the store starts with {prefix[:80]!r}.", code="KeyInvalid")
    return prefix


def clean_range(start: int, end: int | None) -> tuple[int, int | None]:
    """A range that lies forwards; `Invalid` for one that starts before the beginning."""
    if start < 0 or (end is not None and end < 0):
        raise Invalid(f"Bytes {start} to {end} are not a range.", code="RangeInvalid")
    return start, end if end is None else max(start, end)


def missing(key: str) -> Unknown:
    """What to raise when nothing lies under `key`."""
    return Unknown(f"Nothing is stored under {key}.", code="ObjectMissing")
