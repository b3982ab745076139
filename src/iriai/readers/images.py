"""The size of an image, read from its first bytes. No pixel is ever decoded."""

import struct
from typing import Any

from iriai.readers.refusals import Refused

PIXELS_MAX = 40_000_000
SIDE_MAX = 16_384


def read_image(data: bytes) -> dict[str, Any]:
    """`{"format", "width", "height"}` of a PNG, JPEG, GIF or WebP that is not absurdly large."""
    for form, reader in (("png", _png), ("gif", _gif), ("webp", _webp), ("jpeg", _jpeg)):
        found = reader(data)
        if found is not None:
            width, height = found
            if not (0 < width <= SIDE_MAX and 0 < height <= SIDE_MAX):
                raise Refused(f"An image may be at most {SIDE_MAX:,} pixels on a side.")
            if width * height > PIXELS_MAX:
                raise Refused(f"An image may have at most {PIXELS_MAX:,} pixels.")
            return {"format": form, "width": width, "height": height}
    raise Refused("This is not a PNG, JPEG, GIF or WebP image.")


def _png(data: bytes) -> tuple[int, int] | None:
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR" or len(data) < 24:  # noqa: PLR2004
        return None
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _gif(data: bytes) -> tuple[int, int] | None:
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 10:  # noqa: PLR2004
        return None
    width, height = struct.unpack("<HH", data[6:10])
    return width, height


def _webp(data: bytes) -> tuple[int, int] | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:  # noqa: PLR2004
        return None
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", data[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        return width, int.from_bytes(data[27:30], "little") + 1
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    if data[:3] != b"\xff\xd8\xff":
        return None
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:  # noqa: PLR2004  every segment starts so
            break
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004  padding
            at += 1
        elif marker in range(0xC0, 0xD0) and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        elif marker == 0x01 or marker in range(0xD0, 0xD8):
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    raise Refused("The size of this JPEG is not in its first part.")
