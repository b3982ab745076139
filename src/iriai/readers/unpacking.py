"""The first bytes of what a table's writer compressed: Snappy, LZ4 blocks and gzip.

Only as much is unpacked as is asked for, from as much as is there: the first rows of a page of
megabytes need its first kilobytes. Formats: https://github.com/google/snappy/blob/main/format_description.txt
and https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md.
"""

import zlib
from collections.abc import Callable

from iriai.readers.refusals import Refused

VARINT_BYTES_MAX = 5
GZIP = 31  # zlib's word for a gzip wrapper with the widest window


def stored(data: bytes, most: int) -> bytes:
    """What was not compressed."""
    return data[:most]


def gzip(data: bytes, most: int) -> bytes:
    """At most `most` bytes out of the start of a gzip stream."""
    try:
        return zlib.decompressobj(GZIP).decompress(data, most)
    except zlib.error:
        raise Refused("A part of this file is not the gzip it says it is.") from None


def snappy(data: bytes, most: int) -> bytes:
    """At most `most` bytes out of the start of a Snappy block."""
    at = 0
    while at < min(len(data), VARINT_BYTES_MAX) and data[at] & 0x80:
        at += 1
    at += 1  # the length of the whole, which is of no use for a part
    out = bytearray()
    while at < len(data) and len(out) < most:
        tag, kind = data[at], data[at] & 3
        at += 1
        if kind == 0:
            length = (tag >> 2) + 1
            extra = max(0, length - 60)
            if extra:
                length = int.from_bytes(data[at : at + extra], "little") + 1
                at += extra
            out += data[at : at + min(length, most)]
            at += length
            continue
        if kind == 1:
            length, width, high = (tag >> 2 & 7) + 4, 1, tag >> 5 << 8
        else:
            length, width, high = (tag >> 2) + 1, 2 if kind == 2 else 4, 0  # noqa: PLR2004
        if at + width > len(data):
            break
        _copy(out, high | int.from_bytes(data[at : at + width], "little"), length)
        at += width
    return bytes(out[:most])


def lz4(data: bytes, most: int) -> bytes:
    """At most `most` bytes out of the start of an LZ4 block."""
    out = bytearray()
    at = 0
    while at < len(data) and len(out) < most:
        token = data[at]
        length, at = _lz4_length(data, at + 1, token >> 4)
        out += data[at : at + min(length, most)]
        at += length
        if at + 2 > len(data):
            break
        offset = int.from_bytes(data[at : at + 2], "little")
        length, at = _lz4_length(data, at + 2, token & 15)
        _copy(out, offset, min(length + 4, most))
    return bytes(out[:most])


def _lz4_length(data: bytes, at: int, length: int) -> tuple[int, int]:
    if length < 15:  # noqa: PLR2004  no byte follows
        return length, at
    while at < len(data):
        length += data[at]
        at += 1
        if data[at - 1] < 255:  # noqa: PLR2004  the last of them
            break
    return length, at


def _copy(out: bytearray, offset: int, length: int) -> None:
    """Repeat what stands `offset` bytes back; it may overlap what it makes."""
    if not 0 < offset <= len(out):
        raise Refused("A part of this file cannot be unpacked.")
    piece = out[len(out) - offset :]
    if offset < length:
        piece = piece * (length // offset + 1)
    out += piece[:length]


CODECS: dict[int, Callable[[bytes, int], bytes]] = {0: stored, 1: snappy, 2: gzip, 7: lz4}
"""By the number that Parquet gives each."""
NAMES = {3: "LZO", 4: "Brotli", 5: "LZ4 in Hadoop's frame", 6: "Zstandard"}
