"""Fetching: how a file is made up, where its chunks are, and the chunks.

A reconstruction is answered from the database alone. Each range of a xorb comes with a URL that is
good for exactly those bytes: a URL for a whole xorb would hand out other repositories' chunks.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.api.transfer import FileAnswer, MadeAnswer, unsatisfiable
from iriai.api.xet import PLACES, cas_url, entry, given
from iriai.base import instance
from iriai.base.errors import Denied, Invalid, Unknown
from iriai.base.http import ranges
from iriai.base.http.ranges import Span
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.blobs import passes, queries, rules, serving
from iriai.blobs.passes import XetPass
from iriai.blobs.queries import ChunkTables, FileTerms
from iriai.blobs.xet import hashes
from iriai.blobs.xet import plan as plans
from iriai.blobs.xet.plan import Fetch, Plan
from iriai.blobs.xet.shard import dedup_answer
from iriai.repos import egress, withheld_objects
from iriai.repos.rules import Repo

OCTETS = "application/octet-stream"
WEEK_SECONDS = 7 * 24 * 3600

_SIGNED_RANGE = re.compile(r"(\d{1,10})-(\d{1,10})", re.ASCII)


def reconstruction_v1(request: Request) -> Response:
    """How a file is made up, as older clients read it."""
    return _reconstruction(request, _shape_v1)


def reconstruction_v2(request: Request) -> Response:
    """The same as newer clients read it. One range per URL, which every client and store can do."""
    return _reconstruction(request, _shape_v2)


def _reconstruction(request: Request, shape: Any) -> Response:
    held = entry.holder(request)
    name = _hash_in(request)
    ground = door.ground_of(request)
    with ground.read() as tx:
        there = entry.standing(tx, held)
        file = queries.file_in(tx, held.repo_id, name)
        if isinstance(there.holder, Repo):
            withheld_objects.require_served(tx, there.holder, file.sha256)
        part = _asked(request, file)
        plan = plans.plan(file.terms, ChunkTables.of(tx), part.start, part.end - 1)
        links = Links(tx, held, file.sha256)
    egress.note(ground, held.repo_id, part.length)
    return door.json_answer(shape(plan, links))


def _asked(request: Request, file: FileTerms) -> Span:
    """The bytes of the file that are asked for; past its end is 416, by which clients find it."""
    spans = ranges.parse(request.headers.get("range", "bytes=0-"), file.size)
    if spans == ():
        raise unsatisfiable(file.size)
    return Span(0, file.size) if spans is None else spans[0]


def _shape_v1(plan: Plan, links: "Links") -> dict[str, Any]:
    fetch_info = {
        hashes.to_hex(xorb): [
            {
                "range": {"start": fetch.start, "end": fetch.end},
                "url": links.link(xorb, fetch),
                "url_range": {"start": fetch.first, "end": fetch.last},
            }
            for fetch in fetches
        ]
        for xorb, fetches in plan.fetches.items()
    }
    return {**_terms(plan), "fetch_info": fetch_info}


def _shape_v2(plan: Plan, links: "Links") -> dict[str, Any]:
    xorbs = {
        hashes.to_hex(xorb): [
            {
                "url": links.link(xorb, fetch),
                "ranges": [
                    {
                        "chunks": {"start": fetch.start, "end": fetch.end},
                        "bytes": {"start": fetch.first, "end": fetch.last},
                    }
                ],
            }
            for fetch in fetches
        ]
        for xorb, fetches in plan.fetches.items()
    }
    return {**_terms(plan), "xorbs": xorbs}


def _terms(plan: Plan) -> Mapping[str, Any]:
    return {
        "offset_into_first_range": plan.skip,
        "terms": [
            {
                "hash": hashes.to_hex(term.xorb),
                "unpacked_length": term.length,
                "range": {"start": term.start, "end": term.end},
            }
            for term in plan.terms
        ],
    }


class Links:
    """URLs for byte ranges of xorbs: the store's own where it signs, else ours."""

    def __init__(self, tx: Tx, held: XetPass, sha256: str) -> None:
        self._ground, self._file = tx.ground, sha256
        generation = instance.fact(tx, instance.GENERATION) or "1"
        self._base = cas_url(tx.ground.settings.url, generation)
        self._expires_at = int(tx.now.timestamp()) + passes.URL_LIFE_SECONDS
        self._holder = given.words(
            held.repo_id, held.account_id, held.token_id, is_bucket=held.is_bucket
        )

    def link(self, xorb: bytes, fetch: Fetch) -> str:
        """A URL that gives these bytes and no others."""
        name = hashes.to_hex(xorb)
        elsewhere = self._ground.store.signed_url(
            rules.xorb_key(name),
            seconds=given.STORE_LIFE_SECONDS,
            byte_range=(fetch.first, fetch.last),
        )
        if elsewhere is not None:
            return elsewhere
        asked = f"{fetch.first}-{fetch.last}"
        facts = {"r": asked, "for": self._holder, "f": self._file}
        signature = passes.signed(
            self._ground.secret, "fetch", name, *facts.values(), expires_at=self._expires_at
        )
        return f"{self._base}/fetch/{name}?{urlencode(facts | signature)}"


# -- the chunks themselves -----------------------------------------------------------------------


def fetch(request: Request) -> Response:
    """The byte range of a xorb that this URL was signed for, verified before it is sent."""
    name = _hash_in(request)
    first, last = _signed_range(request, name)
    _require_served_still(request)
    if request.headers.get("range", "").replace(" ", "") != f"bytes={first}-{last}":
        raise Denied("This address is good for exactly one range of bytes.", code="BadRange")
    ground = door.ground_of(request)
    size = serving.require_sound(ground, name, first, last)
    headers = {
        "Content-Type": OCTETS,
        "Content-Range": f"bytes {first}-{last}/{size}",
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
    }
    path = ground.store.local_path(rules.xorb_key(name))
    if path is not None:
        return FileAnswer(path, first, last + 1, status=206, headers=headers)
    pieces = ground.store.stream(rules.xorb_key(name), first, last + 1)
    return MadeAnswer(pieces, last - first + 1, status=206, headers=headers)


def _require_served_still(request: Request) -> None:
    """Whoever was given this URL may still read the file that it is for."""
    held = given.read(request.query_params["for"], may_write=False)
    with door.ground_of(request).read() as tx:
        there = given.standing(tx, held)
        if isinstance(there.holder, Repo):
            withheld_objects.require_served(tx, there.holder, request.query_params["f"])


def _signed_range(request: Request, name: str) -> tuple[int, int]:
    query = request.query_params
    asked = query.get("r", "")
    ground = door.ground_of(request)
    passes.require_signed(
        ground.secret,
        "fetch",
        name,
        asked,
        query.get("for", ""),
        query.get("f", ""),
        expires_at=query.get("e", ""),
        signature=query.get("s", ""),
        now=int(ground.clock().timestamp()),
    )
    match = _SIGNED_RANGE.fullmatch(asked)
    if match is None:
        raise Invalid("This address names no range.")
    return int(match[1]), int(match[2])


def chunk_query(request: Request) -> Response:
    """Where a chunk is that the sender has too: the xorbs of an upload they may read, or 404."""
    held = entry.holder(request)
    name = _hash_in(request)
    ground = door.ground_of(request)
    with ground.read() as tx:
        readable = entry.dedup_readable(tx, entry.standing(tx, held))
        found = queries.upload_with_chunk(tx, name, readable)
        if not found:
            raise Unknown("No upload in your reach holds this chunk.", code="ChunkNotFound")
        xorbs = [(xorb, queries.chunk_table(tx, xorb)) for xorb in found]
        now = int(tx.now.timestamp())
    expires_at = now + int(rules.DEDUP_LIFE.total_seconds())
    key = passes.dedup_key(ground.secret, held.account_id, now // WEEK_SECONDS)
    answer = dedup_answer(xorbs, key=key, made_at=now, expires_at=expires_at)
    return Response(answer, media_type=OCTETS, headers={"Cache-Control": "no-store"})


def _hash_in(request: Request) -> str:
    text = address.decoded(request.path_params["hash"])
    hashes.from_hex(text)
    return text


# -- what is answered and not done ---------------------------------------------------------------


def telemetry(request: Request) -> Response:  # noqa: ARG001 - a handler
    """Clients report how their transfers went; nobody is listening, and that is fine."""
    return Response(status_code=200)


def no_batches(request: Request) -> Response:  # noqa: ARG001 - a handler
    """Reconstructions of several files in one request: no client of ours asks for it."""
    raise Unknown("Ask for one reconstruction at a time.", code="NotImplemented")


def _routes() -> list[DeclaredRoute]:
    made = []
    signed = Access.TOKEN_SIGNED
    for place in PLACES:
        for word in ("reconstruction", "reconstructions"):
            one = f"/{place}/{word}/{{hash}}"
            made.append(route(one, reconstruction_v1, methods=["GET"], access=signed))
        for word in ("chunk", "chunks"):
            where = f"/{place}/{word}/{{prefix}}/{{hash}}"
            made.append(route(where, chunk_query, methods=["GET"], access=signed))
        batch = f"/{place}/reconstructions"
        made.append(route(batch, no_batches, methods=["GET", "POST"], access=signed))
        made.append(route(f"/{place}/telemetry", telemetry, methods=["POST"], access=signed))
    newest = f"/{PLACES[0]}/v2/reconstructions"
    made.append(route(f"{newest}/{{hash}}", reconstruction_v2, methods=["GET"], access=signed))
    made.append(route(newest, no_batches, methods=["GET", "POST"], access=signed))
    made.append(route(f"/{PLACES[0]}/fetch/{{hash}}", fetch, methods=["GET"], access=signed))
    made.append(route("/v1/telemetry", telemetry, methods=["POST"], access=signed))
    return made


ROUTES = _routes()
