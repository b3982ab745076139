"""Sending: xorbs, then the shard that says what files they make up.

A body goes to a staging file and is read through while it comes in; a bad xorb is refused at its
first bad chunk. A shard's verdict can take a while (its files are hashed), so newer
clients are told about it in lines of JSON: the status is 200 and the last line is the verdict.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from iriai.api import address, door, problems, transfer
from iriai.api.xet import PLACES, entry, lanes
from iriai.base.errors import HubError, Invalid, Unavailable, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Ground, Tx
from iriai.blobs import queries, receiving, registration, rules
from iriai.blobs.passes import XetPass
from iriai.blobs.receiving import Room
from iriai.blobs.registration import Upload
from iriai.blobs.xet import hashes
from iriai.blobs.xet.shard import SHARD_BYTES_MAX
from iriai.blobs.xet.xorb import FOOTER_BYTES_MAX, XORB_BODY_MAX, XorbReader
from iriai.repos import room

XORBS_AT_ONCE = 4
PATIENCE_SECONDS = 0.5
"""How long a verdict may take before the answer begins without it."""
REPORT_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
NDJSON = "application/x-ndjson"

log = logging.getLogger(__name__)

_keeping = ThreadPoolExecutor(XORBS_AT_ONCE, thread_name_prefix="xorb")


async def receive_xorb(request: Request) -> Response:
    """Take a xorb, if it is the one its address names."""
    held = entry.holder(request, write=True)
    name = _hash_in(request)
    limit = XORB_BODY_MAX + FOOTER_BYTES_MAX
    ground = door.ground_of(request)
    await door.in_thread(_require_standing, ground, held, _announced(request))
    reader = XorbReader()
    received = await transfer.staged(request, size_max=limit, readers=[reader])
    new = await asyncio.get_running_loop().run_in_executor(
        _keeping, _keep, ground, held, name, received.path, reader
    )
    return door.json_answer({"was_inserted": new})


def _announced(request: Request) -> int:
    """How long the body is said to be; 0 where nothing is said."""
    return whole(request.headers.get("content-length", "")) or 0


def _require_standing(ground: Ground, held: XetPass, size: int) -> None:
    with ground.read() as tx:
        holder = entry.standing(tx, held).holder
        if held.is_bucket:
            room.require_passage(tx, holder, held.repo_id, size)
        else:
            room.require(tx, holder, more=size)


def _keep(ground: Ground, held: XetPass, name: str, path: Path, reader: XorbReader) -> bool:
    """In a thread: judge what was read on the way, and keep it."""
    try:
        table = reader.table()
    except HubError:
        path.unlink(missing_ok=True)
        raise
    return receiving.receive_xorb(ground, held.repo_id, name, path, table)


def find_xorb(request: Request) -> Response:
    """Whether a xorb is in reach of the token's repository; elsewhere it does not exist."""
    held = entry.holder(request)
    name = _hash_in(request)
    with door.ground_of(request).read() as tx:
        entry.standing(tx, held)
        if not queries.is_xorb_in_reach(tx, held.repo_id, name):
            raise Unknown("There is no such xorb.", code="XorbNotFound")
    return Response(headers={"Content-Length": "0"})


async def register(request: Request) -> Response:
    """Register a shard; the answer is its verdict."""
    work = await _received(request, _Report())
    new = await asyncio.wrap_future(work)
    return door.json_answer({"result": 1 if new else 0})


async def register_with_progress(request: Request) -> Response:
    """Register a shard; the answer is lines of progress, and then its verdict."""
    report = _Report()
    work = await _received(request, report)
    done = asyncio.wrap_future(work)
    done.add_done_callback(lambda each: each.cancelled() or each.exception())  # told in `_lines`
    await asyncio.wait([done], timeout=PATIENCE_SECONDS)
    if done.done() and (failure := done.exception()) is not None:
        raise failure
    return StreamingResponse(_lines(work, report), media_type=NDJSON)


async def _received(request: Request, report: "_Report") -> Future[bool]:
    """Take a shard in, and let it be registered when its turn comes."""
    held = entry.holder(request, write=True)
    received = await transfer.staged(request, size_max=SHARD_BYTES_MAX)
    work = partial(_register, door.ground_of(request), held, received.path, report)
    return await door.in_thread(lanes.submit, received.path, held.account_id, work)


class _Report:
    """How far a registration has come. Written by its thread, read by the answer."""

    verified = 0
    total = 0

    def __call__(self, verified: int, total: int) -> None:
        self.verified, self.total = verified, total

    def line(self) -> dict[str, Any]:
        """What to tell the client."""
        if self.total and self.verified == self.total:
            return {"type": "committing", "stage": "syncing"}
        return {"type": "validating", "verified": self.verified, "total": self.total}


def _register(ground: Ground, held: XetPass, path: Path, report: _Report) -> bool:
    """In a thread: judge the sender as they are now, then the shard, then the sender once more.

    A client that counted on a xorb out of its reach would do so again; it is made to forget.
    """
    try:
        with ground.read() as tx:
            there = entry.standing(tx, held)
            readable, own = entry.dedup_readable(tx, there), entry.dedup_own(tx, there)
        upload = Upload(held.repo_id, held.account_id, readable, own, _asked(held), _fits(held))
        return registration.register_shard(ground, upload, path.read_bytes(), progress=report)
    except Invalid as refused:
        if refused.code == rules.XORB_MISSING:
            with ground.write() as tx:
                entry.forget(tx, held)
        raise
    finally:
        path.unlink(missing_ok=True)


def _asked(held: XetPass) -> Room:
    """What is asked when it is registered: hashing takes long, and rights are lost meanwhile."""
    return lambda tx: room.require(tx, entry.standing(tx, held).holder)


def _fits(held: XetPass) -> Callable[[Tx, int], None]:
    """What is asked before it is hashed; in a bucket a file is counted when it is named."""

    def ask(tx: Tx, more: int) -> None:
        if not held.is_bucket:
            room.require(tx, entry.standing(tx, held).holder, more=more)

    return ask


async def _lines(work: Future[bool], report: _Report) -> AsyncIterator[bytes]:
    """Progress now and then, the verdict at the end."""
    waiting = asyncio.wrap_future(work)
    last, quiet = b"", 0.0
    while not waiting.done():
        line = _line(report.line())
        if line != last or quiet >= HEARTBEAT_SECONDS:
            last, quiet = line, 0.0
            yield line
        quiet += REPORT_SECONDS
        await asyncio.wait([waiting], timeout=REPORT_SECONDS)
    yield _line(_verdict(waiting))


def _verdict(done: "asyncio.Future[bool]") -> dict[str, Any]:
    failure = done.exception()
    if failure is None:
        return {"type": "result", "result": int(done.result())}
    if isinstance(failure, HubError):
        retryable = isinstance(failure, Unavailable)
        return {"type": "error", "message": failure.message, "retryable": retryable}
    log.error("A registration failed.", exc_info=failure)
    return {"type": "error", "message": problems.BUG, "retryable": True}


def _line(content: dict[str, Any]) -> bytes:
    return orjson.dumps(content) + b"\n"


def _hash_in(request: Request) -> str:
    """The hash in this address, in the one way of writing it."""
    text = address.decoded(request.path_params["hash"])
    hashes.from_hex(text)
    return text


def no_grants(request: Request) -> Response:  # noqa: ARG001 - a handler
    """Newest clients ask first whether they may send elsewhere; they may not."""
    raise Unknown("This hub takes xorbs itself.", code="NotFound")


def _routes() -> list[DeclaredRoute]:
    made = []
    signed = Access.TOKEN_SIGNED
    for place in PLACES:
        for word in ("xorb", "xorbs"):
            where = f"/{place}/{word}/{{prefix}}/{{hash}}"
            made.append(route(where, receive_xorb, methods=["POST", "PUT"], access=signed))
            made.append(route(where, find_xorb, methods=["HEAD"], access=signed))
        grants = f"/{place}/xorb-grants/{{prefix}}/{{hash}}"
        made.append(route(grants, no_grants, methods=["POST"], access=signed))
        old = f"/{place}/shard/{{prefix}}/{{hash}}"
        made.append(route(old, register, methods=["POST", "PUT"], access=signed))
        shards = f"/{place}/shards"
        made.append(route(shards, register, methods=["POST", "PUT"], access=signed))
    newest = f"/{PLACES[0]}/v2/shards"
    made.append(route(newest, register_with_progress, methods=["POST"], access=signed))
    return made


ROUTES = _routes()
