"""Somebody who listens for webhooks: it keeps what it hears, and fails as often as it is told."""

import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support import waiting

FAILS_MAX = 3


@dataclass
class Heard:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def json(self) -> Any:
        """Its body."""
        return json.loads(self.body)

    @property
    def id(self) -> str:
        """The id that every try of one delivery carries."""
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """A server on a free port. `failing` is how often, from 0 to 1, it answers 500.

    It fails one delivery at most `FAILS_MAX` times: a sender waits three times longer each time.
    """

    failing: float = 0.0
    answer: Callable[[Heard], int] | None = None
    heard: list[Heard] = field(default_factory=list)
    seed: int = 7

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.fails: Counter[str] = Counter()
        self.lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.hear(self.path, dict(self.headers.items()), body)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"noted" if status == 200 else b"not today")

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hear(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Keep a request, and say how it is answered."""
        with self.lock:
            found = Heard(path, headers, body, 200)
            name = headers.get("webhook-id", "")
            if self.dice.random() < self.failing and self.fails[name] < FAILS_MAX:
                self.fails[name] += 1
                found.status = 500
            if self.answer is not None:
                found.status = self.answer(found)
            self.heard.append(found)
            return found.status

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def received(self) -> list[Heard]:
        """What it said it had received."""
        with self.lock:
            return [each for each in self.heard if each.status == 200]

    def wait(self, count: int, seconds: float = waiting.SECONDS) -> list[Heard]:
        """Wait until it has received so much."""
        waiting.until(lambda: len(self.received) >= count, seconds=seconds)
        return self.received

    def close(self) -> None:
        """Hang up."""
        self.server.shutdown()
        self.server.server_close()
