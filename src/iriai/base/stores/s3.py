"""A store in a bucket of any S3-compatible server.

A `put` sends the SHA-256 of what it sends, which the server checks, and asks for the size
afterwards: only then is it acknowledged. Files go up in parts, a few at a time in the whole
process, so that memory stays bounded. Reads that break off go on where they stopped.
"""

import base64
import hashlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from iriai.base import durable
from iriai.base.errors import HubError, Unavailable, Unknown
from iriai.base.headers import disposition
from iriai.base.stores.protocol import (
    PIECE_BYTES,
    Entry,
    clean_key,
    clean_prefix,
    clean_range,
    missing,
)
from iriai.base.stores.s3_client import Connection, parse_address, status_of

PART_BYTES_MIN = 8 << 20
PARTS_MAX = 10_000
PARTS_AT_ONCE = 4
WHOLE_BYTES_MAX = 2 * PART_BYTES_MIN
RESUMES_MAX = 3
PROBE_KEY = "probe"
RANGE_NOT_SATISFIABLE = 416


class BrokenOffError(Unavailable):
    """An answer that began and did not end."""


class S3Store:
    """Objects in a bucket, below a prefix."""

    def __init__(self, url: str, staging: Path) -> None:
        self._connection = Connection(parse_address(url))
        self._bucket = self._connection.address.bucket
        self._prefix = self._connection.address.prefix
        self._staging = staging
        self._parts = ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="s3-part")
        self._lock = threading.Lock()
        self._faults = 0
        durable.make_folders(staging)

    @property
    def faults(self) -> int:
        """How many writes could not be made durable since this process started."""
        return self._faults

    def put(self, key: str, source: bytes | Path) -> None:
        """Keep `source` under `key`, durably once this returns. A `Path` is consumed."""
        clean_key(key)
        try:
            size = len(source) if isinstance(source, bytes) else source.stat().st_size
            if self._size(key) == size:
                return
            if isinstance(source, bytes):
                self._put_whole(key, source)
            elif size <= WHOLE_BYTES_MAX:
                self._put_whole(key, source.read_bytes())
            else:
                self._put_parts(key, source, size)
            if self._size(key) != size:
                raise Unavailable(f"{key} did not arrive whole. Try again.", code="StoreFailed")
        except Unavailable:
            with self._lock:
                self._faults += 1
            raise
        finally:
            if isinstance(source, Path):
                source.unlink(missing_ok=True)

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """The bytes `[start, end)`, clamped as a slice is."""
        return b"".join(self.stream(key, start, end))

    def stream(
        self, key: str, start: int = 0, end: int | None = None, piece: int = PIECE_BYTES
    ) -> Iterator[bytes]:
        """The same bytes in pieces of at most `piece`."""
        start, end = clean_range(start, end)
        clean_key(key)
        return self._stream(key, start, end, piece)

    def size(self, key: str) -> int:
        """How many bytes lie under `key`."""
        size = self._size(clean_key(key))
        if size is None:
            raise missing(key)
        return size

    def exists(self, key: str) -> bool:
        """Whether anything lies under `key`."""
        return self._size(clean_key(key)) is not None

    def delete(self, key: str) -> None:
        """Remove what lies under `key`, if anything does."""
        clean_key(key)
        try:
            with self._connection.calls(key) as client:
                client.delete_object(**self._at(key))
        except Unknown:
            return

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Every object whose key starts with `prefix`, in no promised order."""
        asked = {"Bucket": self._bucket, "Prefix": self._prefix + clean_prefix(prefix)}
        token: dict[str, str] = {}
        while True:
            with self._connection.calls(prefix) as client:
                page = client.list_objects_v2(**asked, **token)
            for each in page.get("Contents", ()):
                key = each["Key"].removeprefix(self._prefix)
                yield Entry(key, each["Size"], each["LastModified"])
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def local_path(self, key: str) -> None:
        """None: the bytes lie elsewhere."""
        clean_key(key)

    def signed_url(
        self,
        key: str,
        *,
        seconds: int,
        byte_range: tuple[int, int] | None = None,
        filename: str | None = None,
        content_type: str | None = None,
    ) -> str | None:
        """A URL that reads the object from the bucket itself; it signs the range too."""
        asked = self._at(clean_key(key))
        if not self._connection.address.direct:
            return None
        if byte_range is not None:
            asked["Range"] = f"bytes={byte_range[0]}-{byte_range[1]}"
        if filename is not None:
            asked["ResponseContentDisposition"] = disposition(filename)
        if content_type is not None:
            asked["ResponseContentType"] = content_type
        signer = self._connection.signer()
        return str(signer.generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds))

    def staging(self) -> Path:
        """A folder of this machine for unfinished files."""
        return self._staging

    def sweep(self, before: datetime) -> int:
        """Remove unfinished files and uploads in parts older than `before`; how many there were."""
        old = [each for each in self._staging.iterdir() if _is_older(each, before)]
        for path in old:
            path.unlink(missing_ok=True)
        with self._connection.calls("uploads") as client:
            pages = client.get_paginator("list_multipart_uploads")
            uploads = [
                upload
                for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix)
                for upload in page.get("Uploads", ())
                if upload["Initiated"] < before
            ]
        for upload in uploads:
            self._abort(upload["Key"], upload["UploadId"])
        return len(old) + len(uploads)

    def probe(self) -> None:
        """Write, read and remove a small object."""
        self.put(PROBE_KEY, b"probe")
        self.read(PROBE_KEY)
        self.delete(PROBE_KEY)

    def _at(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": self._prefix + key}

    def _size(self, key: str) -> int | None:
        try:
            with self._connection.calls(key) as client:
                return int(client.head_object(**self._at(key))["ContentLength"])
        except Unknown:
            return None

    def _put_whole(self, key: str, data: bytes) -> None:
        with self._connection.calls(key) as client:
            client.put_object(**self._at(key), Body=data, ChecksumSHA256=_digest(data))

    def _put_parts(self, key: str, source: Path, size: int) -> None:
        length = max(PART_BYTES_MIN, -(-size // PARTS_MAX))
        with self._connection.calls(key) as client:
            upload = client.create_multipart_upload(**self._at(key), ChecksumAlgorithm="SHA256")
        send = partial(self._put_part, key, source, upload["UploadId"], length)
        futures: list[Future[dict[str, Any]]] = []
        try:
            futures = [self._parts.submit(send, number) for number in range(-(-size // length))]
            parts = {"Parts": [future.result() for future in futures]}
            with self._connection.calls(key) as client:
                client.complete_multipart_upload(
                    **self._at(key), UploadId=upload["UploadId"], MultipartUpload=parts
                )
        except BaseException:
            for future in futures:
                future.cancel()
            self._abort(self._prefix + key, upload["UploadId"])
            raise

    def _put_part(
        self, key: str, source: Path, upload: str, length: int, number: int
    ) -> dict[str, Any]:
        with source.open("rb") as file:
            data = os.pread(file.fileno(), length, number * length)
        named = {"PartNumber": number + 1, "ChecksumSHA256": _digest(data)}
        with self._connection.calls(key) as client:
            sent = client.upload_part(**self._at(key), **named, UploadId=upload, Body=data)
        return {**named, "ETag": sent["ETag"]}

    def _abort(self, name: str, upload: str) -> None:
        try:
            with self._connection.calls(name) as client:
                client.abort_multipart_upload(Bucket=self._bucket, Key=name, UploadId=upload)
        except HubError:  # it is gone, or the next sweep finds it
            return

    def _stream(self, key: str, start: int, end: int | None, piece: int) -> Iterator[bytes]:
        if end is not None and start >= end:
            self.size(key)
            return
        for attempt in range(RESUMES_MAX + 1):
            try:
                for found in self._once(key, start, end, piece):
                    start += len(found)
                    yield found
            except BrokenOffError:
                if attempt == RESUMES_MAX:
                    raise
            else:
                return

    def _once(self, key: str, start: int, end: int | None, piece: int) -> Iterator[bytes]:
        """One GET, from the first byte asked for until the last, or until it breaks off."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        asked = self._at(key)
        if start or end is not None:
            asked["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        with self._connection.calls(key) as client:
            try:
                body = client.get_object(**asked)["Body"]
            except ClientError as error:
                if status_of(error) == RANGE_NOT_SATISFIABLE:
                    return
                raise
            try:
                while found := body.read(piece):
                    yield found
            except BotoCoreError as error:
                raise BrokenOffError(f"{key} cannot be read to its end. Try again.") from error
            finally:
                body.close()


def _digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _is_older(path: Path, moment: datetime) -> bool:
    try:
        return path.lstat().st_mtime < moment.timestamp()
    except FileNotFoundError:
        return False
