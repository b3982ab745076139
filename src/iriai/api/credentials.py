"""Tokens that somebody found lying about are ended, whoever sends them."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from iriai.api import door
from iriai.api.bodies import body_bytes
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.identity.actions import revoke_leaked_token
from iriai.signin.apps import actions as apps

BODY_BYTES_MAX = 128 << 10
REVOKED_AT_ONCE_MAX = 1_000
NOT_KEPT = {"Cache-Control": "no-store"}


async def revoke_leaked(request: Request) -> Response:
    """Somebody found tokens lying about: `{"credentials": ["hf_…"]}`. The answer is always 202.

    Whoever holds a token may end it. The answer says nothing of whether there was one.
    """
    body = await body_bytes(request, limit=BODY_BYTES_MAX)
    await door.in_thread(end_leaked, request, body)
    return door.json_answer({"status": "accepted"}, 202, NOT_KEPT)


def end_leaked(request: Request, body: bytes) -> None:
    """End what is a token among what was sent."""
    try:
        sent: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        sent = body.decode("utf-8", "replace").split()
    if isinstance(sent, dict):
        sent = sent.get("credentials", sent.get("tokens", sent.get("token", [])))
    each = [sent] if isinstance(sent, str) else sent if isinstance(sent, list) else []
    found = [raw for raw in each[:REVOKED_AT_ONCE_MAX] if isinstance(raw, str)]
    if not found:
        return
    with door.ground_of(request).write() as tx:
        for raw in dict.fromkeys(found):
            apps.revoke(tx, raw)
            revoke_leaked_token(tx, raw)


ROUTES: list[DeclaredRoute] = [
    route("/api/credentials/revoke", revoke_leaked, methods=["POST"], access=Access.ANYONE),
]
