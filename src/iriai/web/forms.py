"""What a browser sends: fields and files, within named limits, and only from our own pages.

Files are written to the store's staging folder while they arrive and hashed on the way, so that
none of them is ever held in memory. Whoever asked for the form closes it (`Form.close`), which
removes what nobody took.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from anyio import to_thread
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from iriai.base.errors import Denied, Excessive, Invalid

FORM_BYTES_MAX = 1 << 20
EDIT_BYTES_MAX = 6 << 20
UPLOAD_BYTES_MAX = 8 << 30
FIELDS_MAX = 200
FILES_MAX = 500
FIELDS_BYTES_MAX = 6 << 20
NAME_LENGTH_MAX = 200
SAME_SITES = ("same-origin", "none")


@dataclass(slots=True)
class Upload:
    """One file that came with a form. `path` is ours until somebody moves it."""

    filename: str
    path: Path
    size: int
    sha256: str


@dataclass(slots=True)
class Form:
    """The fields and files of one form."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Sequence[Upload] = ()

    def get(self, name: str, default: str = "") -> str:
        """The first value of a field."""
        values = self.fields.get(name)
        return values[0] if values else default

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return list(self.fields.get(name, ()))

    def has(self, name: str) -> bool:
        """Whether a box was ticked."""
        return name in self.fields

    def close(self) -> None:
        """Remove the files that nobody took."""
        for upload in self.files:
            upload.path.unlink(missing_ok=True)


def require_same_origin(request: Request) -> None:
    """A form may only be sent by a page of this hub (no forged requests from elsewhere)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site in SAME_SITES:
            return
    else:
        origin = urlsplit(request.headers.get("origin", ""))
        ours = {
            request.headers.get("host", ""),
            urlsplit(request.app.state.ground.settings.url).netloc,
        }
        if origin.netloc and origin.netloc in ours:
            return
    raise Denied(
        "This form was not sent by a page of this hub. Open the page again and repeat.",
        code="CrossSite",
    )


async def receive(request: Request, *, size_max: int, staging: Path) -> Form:
    """The form in the body of a request."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > size_max:
        raise _too_big(size_max)
    if length in {"", "0"} and "content-type" not in request.headers:
        return Form()  # a button alone
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == b"application/x-www-form-urlencoded":
        return _readable(await _urlencoded(request, size_max))
    if kind == b"multipart/form-data" and b"boundary" in options:
        return _readable(await _multipart(request, size_max, options[b"boundary"], staging))
    raise Invalid("This address takes a form.", code="FormExpected")


def _readable(form: Form) -> Form:
    """The form; a null character, which no text of a page has, makes it unreadable."""
    names = (*form.fields, *(each.filename for each in form.files))
    if any("\0" in each for each in (*names, *chain.from_iterable(form.fields.values()))):
        form.close()
        raise Invalid("This form could not be read.", code="FormUnreadable")
    return form


async def _urlencoded(request: Request, size_max: int) -> Form:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > size_max:
            raise _too_big(size_max)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
        )
    except ValueError:
        raise Invalid("This form could not be read.", code="FormUnreadable") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return Form(fields)


async def _multipart(request: Request, size_max: int, boundary: bytes, staging: Path) -> Form:
    reading = _Reading(staging)
    parser = MultipartParser(boundary, reading.callbacks(), max_size=size_max + 1)
    received = 0
    try:
        async for piece in request.stream():
            received += len(piece)
            if received > size_max:
                raise _too_big(size_max)
            await to_thread.run_sync(parser.write, piece)
        await to_thread.run_sync(parser.finalize)
        return reading.form()
    except (MultipartParseError, UnicodeDecodeError):
        reading.discard()
        raise Invalid("This form could not be read.", code="FormUnreadable") from None
    except ClientDisconnect:
        reading.discard()
        raise Invalid("The form did not arrive whole.", code="FormUnreadable") from None
    except BaseException:
        reading.discard()
        raise


class _Reading:
    """Takes apart one multipart body; called by the parser piece by piece."""

    def __init__(self, staging: Path) -> None:
        self.staging = staging
        self.fields: dict[str, list[str]] = {}
        self.files: list[Upload] = []
        self.count = 0
        self.text_bytes = 0
        self.is_whole = False
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""
        self._text = bytearray()
        self._sink: BinaryIO | None = None
        self._hash = hashlib.sha256()

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self.begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self.header_end,
            "on_headers_finished": self.headers_finished,
            "on_part_data": self.data,
            "on_part_end": self.end,
            "on_end": self.whole,
        }

    def begin(self) -> None:
        self.count += 1
        if self.count > FIELDS_MAX + FILES_MAX:
            raise Excessive(f"A form holds at most {FILES_MAX} files.", code="TooManyFiles")
        self._disposition = b""
        self._text = bytearray()

    def header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def headers_finished(self) -> None:
        _kind, options = parse_options_header(self._disposition)
        self.name = options.get(b"name", b"").decode()[:NAME_LENGTH_MAX]
        filename = options.get(b"filename")
        if filename is None:
            return
        path = self.staging / f"form-{uuid4().hex}"
        self._sink = path.open("xb")
        self._hash = hashlib.sha256()
        self.files.append(Upload(filename.decode(), path, 0, ""))

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._sink is None:
            self._text += data[start:end]
            self.text_bytes += end - start
            if self.text_bytes > FIELDS_BYTES_MAX:
                raise _too_big(FIELDS_BYTES_MAX)
            return
        piece = data[start:end]
        self._sink.write(piece)
        self._hash.update(piece)
        self.files[-1].size += len(piece)

    def end(self) -> None:
        if self._sink is None:
            self.fields.setdefault(self.name, []).append(self._text.decode())
            return
        self._sink.close()
        self._sink = None
        self.files[-1].sha256 = self._hash.hexdigest()

    def whole(self) -> None:
        self.is_whole = True

    def form(self) -> Form:
        if not self.is_whole:
            raise MultipartParseError("the last part has no end")
        chosen = [upload for upload in self.files if upload.filename]
        for upload in self.files:
            if not upload.filename:  # a file input that was left empty
                upload.path.unlink(missing_ok=True)
        return Form(self.fields, chosen)

    def discard(self) -> None:
        if self._sink is not None:
            self._sink.close()
        for upload in self.files:
            upload.path.unlink(missing_ok=True)


def _too_big(size_max: int) -> Excessive:
    return Excessive(
        f"That is more than the {size_max / (1 << 20):,.0f} MiB a form may hold. "
        "For large uploads use: hf upload",
        code="FormTooLarge",
    )
