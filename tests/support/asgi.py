"""Ask the app itself, without a server: one request in, status, headers and body out."""

import asyncio
import atexit
import json
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from iriai.app import Hub

_own = threading.local()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    hub: Hub,
    method: str,
    url: str,
    *,
    token: str = "",
    body: bytes | dict = b"",
    headers: dict[str, str] | None = None,
    client: str = "127.0.0.1",
) -> Answer:
    """One request. `url` is a path as it is sent, with its query."""
    path, _, query = url.partition("?")
    sent = {"host": "hub.test"} | {name.lower(): value for name, value in (headers or {}).items()}
    if token:
        sent["authorization"] = f"Bearer {token}"
    if isinstance(body, dict):
        body = json.dumps(body).encode()
        sent.setdefault("content-type", "application/json")
    sent["content-length"] = str(len(body))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": (client, 1),
        "server": ("hub.test", 80),
    }
    return _runner().run(_answered(hub, scope, body))


def _runner() -> asyncio.Runner:
    """One loop for all requests of a thread: to make one takes as long as most answers."""
    if not hasattr(_own, "runner"):
        _own.runner = asyncio.Runner()
        atexit.register(_own.runner.close)
    return _own.runner


async def _answered(hub: Hub, scope: dict[str, Any], body: bytes) -> Answer:
    messages: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        messages.append(message)

    await hub(scope, receive, send)
    start = messages[0]
    headers = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    content = b"".join(each.get("body", b"") for each in messages[1:])
    return Answer(start["status"], headers, content)
