"""Making bytes on a disk outlive a power cut.

A file is durable when its bytes, its name in its folder, and that folder's own name in its parents
have all been fsynced. A failed fsync is never tried again as if nothing had happened: the kernel
may have dropped the dirty pages with the error, and the second call would succeed for bytes that
are gone.
"""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iriai.base.errors import Unavailable

FREE_BYTES_MIN = 16 << 20
"""New bytes are refused below this, so that the database beside them can still write."""

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turn what the operating system says about a failed write into `Unavailable`."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise full() from error
        detail = error.strerror or type(error).__name__
        raise Unavailable(f"{what}: {detail}. Nothing was kept.", code="StoreFailed") from error


def full() -> Unavailable:
    """What to raise when there is no room."""
    return Unavailable(
        "The server's storage is full. Try again once its operator has made room.",
        code="StoreFull",
    )


def require_room(folder: Path | str, more: int = 0) -> None:
    """Refuse new bytes when, after `more` of them, little room would be left beside `folder`."""
    facts = os.statvfs(folder)
    if facts.f_bavail * facts.f_frsize - more < FREE_BYTES_MIN:
        raise full()


def sync_folder(folder: Path | str) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(folder: Path) -> None:
    """Make `folder` and its missing parents, each durably named in its own parent."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        sync_folder(each.parent)


def write_file(folder: Path, data: bytes) -> Path:
    """A new file in `folder` with `data`, on the platter but not yet under its own name."""
    descriptor, name = tempfile.mkstemp(dir=folder)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def sync_file(path: Path) -> int:
    """Make the bytes of the regular file at `path` durable; how many there are."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, f"{path} is not a regular file")
        os.fsync(descriptor)
        return facts.st_size
    finally:
        os.close(descriptor)
