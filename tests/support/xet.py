"""Xet uploads for tests: honest ones made by hf_xet, and parts to make dishonest ones from."""

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import hf_xet
import lz4.frame

from iriai.blobs.xet import hashes
from iriai.blobs.xet.chunks import ChunkTable
from iriai.blobs.xet.shard import (
    HAS_SHA256,
    HAS_TERM_HASHES,
    HEADER,
    MAGIC,
    RECORD,
    SECTION_END,
    VERSION,
)


@dataclass
class Packed:
    """What a client would send: xorbs by name, and shards."""

    xorbs: dict[str, Path] = field(default_factory=dict)
    shards: list[bytes] = field(default_factory=list)
    hashes: dict[Path, str] = field(default_factory=dict)


def pack(folder: Path, files: Sequence[Path]) -> Packed:
    """Files packed by the real client into a folder of its own."""
    session = hf_xet.XetSession()
    with session.new_upload_commit(endpoint=f"local://{folder}") as commit:
        handles = [
            (f, commit.start_upload_file(str(f), sha256=hf_xet.COMPUTE_SHA256)) for f in files
        ]
    found = Packed(hashes={file: handle.result().xet_info.hash for file, handle in handles})
    for path in sorted((folder / "xet/xorbs/xorbs").iterdir()):
        if path.suffix != ".tagset":
            name = path.name.removeprefix("default.")
            found.xorbs[name] = path
    for path in sorted((folder / "xet/xorbs/shards").glob("*.mdb")):
        found.shards.append(path.read_bytes())
    return found


def noise(size: int, *, seed: int) -> bytes:
    """Bytes that no compression makes shorter, the same each time."""
    return random.Random(seed).randbytes(size)


def floats(count: int, *, seed: int) -> bytes:
    """Numbers as weights are."""
    source = random.Random(seed)
    return struct.pack(f"<{count}f", *(source.gauss(0, 1) for _ in range(count)))


def chunk(raw: bytes, scheme: int = 0, *, raw_length: int | None = None, version: int = 0) -> bytes:
    """One chunk of a xorb, its header telling the truth unless told otherwise."""
    payload = raw
    if scheme == 2:
        payload = b"".join(raw[place::4] for place in range(4))
    if scheme:
        payload = lz4.frame.compress(payload, store_size=False)
    length = len(raw) if raw_length is None else raw_length
    head = bytes([version]) + len(payload).to_bytes(3, "little") + bytes([scheme])
    return head + length.to_bytes(3, "little") + payload


def xorb(raws: Sequence[bytes], scheme: int = 0) -> tuple[bytes, ChunkTable]:
    """A xorb of these chunks, and its table."""
    body, ends, raw_ends, raw_end = b"", [], [], 0
    for raw in raws:
        body += chunk(raw, scheme)
        raw_end += len(raw)
        ends.append(len(body))
        raw_ends.append(raw_end)
    return body, ChunkTable(b"".join(hashes.chunk_hash(raw) for raw in raws), ends, raw_ends)


@dataclass
class FileClaim:
    """A file for a shard: terms are (xorb hash, start, end, length)."""

    hash: bytes
    terms: list[tuple[bytes, int, int, int]]
    term_hashes: list[bytes]
    sha256: str | None


def claim(table: ChunkTable, start: int, end: int, sha256: str | None) -> FileClaim:
    """The true claim of a file that is chunks `start` to `end` of one xorb."""
    run = table.hashes_of(start, end)
    lengths = table.lengths(start, end)
    return FileClaim(
        hashes.file_hash(run, lengths),
        [(table.root(), start, end, sum(lengths))],
        [hashes.term_hash(run)],
        sha256,
    )


def shard(files: Sequence[FileClaim], xorbs: Sequence[ChunkTable] = ()) -> bytes:
    """A shard that says this."""
    out = bytearray(HEADER.pack(MAGIC, VERSION, 0))
    for file in files:
        flags = (HAS_TERM_HASHES if file.term_hashes else 0) | (HAS_SHA256 if file.sha256 else 0)
        out += RECORD.pack(file.hash, flags, len(file.terms), 0, 0)
        for digest, start, end, length in file.terms:
            out += RECORD.pack(digest, 0, length, start, end)
        for digest in file.term_hashes:
            out += digest + bytes(16)
        if file.sha256:
            out += hashes.from_hex(file.sha256) + bytes(16)
    out += SECTION_END + bytes(16)
    for table in xorbs:
        out += RECORD.pack(table.root(), 0, len(table), table.raw_bytes, table.body_bytes)
        for place, end in enumerate(table.raw_ends):
            start = table.raw_start(place)
            out += RECORD.pack(table.hash(place), start, end - start, 0, 0)
    return bytes(out + SECTION_END + bytes(16))


def footer() -> bytes:
    """Something like the footer that old clients append."""
    return b"XETBLOB\x01" + struct.pack("<I", 200) + bytes(200)
