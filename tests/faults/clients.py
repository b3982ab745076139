"""Clients that write what they were promised into an ack log, and the checker that reads it.

Each client writes paths that nobody else writes, so that what must be there at the end is plain:
every acknowledged commit in its branch's history, every acknowledged file with the same bytes.
"""

import base64
import hashlib
import http.client
import json
import random
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 60
LARGE_BYTES = 3_000_000
SMALL_BYTES = 2_000

Failure = (OSError, http.client.HTTPException, subprocess.CalledProcessError)
"""What a client sees when the hub dies under it (HTTP errors of urllib are OSErrors)."""


@dataclass(frozen=True, slots=True)
class Ack:
    """One file the hub said it has."""

    repo: str
    path: str
    sha256: str
    commit: str


@dataclass
class AckLog:
    """What was acknowledged, by all clients."""

    _acks: list[Ack] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, *acks: Ack) -> None:
        with self._lock:
            self._acks.extend(acks)

    def all(self) -> list[Ack]:
        with self._lock:
            return list(self._acks)


@dataclass(frozen=True, slots=True)
class Wire:
    """The hub's API as a client without cleverness or retries speaks it."""

    url: str
    token: str

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
    ) -> bytes:
        """The answer's body; `urllib.error.HTTPError` for 4xx and 5xx."""
        url = path if path.startswith("http") else f"{self.url}{path}"
        given = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(url, data=body, headers=given, method=method)
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return bytes(answer.read())

    def create(self, repo: str) -> None:
        self.ask("POST", "/api/repos/create", {"name": repo.split("/")[1], "type": "model"})

    def commit(self, repo: str, files: dict[str, bytes], large: dict[str, bytes]) -> str:
        """One commit of small files, and of large ones that the hub already has. Gives its oid."""
        lines: list[dict[str, Any]] = [{"key": "header", "value": {"summary": "Add files"}}]
        lines += [
            {
                "key": "file",
                "value": {
                    "path": path,
                    "content": base64.b64encode(content).decode(),
                    "encoding": "base64",
                },
            }
            for path, content in files.items()
        ]
        lines += [
            {
                "key": "lfsFile",
                "value": {
                    "path": path,
                    "algo": "sha256",
                    "oid": hashlib.sha256(content).hexdigest(),
                    "size": len(content),
                },
            }
            for path, content in large.items()
        ]
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        answer = self.ask(
            "POST",
            f"/api/models/{repo}/commit/main",
            body,
            {"Content-Type": "application/x-ndjson"},
        )
        return str(json.loads(answer)["commitOid"])

    def send_large(self, repo: str, content: bytes) -> None:
        """Upload one LFS object, as any LFS client does."""
        oid = hashlib.sha256(content).hexdigest()
        batch = json.loads(
            self.ask(
                "POST",
                f"/{repo}.git/info/lfs/objects/batch",
                {
                    "operation": "upload",
                    "transfers": ["basic"],
                    "hash_algo": "sha256",
                    "objects": [{"oid": oid, "size": len(content)}],
                },
                {
                    "Accept": "application/vnd.git-lfs+json",
                    "Content-Type": "application/vnd.git-lfs+json",
                },
            )
        )
        actions = batch["objects"][0].get("actions", {})
        if "upload" in actions:
            self._put(actions["upload"], content)
        if "verify" in actions:
            verify = actions["verify"]
            self.ask(
                "POST",
                verify["href"],
                {"oid": oid, "size": len(content)},
                verify.get("header", {}) | {"Content-Type": "application/vnd.git-lfs+json"},
            )

    def _put(self, upload: dict[str, Any], content: bytes) -> None:
        request = urllib.request.Request(
            upload["href"], data=content, headers=upload.get("header", {}), method="PUT"
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            answer.read()

    def read(self, repo: str, path: str, revision: str = "main") -> bytes:
        return self.ask("GET", f"/{repo}/resolve/{revision}/{urllib.parse.quote(path)}")

    def history(self, repo: str) -> set[str]:
        """The oids of all commits of main."""
        return {each["id"] for each in self._pages(f"/api/models/{repo}/commits/main?limit=1000")}

    def tree(self, repo: str) -> dict[str, dict[str, Any]]:
        """All files of main, by path."""
        entries = self._pages(f"/api/models/{repo}/tree/main?recursive=true")
        return {each["path"]: each for each in entries if each["type"] == "file"}

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        url = f"{self.url}{path}"
        while url:
            request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self.token}"})
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                yield from json.load(answer)
                link = answer.headers.get("Link", "")
            url = link.split(">")[0].lstrip("<") if 'rel="next"' in link else ""


def broken_promises(wire: Wire, acks: list[Ack]) -> list[str]:
    """Every acknowledged commit or file that is not there, or not the same, as a sentence."""
    broken = []
    for repo in sorted({ack.repo for ack in acks}):
        mine = [ack for ack in acks if ack.repo == repo]
        history, tree = wire.history(repo), wire.tree(repo)
        for ack in mine:
            if ack.commit not in history:
                broken.append(f"{repo}: commit {ack.commit} is not in the history")
            if ack.path not in tree:
                broken.append(f"{repo}: {ack.path} is not in the tree")
            elif hashlib.sha256(wire.read(repo, ack.path)).hexdigest() != ack.sha256:
                broken.append(f"{repo}: {ack.path} has other bytes")
    return broken


@dataclass
class Writer:
    """Writes to one repository until told to stop; what fails is tried again, unchanged."""

    wire: Wire
    repo: str
    log: AckLog
    seed: int
    write: Callable[["Writer", int], None]
    retried: int = 0
    failure: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)
    patience: float = 120
    rest_seconds: float = 0

    def start(self) -> "Writer":
        self.random = random.Random(self.seed)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def stop(self) -> None:
        """Finish the write that is under way, and no other."""
        self.stopping.set()
        self.thread.join(self.patience * 2)
        if self.thread.is_alive():
            self.failure = self.failure or f"{self.repo}: still writing after {self.patience * 2} s"

    def note(self, path: str, content: bytes, commit: str) -> None:
        self.log.note(Ack(self.repo, path, hashlib.sha256(content).hexdigest(), commit))

    def _run(self) -> None:
        number = 0
        while not self.stopping.wait(self.rest_seconds):
            number += 1
            state = self.random.getstate()
            waited = 0.0
            while True:
                try:
                    self.random.setstate(state)
                    self.write(self, number)
                    break
                except Failure as error:
                    if isinstance(error, urllib.error.HTTPError) and error.code < 500:
                        self.failure = f"{self.repo}: {error} {error.read()[:500]!r}"
                        return
                    self.retried += 1
                    waited += 0.2
                    if waited > self.patience:
                        self.failure = f"{self.repo}: {error!r}"
                        return
                    threading.Event().wait(0.2)


def write_small(writer: Writer, number: int) -> None:
    """A commit of three small files."""
    files = {f"small/{number}-{n}.txt": writer.random.randbytes(SMALL_BYTES) for n in range(3)}
    oid = writer.wire.commit(writer.repo, files, {})
    for path, content in files.items():
        writer.note(path, content, oid)


def write_large(writer: Writer, number: int) -> None:
    """An LFS upload and the commit that names it."""
    content = writer.random.randbytes(LARGE_BYTES)
    writer.wire.send_large(writer.repo, content)
    oid = writer.wire.commit(writer.repo, {}, {f"large/{number}.bin": content})
    writer.note(f"large/{number}.bin", content, oid)


def write_through_xet(writer: Writer, number: int) -> None:
    """An upload by the real client, through Xet."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    content = writer.random.randbytes(LARGE_BYTES)
    try:
        made = HfApi(endpoint=writer.wire.url, token=writer.wire.token).upload_file(
            path_or_fileobj=content,
            path_in_repo=f"xet/{number}.bin",
            repo_id=writer.repo,
        )
    except (HfHubHTTPError, RuntimeError, ConnectionError) as error:
        raise OSError(str(error)) from error
    except Exception as error:  # the client's own transport errors share no base class
        if type(error).__module__.startswith(("httpx", "httpcore", "huggingface_hub", "hf_xet")):
            raise OSError(repr(error)) from error
        raise
    writer.note(f"xet/{number}.bin", content, made.oid)


@dataclass
class GitClone:
    """A work tree of a real git, pushing to one repository."""

    folder: Path

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=TIMEOUT_SECONDS,
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": str(self.folder),
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_LFS_SKIP_SMUDGE": "1",
            },
        )
        return done.stdout.strip()

    def prepare(self, wire: Wire, repo: str) -> None:
        self.folder.mkdir(parents=True)
        address = wire.url.replace("://", f"://ada:{wire.token}@")
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.email", "ada@example.org")
        self.git("config", "user.name", "Ada")
        self.git("remote", "add", "origin", f"{address}/{repo}")
        self.git("pull", "-q", "origin", "main")

    def write(self, writer: Writer, number: int) -> None:
        """One commit, pushed; pushed again when the answer was lost."""
        path = f"git/{number}.txt"
        content = writer.random.randbytes(SMALL_BYTES).hex().encode()
        target = self.folder / path
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(content)
            self.git("add", path)
            self.git("commit", "-q", "-m", f"Add {path}")
        self.git("push", "-q", "origin", "main")
        writer.note(path, content, self.git("rev-parse", "HEAD"))
