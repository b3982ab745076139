"""Cards and headers, read by the sandbox and judged by the rules. Nothing here trusts a byte.

Every function blocks for a moment on the confined process: call them outside a transaction.
"""

from collections.abc import Callable
from typing import Any

from iriai.base import sandbox
from iriai.base.errors import HubError, Invalid, Unavailable
from iriai.cards import rules
from iriai.cards.rules import Validation

FRONT_MATTER_BYTES_MAX = 64 * 1024
JSON_BYTES_MAX = 4 * 1024 * 1024
HEADER_BYTES_FIRST = 256 * 1024
HEADER_BYTES_MAX = 48 * 1024 * 1024
HEADER_READS_MAX = 12
FOOTER_BYTES_MAX = 32 * 1024 * 1024
PARQUET_TAIL_BYTES = 8

ReadRange = Callable[[int, int], bytes]
"""Bytes [start, end) of a file."""


def front_matter(text: str) -> dict[str, Any]:
    """The metadata of a README; `Invalid` says what is wrong with it. None is an empty card."""
    block, _ = rules.split(text)
    if block is None:
        return {}
    data = block.encode("utf-8", "replace")
    if len(data) > FRONT_MATTER_BYTES_MAX:
        raise Invalid(f"Metadata may take at most {FRONT_MATTER_BYTES_MAX // 1024} KiB.")
    card = sandbox.call("front_matter", data)
    if not isinstance(card, dict):
        raise Invalid("Metadata must be a mapping: lines of the form `key: value`.")
    return card


def lenient_front_matter(text: str) -> dict[str, Any]:
    """The metadata of a README that is already kept: what cannot be read is an empty card."""
    try:
        return front_matter(text)
    except Unavailable:
        raise
    except HubError:
        return {}


def validation(text: str, repo_type: str) -> Validation:
    """What `/api/validate-yaml` answers about a README of a model, dataset or space."""
    try:
        card = front_matter(text)
    except Unavailable:
        raise
    except HubError as error:
        return Validation(errors=(error.message,))
    return rules.judged(card, repo_type)


def licences(text: str) -> tuple[str, ...]:
    """Every licence a README declares."""
    return rules.licences_of(lenient_front_matter(text))


def json_keys(data: bytes, keys: list[str]) -> dict[str, Any]:
    """Some keys of a JSON file such as `config.json`; what cannot be read is empty."""
    if len(data) > JSON_BYTES_MAX:
        return {}
    try:
        found = sandbox.call("json", data, keys=keys)
    except Unavailable:
        raise
    except HubError:
        return {}
    return found if isinstance(found, dict) else {}


def safetensors_header(read: ReadRange, size: int) -> dict[str, Any]:
    """Parameters by type, tensors and metadata of a safetensors file."""
    return _header("safetensors", read, size)


def whole_safetensors_header(read: ReadRange, size: int) -> dict[str, Any]:
    """The header of a safetensors file as it stands: each tensor's type, shape and place."""
    header = _header("safetensors_header", read, size)["header"]
    return header if isinstance(header, dict) else {}


def safetensors_index(data: bytes) -> tuple[dict[str, Any], list[str]]:
    """What an index of shards says of itself, and which files it names."""
    found = sandbox.call("safetensors_index", data)
    return dict(found["metadata"]), [str(each) for each in found["shards"]]


def gguf_header(read: ReadRange, size: int) -> dict[str, Any]:
    """Metadata and tensors of a GGUF file."""
    return _header("gguf", read, size)


def parquet_footer(read: ReadRange, size: int) -> dict[str, Any]:
    """Columns, rows and metadata of a Parquet file."""
    found = sandbox.call("parquet", parquet_tail(read, size))
    return found if isinstance(found, dict) else {}


def parquet_tail(read: ReadRange, size: int) -> bytes:
    """The bytes of a Parquet file's footer; `Invalid` where there is none."""
    tail = read(max(size - PARQUET_TAIL_BYTES, 0), size)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != b"PAR1" or length + PARQUET_TAIL_BYTES > size:
        raise Invalid("This is not a Parquet file.")
    if length > FOOTER_BYTES_MAX:
        raise Invalid("The footer of this file is too large to be shown.")
    end = size - PARQUET_TAIL_BYTES
    return read(end - length, end)


def image_size(data: bytes) -> tuple[int, int]:
    """Width and height of an image, from its first bytes; `Invalid` when absurd or none."""
    found = sandbox.call("image", data[:HEADER_BYTES_FIRST])
    return int(found["width"]), int(found["height"])


def _header(reader: str, read: ReadRange, size: int) -> dict[str, Any]:
    """Read the start of a file, and more of it as often as the reader asks."""
    end = min(size, HEADER_BYTES_FIRST)
    for _ in range(HEADER_READS_MAX):
        header = sandbox.call(reader, read(0, end), size=size)
        if not isinstance(header, dict):
            break
        if "more" not in header:
            return header
        if end >= size or int(header["more"]) > HEADER_BYTES_MAX:
            break
        end = min(size, max(int(header["more"]), end * 2), HEADER_BYTES_MAX)
    raise Invalid("The header of this file is too large to be shown.")
