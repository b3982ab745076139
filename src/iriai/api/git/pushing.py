"""Push: what `git receive-pack` would do, done here.

No git process ever writes to a repository: the commands are parsed, the pack goes to a file in
staging, and `commons.enactment.push` judges and lands it. The answer begins as soon as the pack has
arrived; while it is judged, empty packets keep the connection alive, and every reason is said as a
sentence (git shows it after `remote:` and beside the ref).
"""

import asyncio
import logging
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from iriai.api.door import actor_of, ground_of, in_thread
from iriai.api.git import packets
from iriai.api.git.bodies import Body
from iriai.api.git.packets import BAND_DATA, BAND_PROGRESS, FLUSH, Order
from iriai.api.git.processes import NEVER_CACHED
from iriai.api.git.visitors import pushable
from iriai.base.errors import HubError
from iriai.commons import enactment
from iriai.repos.pushes import PACK_BYTES_MAX, Pushed
from iriai.repos.rules import Repo

SERVICE = "git-receive-pack"
CAPABILITIES = (
    "report-status delete-refs side-band-64k quiet atomic ofs-delta object-format=sha1 agent=iriai"
)
COMMANDS_BYTES_MAX = 8 << 20
KEEP_ALIVE_SECONDS = 5.0
JUDGED_AT_ONCE = 6
BUG = "This hub made a mistake; its operator can look it up under the id"

log = logging.getLogger(__name__)

_judges = ThreadPoolExecutor(JUDGED_AT_ONCE, thread_name_prefix="push")
"""Threads of their own: long pushes wait for each other, and nobody else for them."""


async def advertise(request: Request) -> Response:
    """What there is to push to."""
    _, refs = await in_thread(pushable, request)
    version = 1 if request.headers.get("git-protocol", "").startswith("version=1") else 0
    body = packets.advertisement(
        SERVICE, [(ref.name, ref.sha) for ref in refs], CAPABILITIES, version=version
    )
    return Response(body, headers=NEVER_CACHED, media_type=f"application/x-{SERVICE}-advertisement")


async def push(request: Request) -> Response:
    """New objects and changed refs."""
    repo, _ = await in_thread(pushable, request)
    body = Body(request, bytes_max=PACK_BYTES_MAX + COMMANDS_BYTES_MAX)
    lines = await body.lines()
    if not lines:  # git asks with an empty request whether it may send a long one
        return PushAnswer()
    order = packets.order(lines)
    staged = await in_thread(_staged, request)
    try:
        await body.save(staged)
        return PushAnswer(request, repo, order, staged)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


def _staged(request: Request) -> Path:
    folder = ground_of(request).store.staging()
    with tempfile.NamedTemporaryFile(dir=folder, prefix="push-", delete=False) as made:
        return Path(made.name)


class PushAnswer(Response):
    """The report of a push, which is judged while this answer is being given."""

    def __init__(
        self,
        request: Request | None = None,
        repo: Repo | None = None,
        order: Order | None = None,
        staged: Path | None = None,
    ) -> None:
        super().__init__(headers=NEVER_CACHED, media_type=f"application/x-{SERVICE}-result")
        del self.headers["content-length"]
        self.request, self.repo, self.order, self.staged = request, repo, order, staged

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Begin at once, keep the client waiting patiently, end with the report."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if self.request is not None and self.order is not None:
            judging = asyncio.get_running_loop().run_in_executor(_judges, self._judge)
            try:
                await self._wait(judging, send)
            except OSError:
                log.info("A client went away while its push was judged.")
            for piece in self._said(await judging):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _wait(self, judging: "asyncio.Future[Pushed]", send: Send) -> None:
        """Until it is judged, show that we are still here."""
        while not (await asyncio.wait([judging], timeout=KEEP_ALIVE_SECONDS))[0]:
            if self._banded:
                beat = packets.packet(bytes([BAND_DATA]))
                await send({"type": "http.response.body", "body": beat, "more_body": True})

    @property
    def _banded(self) -> bool:
        return self.order is not None and "side-band-64k" in self.order.capabilities

    def _judge(self) -> Pushed:
        """Land what may land; whatever happens becomes a report."""
        assert self.request is not None  # noqa: S101 - the caller looked
        assert self.repo is not None  # noqa: S101
        assert self.order is not None  # noqa: S101
        assert self.staged is not None  # noqa: S101
        try:
            return enactment.push(
                ground_of(self.request),
                actor_of(self.request),
                self.repo,
                pack=self.staged if self.order.brings_objects else None,
                updates=self.order.updates,
                atomic="atomic" in self.order.capabilities,
            )
        except HubError as error:
            return Pushed.refused(self.order.updates, error.message)
        except Exception:
            request_id = self.request.state.request_id
            log.exception("request %s: a push failed", request_id)
            return Pushed.refused(self.order.updates, f"{BUG} {request_id}.")
        finally:
            self.staged.unlink(missing_ok=True)

    def _said(self, pushed: Pushed) -> Iterator[bytes]:
        assert self.order is not None  # noqa: S101 - the caller looked
        report = b""
        if "report-status" in self.order.capabilities:
            report = packets.report(pushed.failure, pushed.results)
        if not self._banded:
            yield report
            return
        reasons = [pushed.failure, *(reason for _, reason in pushed.results)]
        for reason in dict.fromkeys(reason for reason in reasons if reason):
            yield from packets.banded(BAND_PROGRESS, f"{packets.line(reason)}\n".encode())
        yield from packets.banded(BAND_DATA, report)
        yield FLUSH
