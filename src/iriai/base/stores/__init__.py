"""Stores of bytes: a folder, a bucket, or memory; all of them keep the promises of `protocol`."""

import os
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from iriai.base.errors import Invalid
from iriai.base.stores.local import DiskStore
from iriai.base.stores.memory import MemoryStore
from iriai.base.stores.protocol import PIECE_BYTES, Entry, Store

__all__ = ["PIECE_BYTES", "DiskStore", "Entry", "MemoryStore", "Store", "open_store"]


def open_store(url: str, *, staging: Path | None = None) -> Store:
    """The store at `url`; nothing is asked of a bucket before it is used.

    `file:///folder` (or a plain path), `memory:`, or `s3://[KEY:SECRET@]bucket[/prefix]` with the
    options `?endpoint=…&public_endpoint=…&region=…&timeout=…&direct=…`; keys, endpoint and region
    that are not in the URL come from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    `AWS_ENDPOINT_URL` and `AWS_REGION`. With `direct=off` nobody is sent
    to the bucket. `staging` is where a bucket's unfinished files go.
    """
    scheme = urlsplit(url).scheme
    if scheme == "s3":
        from iriai.base.stores.s3 import S3Store  # noqa: PLC0415 - most hubs have no bucket

        return S3Store(url, staging or _default_staging())
    if scheme == "memory":
        return MemoryStore()
    if scheme == "file":
        return DiskStore(Path(unquote(urlsplit(url).path)))
    if not scheme and url:
        return DiskStore(Path(url))
    raise Invalid(f"A store's URL starts with file://, s3:// or memory:, not {scheme}://.")


def _default_staging() -> Path:
    return Path(tempfile.gettempdir()) / f"iriai-staging-{os.getuid()}"
