"""Cloning 10,000 objects from the hub against `git http-backend`, git's own HTTP server.

The peer is the same repository, bare, served by `git http-backend` through a minimal CGI gateway on
the same web server (uvicorn) in a process of its own. Clones are bare, interleaved, and counted
whole (process start, negotiation, transfer, indexing by the client): what people wait for.
"""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.row import Row, compared, main
from huggingface_hub import HfApi
from tests.support.processes import free_ports
from tests.support.server import LiveHub, living

OBJECTS = 10_000
FILES_A_FOLDER = 97
CLONES = 7

GATEWAY = """
import asyncio, os, sys
from asyncio.subprocess import PIPE

ROOT = sys.argv[1]


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    env = {
        "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": ROOT, "GIT_HTTP_EXPORT_ALL": "1",
        "REQUEST_METHOD": scope["method"], "PATH_INFO": scope["path"],
        "QUERY_STRING": scope["query_string"].decode(),
        "CONTENT_TYPE": headers.get("content-type", ""),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""), "GIT_CONFIG_NOSYSTEM": "1",
    }
    process = await asyncio.create_subprocess_exec(
        "git", "http-backend", env=env, stdin=PIPE, stdout=PIPE, limit=1 << 18
    )
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        if message.get("body"):
            process.stdin.write(message["body"])
    process.stdin.close()
    head = (await process.stdout.readuntil(b"\\r\\n\\r\\n")).decode().split("\\r\\n")
    pairs = [line.split(": ", 1) for line in head if ": " in line]
    status = next((int(value[:3]) for name, value in pairs if name == "Status"), 200)
    pairs = [(name.lower().encode(), value.encode()) for name, value in pairs if name != "Status"]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    while piece := await process.stdout.read(1 << 18):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
    await process.wait()


import uvicorn
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
"""


def git(*words: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    """Run git and fail loudly."""
    subprocess.run(["git", *map(str, words)], cwd=cwd, env=env, check=True, capture_output=True)


def written(folder: Path, objects: int) -> Path:
    """A repository of about so many objects: small files in folders, one commit."""
    work = folder / "work"
    for number in range(objects - objects // FILES_A_FOLDER):
        place = work / f"{number // FILES_A_FOLDER:03}" / f"{number:05}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"file {number}\n" + os.urandom(150).hex())
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    git("init", "-q", "-b", "main", cwd=work)
    git("add", ".", cwd=work)
    git(*who, "commit", "-q", "-m", "All at once", cwd=work)
    return work


@contextmanager
def backend(folder: Path, work: Path) -> Iterator[str]:
    """The peer, serving a bare repository that got the same push and no upkeep since."""
    root = folder / "peer"
    git("init", "-q", "--bare", "-b", "main", root / "tiny")
    git("push", "-q", root / "tiny", "main", cwd=work)
    (folder / "gateway.py").write_text(GATEWAY)
    (port,) = free_ports(1)
    command = [sys.executable, str(folder / "gateway.py"), str(root), str(port)]
    with subprocess.Popen(command) as process:
        try:
            url = f"http://127.0.0.1:{port}/tiny"
            _wait(f"{url}/info/refs?service=git-upload-pack")
            yield url
        finally:
            process.kill()


def _wait(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer.")


def uploaded(hub: LiveHub, work: Path) -> str:
    """The same repository on the hub, by a push."""
    HfApi(endpoint=hub.url, token=hub.token).create_repo("ada/tiny")
    url = hub.url.replace("://", f"://ada:{hub.token}@") + "/ada/tiny"
    git("push", "-q", "--force", url, "main", cwd=work, env=hub.env)
    return f"{hub.url}/ada/tiny"


def cloned(url: str, folder: Path, env: dict[str, str]) -> float:
    """Seconds of one bare clone."""
    place = folder / f"clone-{time.monotonic_ns()}"
    began = time.monotonic()
    git("clone", "-q", "--bare", url, place, env=env)
    took = time.monotonic() - began
    git("rev-parse", "-q", "--verify", "HEAD", cwd=place)
    subprocess.run(["rm", "-rf", str(place)], check=True)
    return took


def run(fast: bool) -> list[Row]:
    """Clones of both, by turns."""
    objects = OBJECTS // 10 if fast else OBJECTS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work = written(folder, objects)
        hub = living(folder / "hub", is_cold=True)
        try:
            ours_url = uploaded(hub, work)
            env = hub.env
            with backend(folder, work) as peer_url:
                ours, peer = [], []
                for round_ in range(CLONES + 1):
                    a, b = cloned(ours_url, folder, env), cloned(peer_url, folder, env)
                    if round_:  # the first of each warms up
                        ours.append(a)
                        peer.append(b)
        finally:
            hub.stop()
    note = f"bare clone of {objects:,} objects, median of {CLONES}, peer: git http-backend"
    return [compared("git clone", ours, peer, "s", goal="<= 1.15", note=note)]


if __name__ == "__main__":
    main(run)
