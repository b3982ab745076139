"""The header of a safetensors file: 8 bytes of length, then JSON.

Layout: https://huggingface.co/docs/safetensors/index#format. The tensors' bytes are never read.
"""

import json
import re
import struct
from typing import Any

from iriai.readers.refusals import Refused

HEADER_BYTES_MAX = 25_000_000
TENSORS_MAX = 250_000
TENSORS_LISTED_MAX = 2_000
METADATA_ENTRIES_MAX = 256
METADATA_LENGTH_MAX = 4_096
RANK_MAX = 16
NAME_LENGTH_MAX = 512
PARAMETERS_MAX = 1 << 44  # of one tensor; their sum stays within 64 bits

OFFSET_MAX = 1 << 62
DIGITS = re.compile(r"([0-9]+)")


def read_safetensors(data: bytes, *, size: int) -> dict[str, Any]:
    """Parameters by type, tensors and metadata; `data` starts the file, `size` is the whole file's.

    `{"more": n}` when the first n bytes are needed.
    """
    if size < 8 or len(data) < 8:  # noqa: PLR2004  the length field
        raise Refused("This is too short to be a safetensors file.")
    (length,) = struct.unpack("<Q", data[:8])
    if length > HEADER_BYTES_MAX or length + 8 > size:
        raise Refused("The length of the safetensors header is wrong.")
    if len(data) < length + 8:
        return {"more": length + 8}
    header = _header(data[8 : 8 + length])
    metadata = _metadata(header.pop("__metadata__", None))
    if len(header) > TENSORS_MAX:
        raise Refused(f"A header may name at most {TENSORS_MAX:,} tensors.")
    room = size - 8 - length
    parameters: dict[str, int] = {}
    tensors: list[dict[str, Any]] = []
    for name, tensor in header.items():
        dtype, shape, span = _tensor(name, tensor, room)
        count = 1
        for extent in shape:
            count *= extent
        if count > PARAMETERS_MAX:
            raise Refused(f"Tensor {name[:80]} has an impossible shape.")
        parameters[dtype] = parameters.get(dtype, 0) + count
        if len(tensors) < TENSORS_LISTED_MAX:
            tensors.append(
                {"name": name[:NAME_LENGTH_MAX], "dtype": dtype, "shape": shape, "bytes": span}
            )
    return {
        "parameters": parameters,
        "total": sum(parameters.values()),
        "tensor_count": len(header),
        "tensors": sorted(tensors, key=lambda each: _as_counted(each["name"])),
        "metadata": metadata,
    }


def _as_counted(name: str) -> list[tuple[bool, int, str]]:
    """A key by which `layers.2` comes before `layers.10`, as a model counts its layers."""
    pieces = (each for each in DIGITS.split(name) if each)
    return [(False, int(each), "") if each.isdecimal() else (True, 0, each) for each in pieces]


def read_safetensors_header(data: bytes, *, size: int) -> dict[str, Any]:
    """The header as it stands, `{"header": …}`, once it has been found sound; or `{"more": n}`."""
    told = read_safetensors(data, size=size)
    if "more" in told:
        return told
    (length,) = struct.unpack("<Q", data[:8])
    header = _header(data[8 : 8 + length])
    if "__metadata__" in header:
        header["__metadata__"] = told["metadata"]
    return {"header": header}


def read_safetensors_index(data: bytes) -> dict[str, Any]:
    """What the index of a model in shards says: its metadata, and the files it names."""
    index = _header(data)
    weights = index.get("weight_map")
    if not isinstance(weights, dict) or len(weights) > TENSORS_MAX:
        raise Refused("This index has no weight_map.")
    shards = sorted({shard for shard in weights.values() if isinstance(shard, str)})
    metadata = index.get("metadata")
    return {"metadata": metadata if isinstance(metadata, dict) else {}, "shards": shards}


def _header(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("The safetensors header is not JSON.") from None
    if not isinstance(header, dict):
        raise Refused("The safetensors header is not a JSON object.")
    return header


def _metadata(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    pairs = list(value.items())[:METADATA_ENTRIES_MAX]
    return {str(k)[:NAME_LENGTH_MAX]: str(v)[:METADATA_LENGTH_MAX] for k, v in pairs}


def _tensor(name: str, tensor: object, room: int) -> tuple[str, list[int], int]:
    if not isinstance(tensor, dict):
        raise Refused(f"Tensor {name[:80]} is not described.")
    dtype: Any = tensor.get("dtype")
    shape: Any = tensor.get("shape")
    offsets: Any = tensor.get("data_offsets")
    if not isinstance(dtype, str) or not 1 <= len(dtype) <= 16:  # noqa: PLR2004  "F8_E4M3" and kin
        raise Refused(f"Tensor {name[:80]} has no type.")
    if not _whole_numbers(shape) or len(shape) > RANK_MAX:
        raise Refused(f"Tensor {name[:80]} has no shape.")
    if not _whole_numbers(offsets) or len(offsets) != 2:  # noqa: PLR2004  begin and end
        raise Refused(f"Tensor {name[:80]} has no offsets.")
    begin, end = offsets
    if not begin <= end <= room:
        raise Refused(f"Tensor {name[:80]} lies outside the file.")
    return dtype, shape, end - begin


def _whole_numbers(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    return all(type(item) is int and 0 <= item <= OFFSET_MAX for item in value)
