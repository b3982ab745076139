"""A store in a folder of this machine.

An object is written to `staging/`, fsynced, renamed to its key, and its folder fsynced: at every
instant its name shows all of it or nothing. Objects are opened without following a link, so
that one planted in an object's place reads as damage and not as another file.
"""

import errno
import os
import shutil
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from iriai.base import durable
from iriai.base.errors import Unavailable
from iriai.base.stores.protocol import (
    PIECE_BYTES,
    STAGING,
    Entry,
    clean_key,
    clean_prefix,
    clean_range,
    missing,
)

PROBE_KEY = "probe"


class DiskStore:
    """Objects as files under one root."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._staging = self._root / STAGING
        self._settled: set[Path] = set()  # folders whose own names we have made durable
        self._doubtful: set[str] = set()  # keys whose names could not be made durable
        self._lock = threading.Lock()
        self._faults = 0
        with durable.disk_errors(f"The store at {root} could not be opened"):
            durable.make_folders(self._staging)

    @property
    def faults(self) -> int:
        """How many writes could not be made durable since this process started."""
        return self._faults

    def put(self, key: str, source: bytes | Path) -> None:
        """Keep `source` under `key`, durably once this returns. A `Path` is consumed."""
        place = self._place(key)
        try:
            with durable.disk_errors(f"{key} could not be stored"):
                if not self._settled_already(key, place, source):
                    self._put(key, place, source)
        except Unavailable as error:
            self._faults += error.code == "StoreFailed"
            raise
        finally:
            if isinstance(source, Path):
                source.unlink(missing_ok=True)

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """The bytes `[start, end)`, clamped as a slice is."""
        return b"".join(self.stream(key, start, end))

    def stream(
        self, key: str, start: int = 0, end: int | None = None, piece: int = PIECE_BYTES
    ) -> Iterator[bytes]:
        """The same bytes in pieces of at most `piece`."""
        start, end = clean_range(start, end)
        return self._stream(key, start, end, piece)

    def size(self, key: str) -> int:
        """How many bytes lie under `key`."""
        try:
            facts = self._place(key).lstat()
        except (FileNotFoundError, NotADirectoryError):
            raise missing(key) from None
        if not stat.S_ISREG(facts.st_mode):
            raise _damaged(key)
        return facts.st_size

    def exists(self, key: str) -> bool:
        """Whether anything lies under `key`."""
        return os.path.lexists(self._place(key))

    def delete(self, key: str) -> None:
        """Remove what lies under `key`, if anything does."""
        place = self._place(key)
        with durable.disk_errors(f"{key} could not be removed"):
            try:
                place.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            durable.sync_folder(place.parent)

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Every object whose key starts with `prefix`, in no promised order."""
        folder, slash, start = clean_prefix(prefix).rpartition("/")
        yield from self._entries(f"{folder}{slash}", start)

    def local_path(self, key: str) -> Path:
        """The object's own file. Open it without following links."""
        return self._place(key)

    def signed_url(
        self,
        key: str,  # noqa: ARG002 - the protocol's names
        *,
        seconds: int,  # noqa: ARG002
        byte_range: tuple[int, int] | None = None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_type: str | None = None,  # noqa: ARG002
    ) -> None:
        """None: only we can read this disk."""
        return

    def staging(self) -> Path:
        """A folder for unfinished files, on the store's own file system."""
        return self._staging

    def sweep(self, before: datetime) -> int:
        """Remove what uploads interrupted before then left behind; how many there were."""
        swept = 0
        for path in list(self._staging.iterdir()):
            try:
                if path.lstat().st_mtime >= before.timestamp():
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
            except FileNotFoundError:
                continue
            swept += 1
        return swept

    def probe(self) -> None:
        """Write, read and remove a small object."""
        self.put(PROBE_KEY, b"probe")
        self.read(PROBE_KEY)
        self.delete(PROBE_KEY)

    def _place(self, key: str) -> Path:
        return self._root / clean_key(key)

    def _settled_already(self, key: str, place: Path, source: bytes | Path) -> bool:
        """Whether the same object is there, with a durable name."""
        size = len(source) if isinstance(source, bytes) else source.lstat().st_size
        try:
            facts = place.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        if key in self._doubtful or not stat.S_ISREG(facts.st_mode) or facts.st_size != size:
            return False
        self._settle(key, place.parent)
        return True

    def _put(self, key: str, place: Path, source: bytes | Path) -> None:
        durable.require_room(self._staging, len(source) if isinstance(source, bytes) else 0)
        staged = self._staged(source)
        try:
            self._make_folder(place.parent)
            staged.replace(place)
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        self._settle(key, place.parent)
        with self._lock:
            self._doubtful.discard(key)

    def _staged(self, source: bytes | Path) -> Path:
        """A durable, unnamed file with the bytes of `source`, on this file system."""
        if isinstance(source, bytes):
            return durable.write_file(self._staging, source)
        if source.lstat().st_dev != self._staging.stat().st_dev:
            return self._copied(source)
        durable.sync_file(source)
        return source

    def _copied(self, source: Path) -> Path:
        """A durable copy, on this file system, of a file on another."""
        copied = self._staging / f"copy-{os.getpid()}-{threading.get_ident()}-{source.name}"
        try:
            shutil.copyfile(source, copied, follow_symlinks=False)
            durable.sync_file(copied)
        except BaseException:
            copied.unlink(missing_ok=True)
            raise
        return copied

    def _make_folder(self, folder: Path) -> None:
        """Make `folder`, whose whole chain of names is durable afterwards, once a process."""
        if folder in self._settled and folder.is_dir():
            return
        folder.mkdir(parents=True, exist_ok=True)
        for each in (folder, *folder.parents):
            if each == self._root:
                break
            durable.sync_folder(each.parent)
        with self._lock:
            self._settled.add(folder)

    def _settle(self, key: str, folder: Path) -> None:
        """Make the name of `key` durable; where that fails, only writing it anew will do."""
        try:
            self._make_folder(folder)
            durable.sync_folder(folder)
        except OSError:
            with self._lock:
                self._doubtful.add(key)
            raise

    def _stream(self, key: str, start: int, end: int | None, piece: int) -> Iterator[bytes]:
        with _opened(key, self._place(key)) as descriptor:
            while end is None or start < end:
                wanted = piece if end is None else min(piece, end - start)
                found = os.pread(descriptor, wanted, start)
                if not found:
                    return
                start += len(found)
                yield found

    def _entries(self, folder: str, start: str) -> Iterator[Entry]:
        try:
            with os.scandir(self._root / folder) as found:
                inside = sorted(found, key=lambda each: each.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        for each in inside:
            name = each.name
            if not name.startswith(start):
                continue
            if each.is_dir(follow_symlinks=False):
                if folder or name != STAGING:
                    yield from self._entries(f"{folder}{name}/", "")
            elif (facts := _facts(each)) is not None:
                moment = datetime.fromtimestamp(facts.st_mtime, UTC)
                yield Entry(f"{folder}{name}", facts.st_size, moment)


@contextmanager
def _opened(key: str, place: Path) -> Iterator[int]:
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        raise missing(key) from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _damaged(key) from None
        raise Unavailable(f"{key} cannot be read: {error.strerror}.") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _damaged(key)
        yield descriptor
    except OSError as error:
        raise Unavailable(f"{key} cannot be read: {error.strerror}.") from error
    finally:
        os.close(descriptor)


def _damaged(key: str) -> Unavailable:
    return Unavailable(f"What lies under {key} is not an object.", code="ObjectDamaged")


def _facts(entry: "os.DirEntry[str]") -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
