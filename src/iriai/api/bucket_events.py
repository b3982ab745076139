"""A bucket's changes as they happen: server-sent events, read by `HfFileSystem(live_follow=True)`.

    GET /api/buckets/{id}/events?cursor=… | ?since=2026-01-15T10:30:00.000Z

What was missed comes first, then `ready`, then what happens from now on; `reset` where that is too
long ago to be told. A stream ends by `reconnect` after a while and when the server stops, and
without a word when its reader loses the right to read: that is asked each time there is something
to tell. Nothing is held open in the database between two looks.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from iriai.api import door, limits
from iriai.base.errors import Excessive, HubError, Invalid, Unavailable
from iriai.base.http.protocol import Exchange
from iriai.base.numbers import whole
from iriai.base.routing import Access, DeclaredRoute, route, unquoted
from iriai.base.tx import Tx
from iriai.buckets import changes, queries
from iriai.buckets.changes import Batch
from iriai.buckets.rules import Bucket

LOOK_SECONDS = 1.0
PING_SECONDS = 20.0
JUDGE_SECONDS = 30.0
LIFE_SECONDS = 600.0
STREAMS_MAX = 200
STREAMS_EACH_MAX = 20
"""How many of them one account may hold, or one network of visitors."""
PING = b": ping\n\n"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

_open: set["Stream"] = set()


async def follow(request: Request) -> Response:
    """What changes in a bucket."""
    stream = await door.in_reading_thread(_begin, request)
    if sum(each.reader == stream.reader for each in _open) >= STREAMS_EACH_MAX:
        raise Excessive(
            f"You follow {STREAMS_EACH_MAX} buckets from here already; end one of these first.",
            code="TooManyRequests",
        )
    if len(_open) >= STREAMS_MAX:
        raise Unavailable("Too many follow buckets here just now; try again in a while.")
    return StreamingResponse(stream.told(), media_type="text/event-stream", headers=HEADERS)


def _begin(request: Request) -> "Stream":
    with door.ground_of(request).read() as tx:
        bucket = _bucket(request, tx)
        who = door.actor_of(request).id
        reader = limits.asker(request) if who is None else str(who)
        return Stream(request, reader, bucket.id, _cursor(request, tx, bucket))


def _bucket(request: Request, tx: Tx) -> Bucket:
    full_name = f"{unquoted(request, 'namespace')}/{unquoted(request, 'bucket')}"
    return queries.bucket(tx, door.actor_of(request), full_name)


def _cursor(request: Request, tx: Tx, bucket: Bucket) -> int | None:
    """Where to begin: after a cursor, at a moment, or now; None where that is not kept."""
    query = request.query_params
    if cursor := query.get("cursor"):
        number = whole(cursor)
        if number is None:
            raise Invalid("This cursor makes no sense.")
        return number if changes.is_kept(tx, bucket, number) else None
    if moment := query.get("since"):
        try:
            at = datetime.fromisoformat(moment)
        except ValueError:
            raise Invalid('"since" must be a moment, such as 2026-01-15T10:30:00Z.') from None
        return changes.since(tx, bucket, at if at.tzinfo else at.replace(tzinfo=UTC))
    return changes.newest(tx, bucket)


@dataclass(eq=False)
class Stream:
    """One reader of one bucket."""

    request: Request
    reader: str
    bucket_id: int
    cursor: int | None

    async def told(self) -> AsyncIterator[bytes]:
        """The events, until the reader goes or the stream has lived."""
        if self.cursor is None:
            yield event("reset", {"reason": "expired"})
            return
        _open.add(self)
        try:
            async for each in self._followed():
                yield each
        finally:
            _open.discard(self)

    async def _followed(self) -> AsyncIterator[bytes]:
        started = said = judged = time.monotonic()
        ready = False
        exchange = Exchange.of(self.request.scope)
        while (now := time.monotonic()) - started < LIFE_SECONDS:
            if exchange is not None and exchange.is_ending:
                break
            if now - judged >= JUDGE_SECONDS:
                judged = now
                if not await door.in_reading_thread(self._may_read):
                    return
            found = await door.in_reading_thread(self._look)
            if found is None:
                return
            for each in found:
                self.cursor, said = each.cursor, now
                yield event("changes", {"cursor": str(each.cursor), "changes": each.changes})
            if found:
                continue
            if not ready:
                ready, said = True, now
                yield event("ready", {"cursor": str(self.cursor)})
            elif now - said >= PING_SECONDS:
                said = now
                yield PING
            await asyncio.sleep(LOOK_SECONDS)
        yield event("reconnect", {"cursor": str(self.cursor)})

    def _look(self) -> list[Batch] | None:
        """What is new; None for who may not hear of it any more."""
        with door.ground_of(self.request).read() as tx:
            found = list(changes.after(tx, self.bucket_id, self.cursor or 0))
            return found if not found or self._may_still(tx) else None

    def _may_read(self) -> bool:
        with door.ground_of(self.request).read() as tx:
            return self._may_still(tx)

    def _may_still(self, tx: Tx) -> bool:
        """Whether whoever follows may still do so, judged as they are now."""
        try:
            self.request.state.actor = door.authenticate(tx, self.request)
            return _bucket(self.request, tx).id == self.bucket_id
        except HubError:
            return False


def event(name: str, data: dict[str, object]) -> bytes:
    """One event, as it goes over the wire."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data))


_WHERE = "/api/buckets/{namespace}/{bucket}/events"
ROUTES: list[DeclaredRoute] = [route(_WHERE, follow, methods=["GET"], access=Access.REPO_READ)]
