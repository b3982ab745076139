"""A store in memory, for tests: the same promises, except that it ends with the process."""

import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from iriai.base import clock
from iriai.base.stores.protocol import (
    PIECE_BYTES,
    Entry,
    clean_key,
    clean_prefix,
    clean_range,
    missing,
)


class MemoryStore:
    """Objects in a dictionary."""

    faults = 0

    def __init__(self) -> None:
        self._objects: dict[str, tuple[bytes, datetime]] = {}
        self._lock = threading.Lock()
        self._folder: Path | None = None

    def put(self, key: str, source: bytes | Path) -> None:
        """Keep `source` under `key`. A `Path` is consumed."""
        clean_key(key)
        if isinstance(source, bytes):
            data = source
        else:
            data = source.read_bytes()
            source.unlink()
        with self._lock:
            found = self._objects.get(key)
            if found is None or len(found[0]) != len(data):
                self._objects[key] = data, clock.now()

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """The bytes `[start, end)`, clamped as a slice is."""
        start, end = clean_range(start, end)
        return self._object(key)[start:end]

    def stream(
        self, key: str, start: int = 0, end: int | None = None, piece: int = PIECE_BYTES
    ) -> Iterator[bytes]:
        """The same bytes in pieces of at most `piece`."""
        start, end = clean_range(start, end)
        return self._stream(key, start, end, piece)

    def size(self, key: str) -> int:
        """How many bytes lie under `key`."""
        return len(self._object(key))

    def exists(self, key: str) -> bool:
        """Whether anything lies under `key`."""
        return clean_key(key) in self._objects

    def delete(self, key: str) -> None:
        """Remove what lies under `key`, if anything does."""
        self._objects.pop(clean_key(key), None)

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Every object whose key starts with `prefix`, in no promised order."""
        clean_prefix(prefix)
        with self._lock:
            found = sorted((key, it) for key, it in self._objects.items() if key.startswith(prefix))
        for key, (data, moment) in found:
            yield Entry(key, len(data), moment)

    def local_path(self, key: str) -> None:
        """None: there are no files."""
        clean_key(key)

    def signed_url(
        self,
        key: str,  # noqa: ARG002 - the protocol's names
        *,
        seconds: int,  # noqa: ARG002
        byte_range: tuple[int, int] | None = None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_type: str | None = None,  # noqa: ARG002
    ) -> None:
        """None: only this process can read its memory."""
        return

    def staging(self) -> Path:
        """A folder for unfinished files, removed with the store."""
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="iriai-memory-"))
                weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            return self._folder

    def sweep(self, before: datetime) -> int:
        """Remove unfinished files older than `before`; how many there were."""
        old = [
            path for path in self.staging().iterdir() if path.stat().st_mtime < before.timestamp()
        ]
        for path in old:
            path.unlink()
        return len(old)

    def probe(self) -> None:
        """Memory always answers."""

    def _object(self, key: str) -> bytes:
        found = self._objects.get(clean_key(key))
        if found is None:
            raise missing(key)
        return found[0]

    def _stream(self, key: str, start: int, end: int | None, piece: int) -> Iterator[bytes]:
        data = self._object(key)[start:end]
        for position in range(0, len(data), piece):
            yield data[position : position + piece]
