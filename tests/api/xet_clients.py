"""What the tests of the large-file doors share: people, repositories, and dishonest uploads."""

import hashlib
from dataclasses import dataclass
from typing import Any

from tests.support import xet
from tests.support.wire import Wire

from iriai.blobs.xet import hashes
from iriai.blobs.xet.chunks import ChunkTable

PLURAL = {"model": "models", "dataset": "datasets", "space": "spaces"}


def create(wire: Wire, name: str, *, kind: str = "model", private: bool = False) -> str:
    """A repository; its full name."""
    body = {"name": name, "type": kind, "private": private}
    answer = wire.ask("POST", "/api/repos/create", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["name"] if "/" in answer.json().get("name", "") else f"ada/{name}"


@dataclass
class Cas:
    """The store, as the holder of one Xet token sees it."""

    wire: Wire
    url: str
    token: str

    @classmethod
    def of(cls, wire: Wire, repo: str, access: str = "write", kind: str = "model") -> "Cas":
        """With a fresh token for a repository."""
        path = f"/api/{PLURAL[kind]}/{repo}/xet-{access}-token/main"
        answer = wire.ask("GET", path)
        assert answer.status_code == 200, answer.text
        granted = answer.json()
        return cls(wire, granted["casUrl"], granted["accessToken"])

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """One request to the store."""
        return self.wire.ask(method, self.url + path, token=more.pop("token", self.token), **more)

    def xorb(self, body: bytes, name: str, *, path: str = "/v1/xorbs/default/", **more: Any) -> Any:
        return self.ask("POST", path + name, content=body, **more)

    def shard(self, data: bytes, *, path: str = "/v1/shards", **more: Any) -> Any:
        return self.ask(more.pop("method", "POST"), path, content=data, **more)


@dataclass
class Upload:
    """Some content, its xorb, and the shard that says so."""

    content: bytes
    body: bytes
    table: ChunkTable
    shard: bytes

    @classmethod
    def of(cls, seed: int, *, chunks: int = 4, length: int = 20_000) -> "Upload":
        raws = [xet.noise(length, seed=seed * 1_000 + n) for n in range(chunks)]
        body, table = xet.xorb(raws)
        content = b"".join(raws)
        claim = xet.claim(table, 0, chunks, hashlib.sha256(content).hexdigest())
        return cls(content, body, table, xet.shard([claim], [table]))

    @property
    def name(self) -> str:
        """The xorb's."""
        return hashes.to_hex(self.table.root())

    @property
    def file(self) -> str:
        """The Xet file's."""
        run = self.table.hashes_of(0, len(self.table))
        return hashes.to_hex(hashes.file_hash(run, self.table.lengths(0, len(self.table))))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def send(self, cas: Cas) -> None:
        """Send it, as it should be sent."""
        assert cas.xorb(self.body, self.name).status_code == 200
        answer = cas.shard(self.shard)
        assert answer.json() == {"result": 1}, answer.text
