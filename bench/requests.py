"""Small requests on one worker with SQLite: how many a second, with how many SQL statements each.

The server has core 0, the client core 1 (32 connections, plain sockets). The limit is what a hub of
some thousand users needs at its busiest: 2,000 a second of HEAD resolve and of repository info, at
most 3 statements each; an idle server of 120 MB; and a first start, which makes the database and
signs the first checkpoint, that answers within 3 seconds.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.row import Row, main
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.utils import disable_progress_bars
from tests.support.server import LiveHub, living

CONNECTIONS = 32
RATE_WANTED = 2_000
STATEMENTS_MAX = 3
IDLE_MB_MAX = 120
START_SECONDS_MAX = 3
STARTS = 5


class Caller(asyncio.Protocol):
    """Asks again as soon as it is answered."""

    def __init__(self, request: bytes, until: float, head: bool) -> None:
        self.request, self.until, self.head = request, until, head
        self.count, self.buffer, self.done = 0, b"", asyncio.get_running_loop().create_future()

    def connection_made(self, transport) -> None:
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        if not self.head:
            length = head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
            if len(body) < int(length):
                return
        assert head.startswith(b"HTTP/1.1 200"), head[:200]
        self.buffer = b""
        self.count += 1
        if time.monotonic() < self.until:
            self.transport.write(self.request)
        else:
            self.transport.close()
            self.done.set_result(self.count)


async def rate(port: int, method: str, path: str, token: str, seconds: float) -> float:
    """Requests a second."""
    sign = f"Authorization: Bearer {token}\r\n" if token else ""
    request = f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{sign}\r\n".encode()
    loop = asyncio.get_running_loop()
    began = time.monotonic()
    callers = []
    for _ in range(CONNECTIONS):
        _, caller = await loop.create_connection(
            lambda: Caller(request, began + seconds, method == "HEAD"), "127.0.0.1", port
        )
        callers.append(caller)
    counts = await asyncio.gather(*(each.done for each in callers))
    return sum(counts) / (time.monotonic() - began)


STATEMENTS = """
import asyncio, json, sys
from sqlalchemy import event
from iriai import app
from iriai.base.opening import open_ground
from iriai.settings import load

ground = open_ground(load())
counted = []
event.listen(ground.engine, "before_cursor_execute",
    lambda c, cursor, statement, *rest: counted.append(statement))
hub = app.hub(ground)

async def ask(method, path, token):
    sent = []
    headers = [(b"host", b"bench")]
    headers += [(b"authorization", b"Bearer " + token.encode())] if token else []
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1), "state": {}}
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        sent.append(message)
    await hub(scope, receive, send)
    assert sent[0]["status"] == 200, (path, sent)

async def main():
    found = {}
    for name, method, path, token in json.load(sys.stdin):
        await ask(method, path, token)  # caches fill; the token's last use is noted
        await asyncio.sleep(0.2)
        counted.clear()
        await ask(method, path, token)
        found[name] = [each for each in counted if not each.startswith("BEGIN")]
    print(json.dumps(found))

asyncio.run(main())
"""


def statements(hub, calls: list[tuple[str, str, str, str]]) -> dict[str, list[str]]:
    """The SQL of one request each, asked of an app in a process of its own on the same state."""
    done = subprocess.run(
        [sys.executable, "-c", STATEMENTS],
        input=json.dumps(calls),
        env=hub.server_env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def start_seconds(folder: Path, starts: int) -> float:
    """How long a hub on an empty folder takes until it answers: the median of some."""
    taken = []
    for number in range(starts):
        hub = LiveHub(folder / f"start-{number}", is_cold=True)
        begun = time.monotonic()
        hub.start()
        taken.append(time.monotonic() - begun)
        hub.stop()
    return statistics.median(taken)


def idle_mb(hub) -> float:
    """The memory of a server that has answered a few requests and then nothing."""
    for path in ("/healthz", "/api/models", "/"):
        with urllib.request.urlopen(hub.url + path) as answer:
            answer.read()
    time.sleep(2)
    status = Path(f"/proc/{hub.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1_024 / 1e6


def cpu_seconds(hub) -> float:
    """The processor time the server has taken so far, which a busy machine disturbs less."""
    words = Path(f"/proc/{hub.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def filled(hub) -> None:
    """A repository like most: a card, a configuration, a tokenizer, weights."""
    disable_progress_bars()
    api = HfApi(endpoint=hub.url, token=hub.token)
    api.create_repo("ada/model")
    files = {f"part-{number}.json": b"{}" for number in range(16)}
    files |= {"README.md": b"---\nlicense: mit\n---\n# A\n", "config.json": b'{"a": 1}'}
    files |= {"model.safetensors": os.urandom(1 << 20)}
    api.create_commit(
        "ada/model",
        [CommitOperationAdd(path, content) for path, content in files.items()],
        commit_message="files",
    )


def calls(token: str) -> list[tuple[str, str, str, str]]:
    """What is measured."""
    small, large = (
        "/ada/model/resolve/main/config.json",
        "/ada/model/resolve/main/model.safetensors",
    )
    info = "/api/models/ada/model"
    return [
        ("HEAD resolve, small file", "HEAD", small, ""),
        ("HEAD resolve, small file, signed in", "HEAD", small, token),
        ("HEAD resolve, large file", "HEAD", large, ""),
        ("HEAD resolve, large file, signed in", "HEAD", large, token),
        ("repository info", "GET", info, ""),
        ("repository info, signed in", "GET", info, token),
    ]


def run(fast: bool) -> list[Row]:
    """Measure."""
    rows, rounds, seconds = [], 1 if fast else 5, 1.5 if fast else 3.0
    with tempfile.TemporaryDirectory() as folder:
        seconds_to_start = start_seconds(Path(folder), 1 if fast else STARTS)
        hub = living(Path(folder), is_cold=True)
        try:
            megabytes = idle_mb(hub)
            filled(hub)
            if len(os.sched_getaffinity(0)) > 1:
                for task in Path(f"/proc/{hub.process.pid}/task").iterdir():
                    os.sched_setaffinity(int(task.name), {0})
                os.sched_setaffinity(0, {1})
            asked = calls(hub.token)
            found: dict[str, list[float]] = {name: [] for name, *_ in asked}
            cost: dict[str, list[float]] = {name: [] for name, *_ in asked}
            for _ in range(rounds):
                for name, method, path, token in asked:
                    before = cpu_seconds(hub)
                    reached = asyncio.run(rate(hub.port, method, path, token, seconds))
                    found[name].append(reached)
                    cost[name].append((cpu_seconds(hub) - before) / (reached * seconds))
        finally:
            hub.stop()
        sql = statements(hub, asked)
    for name, rates in found.items():
        count, median = len(sql[name]), statistics.median(rates)
        met = median >= RATE_WANTED and count <= STATEMENTS_MAX
        spent = statistics.median(cost[name]) * 1e6
        note = f"{count} SQL statements (at most {STATEMENTS_MAX}), {spent:.0f} us of CPU a request"
        rows.append(
            Row(name, median, RATE_WANTED, "1/s", median / RATE_WANTED, ">= 1.0", met, note)
        )
    for name, reached, limit, unit in (
        ("idle server", megabytes, IDLE_MB_MAX, "MB RSS"),
        ("first start", seconds_to_start, START_SECONDS_MAX, "s"),
    ):
        ratio = reached / limit
        rows.append(Row(name, reached, limit, unit, ratio, "<= 1.0", ratio <= 1.0))
    return rows


if __name__ == "__main__":
    main(run)
