"""An answer that a git process makes, streamed both ways with little in memory.

The process reads the request while it comes and its output is passed on while it is made. When it
ends, or the client goes away, or nothing moves for too long, the process is ended and its
throw-away GIT_DIR removed. Only so many run at once; others wait their turn for a while.
"""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from iriai.api.door import in_thread
from iriai.base.errors import HubError, Unavailable
from iriai.repos.git.serving import Shown

PIECE_BYTES = 1 << 18
PROCESSES_MAX = 24
WAIT_SECONDS = 60.0
STALL_SECONDS = 300.0

_places: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}

NEVER_CACHED = {
    "Expires": "Fri, 01 Jan 1980 00:00:00 GMT",
    "Pragma": "no-cache",
    "Cache-Control": "no-cache, max-age=0, must-revalidate",
}

View = Callable[[], AbstractContextManager[Shown]]


class ProcessAnswer(Response):
    """What `git words… GIT_DIR` writes, given `body` on its standard input."""

    def __init__(
        self,
        words: Sequence[str],
        view: View,
        *,
        media_type: str,
        preface: bytes = b"",
        body: AsyncIterator[bytes] | None = None,
    ) -> None:
        super().__init__(headers=NEVER_CACHED, media_type=media_type)
        del self.headers["content-length"]
        self.words, self.view = words, view
        self.preface, self.request_body = preface, body

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Run git and pass on what it says."""
        async with _place():
            with ExitStack() as stack:
                seen = await in_thread(lambda: stack.enter_context(self.view()))
                process = await self._started(seen)
                stack.callback(_end, process)
                await self._served(process, receive, send)

    async def _started(self, seen: Shown) -> Process:
        return await asyncio.create_subprocess_exec(
            "git",
            *self.words,
            str(seen.git_dir),
            env=dict(seen.environment),
            cwd=seen.git_dir,
            stdin=DEVNULL if self.request_body is None else PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=PIECE_BYTES,
        )

    async def _served(self, process: Process, receive: Receive, send: Send) -> None:
        feeding = asyncio.create_task(self._feed(process, receive))
        try:
            await self._pass_on(process, send)
            code = await asyncio.wait_for(process.wait(), STALL_SECONDS)
        finally:
            feeding.cancel()
            with suppress(asyncio.CancelledError, HubError):
                await feeding
        if code < 0:
            return  # it was ended: an answer without its end must not look whole
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pass_on(self, process: Process, send: Send) -> None:
        """The preface, then the process's output; the answer begins with its first bytes."""
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        piece = await asyncio.wait_for(process.stdout.read(PIECE_BYTES), STALL_SECONDS)
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        piece = self.preface + piece
        while piece:
            message = {"type": "http.response.body", "body": piece, "more_body": True}
            await asyncio.wait_for(send(message), STALL_SECONDS)
            piece = await asyncio.wait_for(process.stdout.read(PIECE_BYTES), STALL_SECONDS)

    async def _feed(self, process: Process, receive: Receive) -> None:
        """Pass the request on to the process; end it when the client goes away."""
        try:
            if self.request_body is not None and process.stdin is not None:
                await _written(self.request_body, process)
            while (await receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:
            raise
        except BaseException:
            _end(process)
            raise
        _end(process)


async def _written(body: AsyncIterator[bytes], process: Process) -> None:
    assert process.stdin is not None  # noqa: S101 - the caller looked
    with suppress(BrokenPipeError, ConnectionResetError):  # it has read enough
        async for piece in body:
            process.stdin.write(piece)
            await process.stdin.drain()
    process.stdin.close()


def _end(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()


class _place:  # noqa: N801 - used as a word in a `with`
    """One of the places for git processes, or `Unavailable` after a while."""

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._semaphore = _places.setdefault(loop, asyncio.Semaphore(PROCESSES_MAX))
        try:
            await asyncio.wait_for(self._semaphore.acquire(), WAIT_SECONDS)
        except TimeoutError:
            raise Unavailable("Too many clones are under way; try again in a minute.") from None

    async def __aexit__(self, *_: object) -> None:
        self._semaphore.release()
