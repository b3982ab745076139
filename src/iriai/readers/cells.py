"""A value of a table as a short text: what fits into a cell."""

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

CELL_LENGTH_MAX = 300
ITEMS_MAX = 24
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JULIAN_EPOCH_DAY = 2_440_588
SECONDS_LENGTH = len("1970-01-01 00:00:00")
TICKS = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
PICTURES = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF"}
TEXTS = ("string", "enum", "json")

Text = str | None


def cell(value: Any, about: dict[str, Any]) -> Text:
    """A value of a Parquet column in words; None is one that is missing."""
    if isinstance(value, list):
        said = ", ".join(cell(each, about) or "null" for each in value[:ITEMS_MAX])
        return cut(f"[{said}{', …' if len(value) > ITEMS_MAX else ''}]")
    if value is None:
        return None
    try:
        return cut(_said(value, about))
    except (OverflowError, ValueError, ArithmeticError):
        return "?"


def cut(text: str) -> str:
    """A text as long as a cell."""
    return text if len(text) <= CELL_LENGTH_MAX else text[:CELL_LENGTH_MAX] + "…"


def _said(value: Any, about: dict[str, Any]) -> str:
    meaning, unit = about["meaning"], about["unit"]
    if isinstance(value, tuple):
        data, size = value
        return _bytes(data, size, about)
    if isinstance(value, bool):
        return "true" if value else "false"
    if meaning == "date":
        return str(date(1970, 1, 1) + timedelta(days=value))
    if meaning == "timestamp" and unit in TICKS:
        return _moment(value, TICKS[unit])
    if meaning == "time" and unit in TICKS:
        return _moment(value, TICKS[unit]).partition(" ")[2]
    if meaning == "decimal":
        return str(Decimal(value).scaleb(-about["scale"]))
    if meaning == "unsigned" and value < 0:
        return str(value + (1 << (32 if about["physical"] == "INT32" else 64)))
    if about["physical"] == "FLOAT":
        return f"{value:.7g}"
    return str(value)


def _moment(value: int, ticks: int) -> str:
    seconds, rest = divmod(value, ticks)
    said = (EPOCH + timedelta(seconds=seconds)).isoformat(" ")[:SECONDS_LENGTH]
    digits = f"{rest:0{len(str(ticks)) - 1}d}".rstrip("0") if rest else ""
    return f"{said}.{digits}" if digits else said


def _bytes(data: bytes, size: int, about: dict[str, Any]) -> str:
    """Bytes, of which `size` there are in the file."""
    if about["meaning"] in TEXTS:
        return data[: 4 * CELL_LENGTH_MAX].decode("utf-8", "replace")
    if about["meaning"] == "decimal":
        number = int.from_bytes(data, "big", signed=True)
        return str(Decimal(number).scaleb(-about["scale"]))
    if about["meaning"] == "uuid" and len(data) == 16:  # noqa: PLR2004  of which a UUID has
        return str(uuid.UUID(bytes=data))
    if about["physical"] == "INT96":
        nanoseconds = int.from_bytes(data[:8], "little")
        day = int.from_bytes(data[8:12], "little") - JULIAN_EPOCH_DAY
        return _moment(day * 86_400 * TICKS["ns"] + nanoseconds, TICKS["ns"])
    for magic, name in PICTURES.items():
        if data.startswith(magic):
            return f"{name} picture, {size:,} bytes"
    return f"{size:,} bytes"
