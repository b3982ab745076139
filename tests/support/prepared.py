"""A hub that was filled once, and for each test a copy of its data folder with all that is in it.

Founding a commons, or a village with its people and data, takes a fifth of a second and more, and
a file of tests begins each with the same. It is done once, on SQLite and a folder, by the actions
that people use; a test gets the files as they were then, and a clock at the same moment.
"""

import copy
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text
from tests.support import schema

from iriai.base.opening import open_ground
from iriai.base.tx import Ground
from iriai.settings import Settings


class Prepared:
    """What `fill(ground, clock)` makes: an object that may have `ground` and `clock`, or nothing.

    A copy of the object stands on the copied hub. It is filled on first use, and kept as long as
    the test process lives.
    """

    def __init__(self, fill: Callable[[Ground, Any], Any]) -> None:
        self.fill = fill
        self._folder: Path | None = None
        self._made: Any = None
        self._moment: Any = None

    @contextmanager
    def copied(self, folder: Path, clock: Any) -> Iterator[Any]:
        """What was made, on a hub of its own in `folder`; the hub itself where nothing was."""
        if self._folder is None:
            self._folder = self._filled(type(clock)())
        shutil.copytree(self._folder, folder / "prepared")
        clock.moment = self._moment
        ground = open_ground(Settings(data=folder / "prepared"), now=clock)
        made = _standing(copy.deepcopy(self._made), ground, clock)
        try:
            yield ground if made is None else made
        finally:
            ground.engine.dispose()

    def _filled(self, clock: Any) -> Path:
        data = schema.newest_sqlite(Path(tempfile.mkdtemp(prefix="iriai-prepared-")) / "data")
        ground = open_ground(Settings(data=data), now=clock)
        self._made = _standing(self.fill(ground, clock), None, None)
        self._moment = clock.moment
        with ground.engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        ground.engine.dispose()
        return data


def _standing(made: Any, ground: Ground | None, clock: Any) -> Any:
    """The object, on this ground."""
    for name, value in {"ground": ground, "clock": clock}.items():
        if hasattr(made, name):
            setattr(made, name, value)
    return made
