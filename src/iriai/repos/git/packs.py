"""Writing packs: objects in, one `.pack` and its version 2 `.idx` out.

Everything stays in memory up to `MEMORY_BYTES_MAX`, beyond that it goes to a file. Objects are
whole, never deltas (a small commit gains nothing from them; compaction makes them later), and
compressed at level 1. `mark` and `rewind` let a commit be built again on another parent without its
blobs being compressed again. The layout is git's own (`gitformat-pack`).
"""

import hashlib
import secrets
import struct
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from iriai.repos.git.formats import object_id

MEMORY_BYTES_MAX = 8 << 20
PIECE_BYTES = 1 << 20
COMPRESSION = 1
KINDS = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
HEADER_BYTES = 12
OFFSET_WIDE = 1 << 31


@dataclass(frozen=True, slots=True)
class Packed:
    """A finished pack, not yet in the store. A pack in a file is consumed when it is stored."""

    name: str
    pack: bytes | Path
    idx: bytes
    size: int
    objects: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a pack that is being written."""

    objects: int
    size: int


@dataclass(frozen=True, slots=True)
class _Written:
    oid: bytes
    crc: int
    offset: int


class PackWriter:
    """A pack that is being written; leaving the `with` block drops what was not finished."""

    def __init__(self, staging: Path) -> None:
        self._staging = staging
        self._pieces: list[bytes] = []
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._size = HEADER_BYTES
        self._written: list[_Written] = []
        self._present: set[bytes] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def __len__(self) -> int:
        return len(self._written)

    def __contains__(self, oid: bytes) -> bool:
        return oid in self._present

    def add(self, kind: str, body: bytes, oid: bytes | None = None) -> bytes:
        """Put an object in, unless it is there. Returns its id."""
        oid = oid or object_id(kind, body)
        if oid not in self._present:
            record = _header(kind, len(body)) + zlib.compress(body, COMPRESSION)
            self._note(oid, zlib.crc32(record))
            self._put(record)
        return oid

    def add_file(self, path: Path) -> bytes:
        """Put a file's content in as a blob, piece by piece."""
        size = path.stat().st_size
        digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        packer = zlib.compressobj(COMPRESSION)
        mark, crc = self.mark(), 0
        with path.open("rb") as source:
            pending = _header("blob", size)
            while piece := source.read(PIECE_BYTES):
                digest.update(piece)
                pending += packer.compress(piece)
                crc = zlib.crc32(pending, crc)
                self._put(pending)
                pending = b""
        pending += packer.flush()
        crc = zlib.crc32(pending, crc)
        self._put(pending)
        oid = digest.digest()
        if oid in self._present:
            self.rewind(mark)
        else:
            self._note(oid, crc, mark.size)
        return oid

    def mark(self) -> Mark:
        """Where the pack stands."""
        return Mark(len(self._written), self._size)

    def rewind(self, mark: Mark) -> None:
        """Forget all that was put in after `mark`."""
        for each in self._written[mark.objects :]:
            self._present.discard(each.oid)
        del self._written[mark.objects :]
        if self._file is not None:
            self._file.truncate(mark.size)
            self._file.seek(mark.size)
        else:
            while self._size > mark.size:
                self._size -= len(self._pieces.pop())
        self._size = mark.size

    def finish(self) -> Packed:
        """The pack as it stands. More can be put in afterwards, and it be finished again."""
        head = b"PACK" + struct.pack(">II", 2, len(self._written))
        digest = hashlib.sha1(head, usedforsecurity=False)
        pack: bytes | Path
        if self._file is None:
            for piece in self._pieces:
                digest.update(piece)
            pack = b"".join([head, *self._pieces, digest.digest()])
        else:
            pack = self._copy(head)
            with pack.open("r+b") as made:
                digest = hashlib.sha1(usedforsecurity=False)
                while piece := made.read(PIECE_BYTES):
                    digest.update(piece)
                made.write(digest.digest())
        idx = index_bytes(
            [(each.oid, each.crc, each.offset) for each in self._written], digest.digest()
        )
        name = secrets.token_hex(20)
        return Packed(name, pack, idx, self._size + 20, len(self._written))

    def _copy(self, head: bytes) -> Path:
        """The spooled records under a name of their own, with the right count in front."""
        assert self._file is not None  # noqa: S101 - the caller looked
        self._file.flush()
        self._file.seek(HEADER_BYTES)
        with tempfile.NamedTemporaryFile(dir=self._staging, prefix="pack-", delete=False) as made:
            made.write(head)
            while piece := self._file.read(PIECE_BYTES):
                made.write(piece)
        self._file.seek(self._size)
        return Path(made.name)

    def _note(self, oid: bytes, crc: int, offset: int | None = None) -> None:
        self._written.append(_Written(oid, crc, self._size if offset is None else offset))
        self._present.add(oid)

    def _put(self, record: bytes) -> None:
        if self._file is None and self._size + len(record) > MEMORY_BYTES_MAX:
            self._spool()
        self._size += len(record)
        if self._file is None:
            self._pieces.append(record)
        else:
            self._file.write(record)

    def _spool(self) -> None:
        with tempfile.NamedTemporaryFile(dir=self._staging, prefix="spool-", delete=False) as made:
            self._path = Path(made.name)
        self._file = self._path.open("r+b", buffering=PIECE_BYTES)
        self._file.write(b"\0" * HEADER_BYTES)
        self._file.writelines(self._pieces)
        self._pieces = []


def index_bytes(objects: list[tuple[bytes, int, int]], pack_digest: bytes) -> bytes:
    """The version 2 index of a pack: (object id, CRC-32, offset) each, and the pack's SHA-1."""
    objects = sorted(objects)
    counts = [0] * 256
    for oid, _, _ in objects:
        counts[oid[0]] += 1
    total, fanout = 0, []
    for count in counts:
        total += count
        fanout.append(total)
    wide = [offset for _, _, offset in objects if offset >= OFFSET_WIDE]
    places = {offset: OFFSET_WIDE | place for place, offset in enumerate(wide)}
    body = b"".join(
        (
            b"\xfftOc\0\0\0\x02",
            struct.pack(">256I", *fanout),
            b"".join(oid for oid, _, _ in objects),
            struct.pack(f">{len(objects)}I", *(crc for _, crc, _ in objects)),
            struct.pack(
                f">{len(objects)}I", *(places.get(offset, offset) for _, _, offset in objects)
            ),
            struct.pack(f">{len(wide)}Q", *wide),
            pack_digest,
        )
    )
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def object_ids(idx: bytes) -> list[bytes]:
    """The ids of all objects that a version 2 index tells of."""
    count = int.from_bytes(idx[8 + 255 * 4 : 8 + 256 * 4], "big")
    start = 8 + 256 * 4
    return [idx[start + 20 * at : start + 20 * at + 20] for at in range(count)]


def _header(kind: str, size: int) -> bytes:
    """The kind and inflated size in front of a packed object."""
    out = bytearray()
    byte = (KINDS[kind] << 4) | (size & 0x0F)
    size >>= 4
    while size:
        out.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    out.append(byte)
    return bytes(out)
