"""An object sent whole becomes a Xet file, and after a day its whole copy goes.

Nothing depends on it: both forms are served to everybody. It is done for the space, and so that Xet
clients can fetch chunks. What comes out is registered like anybody's upload, SHA-256 and all.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import exists, select

from iriai.base.errors import Unavailable
from iriai.base.tx import Ground, Tx
from iriai.blobs import packing, queries, receiving, registration, rules
from iriai.blobs.registration import Upload
from iriai.blobs.rules import BlobState, Origin
from iriai.blobs.tables import RepoObject, StoredBytes, XetFile


@dataclass(frozen=True, slots=True)
class Work:
    """An object to convert, in the name of a repository whose writer sent it."""

    sha256: str
    repo_id: int


def convert(ground: Ground, sha256: str) -> None:
    """Convert an object that is kept whole and not yet as a Xet file."""
    with ground.read() as tx:
        work = _work(tx, sha256)
    if work is None:
        return
    with _folder(ground) as folder:
        with _file(ground, sha256, folder) as file:
            packing.pack(file, folder)
        for name, path in packing.xorbs(folder):
            receiving.receive_xorb(ground, work.repo_id, name, path)
        upload = Upload(work.repo_id, None, queries.nowhere())
        for shard in packing.shards(folder):
            registration.register_shard(ground, upload, shard)
    with ground.write() as tx:
        if not _is_converted(tx, sha256):
            raise Unavailable(f"Object {sha256} did not come out of its conversion as it went in.")
        tx.enqueue(
            "blobs.drop", {"sha256": sha256}, key=f"blobs.drop:{sha256}", delay=rules.BLOB_DELAY
        )


def _work(tx: Tx, sha256: str) -> Work | None:
    sent_first = (
        select(RepoObject.repo_id)
        .join(StoredBytes, StoredBytes.sha256 == RepoObject.sha256)
        .where(
            RepoObject.sha256 == sha256,
            StoredBytes.blob_state == BlobState.KEPT,
            StoredBytes.size > 0,
        )
        .order_by(RepoObject.origin != Origin.SENT, RepoObject.linked_at, RepoObject.repo_id)
        .limit(1)
    )
    repo_id = tx.connection.execute(sent_first).scalar_one_or_none()
    if repo_id is None or _is_converted(tx, sha256):
        return None
    return Work(sha256, repo_id)


def _is_converted(tx: Tx, sha256: str) -> bool:
    pointed = exists().where(
        StoredBytes.sha256 == sha256,
        StoredBytes.xet_hash == XetFile.hash,
        XetFile.sha256 == sha256,
        ~XetFile.damaged,
    )
    return bool(tx.connection.execute(select(pointed)).scalar_one())


@contextmanager
def _folder(ground: Ground) -> Iterator[Path]:
    """A folder for the packing process, removed with all that is in it."""
    place = ground.settings.cache_folder / "converting"
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _file(ground: Ground, sha256: str, folder: Path) -> Iterator[Path]:
    """The object as a file of this machine."""
    key = rules.blob_key(sha256)
    path = ground.store.local_path(key)
    if path is not None:
        yield path
        return
    fetched = folder / "object"
    with fetched.open("wb") as file:
        for piece in ground.store.stream(key):
            file.write(piece)
    yield fetched
    fetched.unlink()
