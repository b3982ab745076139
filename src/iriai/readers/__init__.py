"""Readers of uploaded bytes. They run in a confined process (`base/sandbox.py`), never in the hub.

Each reader is a function of bytes and options that gives plain JSON, or raises `Refused` with a
sentence for a person. Readers import the standard library and PyYAML, and nothing of the hub: what
they read is hostile, and whoever gets code to run here must find nothing worth having.
"""

from collections.abc import Callable
from typing import Any

from iriai.readers.front_matter import read_front_matter, read_yaml
from iriai.readers.gguf import read_gguf
from iriai.readers.images import read_image
from iriai.readers.json_files import read_json
from iriai.readers.parquet import read_parquet
from iriai.readers.parquet_columns import read_parquet_columns
from iriai.readers.parquet_rows import read_parquet_rows
from iriai.readers.tables import read_csv, read_jsonl
from iriai.readers.tensors import (
    read_safetensors,
    read_safetensors_header,
    read_safetensors_index,
)

READERS: dict[str, Callable[..., Any]] = {
    "csv": read_csv,
    "front_matter": read_front_matter,
    "gguf": read_gguf,
    "image": read_image,
    "json": read_json,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "parquet_columns": read_parquet_columns,
    "parquet_rows": read_parquet_rows,
    "safetensors": read_safetensors,
    "safetensors_header": read_safetensors_header,
    "safetensors_index": read_safetensors_index,
    "yaml": read_yaml,
}
