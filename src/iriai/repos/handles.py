"""The objects of each repository, as this process reads them: a shelf of packs, open handles."""

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from iriai.base.tx import Ground
from iriai.repos.git.objects import Objects
from iriai.repos.git.recent import Recent
from iriai.repos.git.shelf import Shelf
from iriai.repos.tables import PackRow

if TYPE_CHECKING:
    from iriai.settings import Settings

HANDLES_MAX = 256
SHELVES_MAX = 8

_handles: Recent[tuple[Path, int], Objects] = Recent(HANDLES_MAX)
_shelves: Recent[Path, Shelf] = Recent(SHELVES_MAX)
_leaving: list[Objects] = []
_lock = threading.Lock()


def objects(ground: Ground, repo_id: int) -> Objects:
    """The objects of a repository. It asks which packs are live when it misses something."""
    shelf = shelf_of(ground)
    found = _handles.get((shelf.mine, repo_id))
    if found is None:
        with _lock:
            found = _handles.get((shelf.mine, repo_id))
            if found is None:
                found = Objects(repo_id, shelf, _live(ground, repo_id))
                _leaving.extend(_handles.put((shelf.mine, repo_id), found))
                _let_go(shelf)
    return found


def _let_go(shelf: Shelf) -> None:
    """Drop the folders of handles that were closed, unless they are open anew or in use yet."""
    for old in list(_leaving):
        if _handles.get((shelf.mine, old.repo_id)) is not None or old.drop():
            _leaving.remove(old)


def shelf_of(ground: Ground) -> Shelf:
    """Where this process keeps packs. One cache folder has one shelf."""
    cache = _cache_folder(ground.settings)
    found = _shelves.get(cache)
    if found is None:
        with _lock:
            found = _shelves.get(cache)
            if found is None:
                found = Shelf(cache, ground.store)
                for old in _shelves.put(cache, found):
                    old.close()
    return found


@lru_cache(maxsize=64)
def _cache_folder(settings: "Settings") -> Path:
    """Settings never change; making their path absolute costs as much as finding a file."""
    return settings.cache_folder


def _live(ground: Ground, repo_id: int) -> Callable[[], Sequence[str]]:
    query = select(PackRow.name).where(PackRow.repo_id == repo_id, PackRow.retired_at.is_(None))

    def live() -> Sequence[str]:
        with ground.read() as tx:
            return tx.connection.execute(query).scalars().all()

    return live
