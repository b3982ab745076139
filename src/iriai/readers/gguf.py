"""The header of a GGUF file: key-value metadata, then the tensors' names, shapes and types.

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Arrays of a vocabulary's size are
counted, and only their first items kept.
"""

import math
import struct
from typing import Any

from iriai.readers.refusals import Refused

VERSIONS = (2, 3)
ENTRIES_MAX = 4_096
TENSORS_MAX = 100_000
TENSORS_LISTED_MAX = 2_000
ARRAY_LENGTH_MAX = 4_000_000
ARRAY_ITEMS_KEPT = 8
ARRAY_DEPTH_MAX = 4
NAME_BYTES_MAX = 4_096
TEXT_LENGTH_KEPT = 16_384
DIMENSIONS_MAX = 8
PARAMETERS_MAX = 1 << 44  # of one tensor; their sum stays within 64 bits

_STRING, _ARRAY = 8, 9
_FORMS = ("<B", "<b", "<H", "<h", "<I", "<i", "<f", "<?", "", "", "<Q", "<q", "<d")
_FIXED = {kind: form for kind, form in enumerate(_FORMS) if form}
_TYPES = dict(enumerate((
    "F32", "F16", "Q4_0", "Q4_1", "", "", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K",
    "Q5_K", "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S",
    "IQ4_XS", "I8", "I16", "I32", "I64", "F64", "IQ1_M", "BF16", "", "", "", "TQ1_0", "TQ2_0", "",
    "", "", "MXFP4",
)))  # fmt: skip


class _Short(Exception):
    """The bytes at hand end here; `needed` would do for the next step."""

    def __init__(self, needed: int) -> None:
        super().__init__()
        self.needed = needed


class _Cursor:
    """A place in the header's bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, length: int) -> int:
        """Move over `length` bytes, and say where they start."""
        start = self.at
        if start + length > len(self.data):
            raise _Short(start + length)
        self.at = start + length
        return start

    def number(self, form: str) -> Any:
        """One number of struct form `form`."""
        return struct.unpack_from(form, self.data, self.take(struct.calcsize(form)))[0]

    def text(self, *, length_max: int | None = None) -> str:
        """A string with its length before it."""
        length = self.number("<Q")
        if length_max is not None and length > length_max:
            raise Refused("A name in the GGUF header is too long.")
        start = self.take(length)
        return self.data[start : min(self.at, start + TEXT_LENGTH_KEPT)].decode("utf-8", "replace")


def read_gguf(data: bytes, *, size: int) -> dict[str, Any]:
    """Metadata and tensors; `data` starts the file, `size` is the whole file's.

    `{"more": n}` when at least the first n bytes are needed.
    """
    if data[:4] != b"GGUF"[: len(data)] or size < 24:  # noqa: PLR2004  the fixed part
        raise Refused("This is not a GGUF file.")
    try:
        return _read(_Cursor(data))
    except _Short as short:
        if short.needed > size:
            raise Refused("The GGUF header runs past the end of the file.") from None
        return {"more": short.needed}


def _read(cursor: _Cursor) -> dict[str, Any]:
    cursor.take(4)
    version = cursor.number("<I")
    if version not in VERSIONS:
        raise Refused(f"GGUF version {version} cannot be read here.")
    tensor_count, entry_count = cursor.number("<Q"), cursor.number("<Q")
    if tensor_count > TENSORS_MAX or entry_count > ENTRIES_MAX:
        raise Refused("The GGUF header names too many things.")
    metadata: dict[str, Any] = {}
    for _ in range(entry_count):
        key = cursor.text(length_max=NAME_BYTES_MAX)
        metadata[key] = _value(cursor, cursor.number("<I"), 0)
    parameters: dict[str, int] = {}
    tensors: list[dict[str, Any]] = []
    for _ in range(tensor_count):
        tensor, count = _tensor(cursor)
        parameters[tensor["dtype"]] = parameters.get(tensor["dtype"], 0) + count
        if len(tensors) < TENSORS_LISTED_MAX:
            tensors.append(tensor)
    return {
        "version": version,
        "metadata": metadata,
        "tensor_count": tensor_count,
        "tensors": tensors,
        "parameters": parameters,
        "total": sum(parameters.values()),
    }


def _tensor(cursor: _Cursor) -> tuple[dict[str, Any], int]:
    name = cursor.text(length_max=NAME_BYTES_MAX)
    dimensions = cursor.number("<I")
    if dimensions > DIMENSIONS_MAX:
        raise Refused(f"Tensor {name[:80]} has too many dimensions.")
    shape = [cursor.number("<Q") for _ in range(dimensions)]
    count = math.prod(shape)
    if count > PARAMETERS_MAX:
        raise Refused(f"Tensor {name[:80]} has an impossible shape.")
    kind = cursor.number("<I")
    cursor.number("<Q")
    return {"name": name, "dtype": _TYPES.get(kind) or f"type {kind}", "shape": shape}, count


def _value(cursor: _Cursor, kind: int, depth: int) -> Any:
    if kind in _FIXED:
        value = cursor.number(_FIXED[kind])
        return str(value) if isinstance(value, float) and not math.isfinite(value) else value
    if kind == _STRING:
        return cursor.text()
    if kind == _ARRAY and depth < ARRAY_DEPTH_MAX:
        return _array(cursor, depth)
    raise Refused("The GGUF header holds a value of an unknown type.")


def _array(cursor: _Cursor, depth: int) -> dict[str, Any]:
    kind, length = cursor.number("<I"), cursor.number("<Q")
    if length > ARRAY_LENGTH_MAX:
        raise Refused("An array in the GGUF header is too long.")
    kept = [_value(cursor, kind, depth + 1) for _ in range(min(length, ARRAY_ITEMS_KEPT))]
    rest = length - len(kept)
    if kind in _FIXED:
        cursor.take(rest * struct.calcsize(_FIXED[kind]))
    elif kind == _STRING:
        for _ in range(rest):
            cursor.take(cursor.number("<Q"))
    else:
        for _ in range(rest):
            _value(cursor, kind, depth + 1)
    return {"length": length, "first": kept}
