import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.support import xet

from iriai.base.tx import Ground
from iriai.blobs import content, queries, receiving, registration
from iriai.blobs.registration import Upload
from iriai.blobs.tables import RepoObject

ADA, BOB, EVE = 1, 2, 3
"""Repositories, which are only numbers here."""


def readable(*repo_ids: int) -> queries.Readable:
    """A SELECT of these repositories."""
    return select(RepoObject.repo_id).where(RepoObject.repo_id.in_(repo_ids))


def staged(ground: Ground, content: bytes) -> Path:
    """Bytes as they lie when a request has brought them."""
    path = ground.store.staging() / f"upload-{hashlib.sha256(content).hexdigest()[:16]}"
    path.write_bytes(content)
    return path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Sender:
    """A client that sends to one repository and may read some others."""

    ground: Ground
    repo_id: int
    reads: tuple[int, ...] = ()

    def xorb(self, body: bytes, name: str) -> bool:
        return receiving.receive_xorb(self.ground, self.repo_id, name, staged(self.ground, body))

    def shard(self, data: bytes) -> bool:
        upload = Upload(self.repo_id, 7, readable(*self.reads))
        return registration.register_shard(self.ground, upload, data)

    def by_xet(self, folder: Path, *contents: bytes) -> xet.Packed:
        """Send these contents as the real client packs them."""
        packed = packed_contents(folder, *contents)
        for name, path in packed.xorbs.items():
            self.xorb(path.read_bytes(), name)
        for shard in packed.shards:
            self.shard(shard)
        return packed

    def by_lfs(self, content: bytes) -> str:
        """Send this content whole."""
        digest = sha256(content)
        path = staged(self.ground, content)
        receiving.receive_object(self.ground, self.repo_id, digest, len(content), path)
        return digest

    def object(self, digest: str):
        with self.ground.read() as tx:
            return queries.object(tx, self.repo_id, digest)

    def read(self, digest: str, first: int = 0, last: int | None = None) -> bytes:
        """Read an object of this repository through its Xet file."""
        stored = self.object(digest)
        with self.ground.read() as tx:
            file = queries.file_in(tx, self.repo_id, stored.xet_hash)
        end = file.size - 1 if last is None else last
        return b"".join(content.stream(self.ground, file.terms, first, end))


def packed_contents(folder: Path, *contents: bytes) -> xet.Packed:
    """What the real client would send of these contents."""
    folder.mkdir(parents=True)
    files = []
    for place, each in enumerate(contents):
        files.append(folder / f"file-{place}")
        files[-1].write_bytes(each)
    return xet.pack(folder / "packed", files)


@pytest.fixture
def sender(ground: Ground) -> Callable[..., Sender]:
    """A client of the ground: `sender(ADA)`, `sender(BOB, reads=(ADA,))`."""
    return lambda repo_id, reads=(): Sender(ground, repo_id, reads)


@pytest.fixture
def any_sender(any_ground: Ground) -> Callable[..., Sender]:
    """The same on both pairs of database and store."""
    return lambda repo_id, reads=(): Sender(any_ground, repo_id, reads)


@pytest.fixture
def folders(tmp_path: Path):
    """A fresh folder each time."""
    made = []

    def fresh() -> Path:
        made.append(tmp_path / f"folder-{len(made)}")
        return made[-1]

    yield fresh
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)
