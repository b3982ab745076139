"""A commit's body: newline-delimited JSON, read from a spool file one bounded line at a time.

The first line is the header; each other one is an operation. Contents are decoded as they are asked
for, so that a commit of any size costs one line of memory here. Nothing lenient: what is not
understood is refused, with the number of its line.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from iriai.api.bodies import require_no_null
from iriai.base.errors import Excessive, Invalid
from iriai.repos.operations import Add, AddLarge, DeleteFile, DeleteFolder

BODY_BYTES_MAX = 256 << 20
LINE_BYTES_MAX = 20 << 20
HEADER_BYTES_MAX = 1 << 20
OPERATIONS_MAX = 100_000

Operation = Add | AddLarge | DeleteFile | DeleteFolder


@dataclass(frozen=True, slots=True)
class Header:
    """What a commit says of itself."""

    summary: str
    description: str
    parent: str | None


class Commit:
    """A commit as it was sent: its header at once, its operations once, in order."""

    def __init__(self, spool: Path) -> None:
        self._lines = _lines(spool)
        self.header = self._header()

    def _header(self) -> Header:
        found = next(self._lines, None)
        if found is None:
            raise Invalid("The commit is empty; its first line must be the header.")
        number, key, value = found
        if key != "header":
            raise _wrong(number, 'the first line must have the key "header"')
        return Header(
            summary=_text(value, "summary", number),
            description=_text(value, "description", number, default=""),
            parent=_text(value, "parentCommit", number, default="") or None,
        )

    def operations(self) -> Iterator[Operation]:
        """What the commit does, one by one; `Invalid` or `Excessive` where it makes no sense."""
        for count, (number, key, value) in enumerate(self._lines, start=1):
            if count > OPERATIONS_MAX:
                raise Excessive(
                    f"A commit may have at most {OPERATIONS_MAX:,} operations; send several."
                )
            yield _operation(number, key, value)


def _operation(number: int, key: str, value: dict[str, Any]) -> Operation:
    if key == "file":
        return Add(_text(value, "path", number), _content(value, number))
    if key == "lfsFile":
        if value.get("algo", "sha256") != "sha256":
            raise _wrong(number, '"algo" must be "sha256"')
        return AddLarge(
            _text(value, "path", number), _text(value, "oid", number), _size(value, number)
        )
    if key == "deletedFile":
        return DeleteFile(_text(value, "path", number))
    if key == "deletedFolder":
        return DeleteFolder(_text(value, "path", number))
    if key == "header":
        raise _wrong(number, "there is one header only")
    raise _wrong(number, "its key is none of file, lfsFile, deletedFile, deletedFolder")


def _content(value: dict[str, Any], number: int) -> bytes:
    content = _text(value, "content", number)
    encoding = value.get("encoding", "utf-8")
    if encoding == "base64":
        try:
            return base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            raise _wrong(number, '"content" is not valid base64') from None
    if encoding == "utf-8":
        return content.encode()
    raise _wrong(number, '"encoding" must be "base64" or "utf-8"')


def _size(value: dict[str, Any], number: int) -> int | None:
    """The size of a large file; a copy comes without it."""
    found = value.get("size")
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 1 << 60:
        raise _wrong(number, '"size" must be a number of bytes')
    return found


def _text(value: dict[str, Any], name: str, number: int, *, default: str | None = None) -> str:
    found = value.get(name, default)
    if found is None and default is not None:
        return default
    if not isinstance(found, str):
        raise _wrong(number, f'"{name}" must be a string')
    return found


def _lines(spool: Path) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """The lines of a body, each as its number, key and value."""
    with spool.open("rb") as body:
        number = 0
        while line := _line(body, number + 1):
            number += 1
            if line.isspace():
                continue
            try:
                found = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise _wrong(number, f"it is not valid JSON: {error}") from error
            if not isinstance(found, dict) or not isinstance(found.get("value"), dict):
                raise _wrong(number, 'it must be an object with "key" and "value"')
            require_no_null(line, found)
            yield number, str(found.get("key")), found["value"]


def _line(body: BinaryIO, number: int) -> bytes:
    limit = HEADER_BYTES_MAX if number == 1 else LINE_BYTES_MAX
    line = body.readline(limit + 1)
    if len(line) > limit:
        raise Excessive(
            f"Line {number} of the commit has more than {limit:,} bytes. "
            "Large files are uploaded first and named by an lfsFile operation."
        )
    return line


def _wrong(number: int, what: str) -> Invalid:
    return Invalid(f"Line {number} of the commit makes no sense: {what}.")
