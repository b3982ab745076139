"""Bodies of requests into staging files, and files as bodies of answers."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from iriai.api import door
from iriai.base.errors import Invalid
from iriai.base.http.arrival import Hash
from iriai.base.http.making import Pieces, send_made
from iriai.base.http.receiving import receive_file
from iriai.base.http.sending import send_file


@dataclass(frozen=True, slots=True)
class Staged:
    """A body that came in, durable, under no name yet. Whoever gets it must consume it."""

    path: Path
    size: int
    sha256: str


async def staged(
    request: Request,
    *,
    size_max: int,
    size: int | None = None,
    sha256: bool = False,
    readers: Sequence[Hash] = (),
) -> Staged:
    """This request's body in a staging file; its SHA-256 where that is asked for.

    Each reader is given the bytes as they arrive, and may raise to refuse them.
    """
    folder = door.ground_of(request).store.staging()
    path = folder / f"upload-{secrets.token_hex(12)}"
    received = await receive_file(
        request.receive,
        path,
        size_max=size_max,
        size=size,
        sha256=sha256,
        hashes=readers,
        scope=request.scope,
    )
    return Staged(path, received.size, received.sha256)


def unsatisfiable(size: int) -> Invalid:
    """The range lies past the end."""
    error = Invalid(
        f"The range lies past the end of the file, which has {size} bytes.",
        code="RangeNotSatisfiable",
    )
    error.headers = {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
    return error


def length_of(answer: Response) -> int:
    """How many bytes of a file an answer gives."""
    if isinstance(answer, FileAnswer):
        return answer.end - answer.start
    if isinstance(answer, MadeAnswer):
        return answer.length
    said = answer.headers.get("content-length", "0")
    return int(said) if answer.status_code < 300 else 0  # noqa: PLR2004


class FileAnswer(Response):
    """An answer whose body is the bytes `[start, end)` of a file, sent by the kernel."""

    def __init__(
        self, path: Path, start: int, end: int, *, status: int, headers: Mapping[str, str]
    ) -> None:
        super().__init__(status_code=status, headers=headers)
        if "content-length" in self.headers:
            del self.headers["content-length"]  # `send_file` says it
        self.path, self.start, self.end = path, start, end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it."""
        await send_file(
            dict(scope), send, self.path, self.start, self.end, self.status_code, self.raw_headers
        )


class MadeAnswer(Response):
    """An answer whose body is made on the way, in threads."""

    def __init__(
        self, pieces: Pieces, length: int, *, status: int, headers: Mapping[str, str]
    ) -> None:
        super().__init__(status_code=status, headers=headers)
        if "content-length" in self.headers:
            del self.headers["content-length"]  # `send_made` says it
        self.pieces, self.length = pieces, length

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Make and send it."""
        await send_made(
            dict(scope), send, self.pieces, self.length, self.status_code, self.raw_headers
        )
