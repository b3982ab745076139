"""Where this process keeps the packs it reads: per repository, a folder of exactly the live ones.

With a local store the folder holds links to the store's own files and nothing is kept twice. With
a bucket, packs are fetched once per machine into a pool that is trimmed by size. The folders belong
to one process and go with it; those of processes that died are found by their lock and removed.
"""

import atexit
import fcntl
import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from iriai.base import durable
from iriai.base.errors import Unavailable
from iriai.base.stores import Store

POOL_BYTES_MAX = 20 << 30
DIGEST_BYTES = 20
KINDS = (".pack", ".idx")


def key(repo_id: int, name: str, kind: str) -> str:
    """Where a pack or its index is in the store."""
    return f"git/{repo_id}/{name}{kind}"


class Shelf:
    """The packs on this machine, for one process."""

    def __init__(self, cache: Path, store: Store, pool_bytes_max: int = POOL_BYTES_MAX) -> None:
        self._store = store
        self._pool_bytes_max = pool_bytes_max
        self.root = cache / "git"
        self._pool = self.root / "packs"
        self._pool.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(self.root)
        self.mine = Path(tempfile.mkdtemp(dir=self.root, prefix="of-"))
        self._lock = _locked(self.mine / "lock")
        self._pid = os.getpid()
        self._fetching = threading.Lock()
        atexit.register(self.close)

    def close(self) -> None:
        """Remove what is this process's own. The pool stays."""
        if self._lock >= 0 and os.getpid() == self._pid:
            shutil.rmtree(self.mine, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1
            atexit.unregister(self.close)

    def folder(self, repo_id: int) -> Path:
        """The GIT_DIR of a repository's packs, made where it is not there yet."""
        made = self.mine / str(repo_id)
        if (made / "HEAD").exists():
            return made
        begun = made / "HEAD.new"
        with durable.disk_errors("The repository could not be opened"):
            for inner in ("objects/pack", "objects/info", "refs"):
                (made / inner).mkdir(parents=True, exist_ok=True)
            (made / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
            begun.write_text("ref: refs/heads/main\n")
            begun.replace(made / "HEAD")  # whole, or not there: the disk may be full
        return made

    def drop(self, repo_id: int) -> None:
        """Forget a repository's folder; it is made again when asked for."""
        shutil.rmtree(self.mine / str(repo_id), ignore_errors=True)

    def has(self, repo_id: int, name: str) -> bool:
        """Whether a pack is in a repository's folder and its bytes are here."""
        folder = self.mine / str(repo_id) / "objects/pack"
        return all((folder / f"pack-{name}{kind}").exists() for kind in KINDS)

    def lay(self, repo_id: int, names: Iterable[str]) -> None:
        """Put packs into a repository's folder. A `.pack` comes before git sees its `.idx`."""
        folder = self.folder(repo_id) / "objects/pack"
        with durable.disk_errors("The repository could not be read"):
            for name in names:
                for kind in KINDS:
                    self._lay(folder / f"pack-{name}{kind}", self._source(repo_id, name, kind))

    def _lay(self, place: Path, source: Path) -> None:
        if place.is_symlink() and not place.exists():
            place.unlink(missing_ok=True)
        with suppress(FileExistsError):
            place.symlink_to(source)

    def lift(self, repo_id: int, names: Iterable[str]) -> None:
        """Take packs out of a repository's folder. Readers that have them open go on."""
        folder = self.folder(repo_id) / "objects/pack"
        for name in names:
            for kind in reversed(KINDS):
                (folder / f"pack-{name}{kind}").unlink(missing_ok=True)

    def _source(self, repo_id: int, name: str, kind: str) -> Path:
        """The file itself: the store's own, or one in the pool."""
        own = self._store.local_path(key(repo_id, name, kind))
        if own is not None:
            return own
        pooled = self._pool / f"{name}{kind}"
        with self._fetching:
            if pooled.exists():
                os.utime(pooled)
            else:
                self._fetch(key(repo_id, name, kind), pooled)
                self._trim(keep=name)
        return pooled

    def _fetch(self, wanted: str, place: Path) -> None:
        """Bring a pack here; its last 20 bytes must be the SHA-1 of all before."""
        digest = hashlib.sha1(usedforsecurity=False)
        tail = b""
        with tempfile.NamedTemporaryFile(dir=self._pool, prefix="tmp_", delete=False) as made:
            try:
                for piece in self._store.stream(wanted):
                    made.write(piece)
                    tail += piece
                    digest.update(tail[:-DIGEST_BYTES])
                    tail = tail[-DIGEST_BYTES:]
                made.close()
                if digest.digest() != tail:
                    raise Unavailable(f"The pack {wanted} is damaged.", code="ObjectDamaged")
                Path(made.name).rename(place)
            except BaseException:
                Path(made.name).unlink(missing_ok=True)
                raise

    def _trim(self, keep: str) -> None:
        """Remove the files used longest ago while the pool is too big."""
        files = [(each.stat(), each) for each in self._pool.iterdir() if each.suffix in KINDS]
        total = sum(stat.st_size for stat, _ in files)
        for stat, each in sorted(files, key=lambda pair: pair[0].st_mtime):
            if total <= self._pool_bytes_max:
                break
            if each.stem != keep:
                each.unlink(missing_ok=True)
                total -= stat.st_size


def _locked(path: Path) -> int:
    """A lock that is held while this process lives."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _remove_abandoned(root: Path) -> None:
    """Remove the folders of processes that are gone: nobody holds their lock."""
    for folder in root.glob("of-*"):
        try:
            descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # being made this moment, or gone already
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)
