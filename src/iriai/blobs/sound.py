"""What this process read through lately and found sound, chunk by chunk.

Every chunk is hashed before it is sent, which costs more than sending it. One that was found sound
is believed for `SOUND_FOR_SECONDS`, and for as long as nobody has touched its file: a file is known
by its number, its length and when its content and its facts were last changed, which no program can
set back. Where times are told by the second, or by the clock's tick, a change right after another
does not show: of a file that changed a moment ago nothing is believed. Nor is it to whoever still
reads a xorb by the places that its chunks had before it was sent again, packed otherwise; nor where
the store is not here.
"""

from array import array
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from threading import Lock

from iriai.base import clock
from iriai.base.tx import Ground
from iriai.blobs import rules
from iriai.blobs.xet.chunks import ChunkTable
from iriai.blobs.xet.hashes import to_hex

SOUND_FOR_SECONDS = 24 * 3600
SETTLED_SECONDS = 2.0
"""How long ago a file has to have changed: no file system in use tells times more coarsely."""
REMEMBERED_MAX = 10_000
"""Xorbs, of 64 MiB at most and some hundred bytes each here."""

PACKING_BYTES = 16
"""Of the hash of where its chunks end."""

Mark = tuple[int, int, int, int, int]


@dataclass(slots=True)
class _Known:
    """What is known of a file with this mark, packed so: a bit for each sound chunk."""

    mark: Mark
    packing: bytes
    until: float
    sound: int = 0


_known: OrderedDict[bytes, _Known] = OrderedDict()
_lock = Lock()


class XorbFile:
    """A xorb's file, where the store has one here, as it is packed by somebody's table."""

    def __init__(self, ground: Ground, digest: bytes, table: ChunkTable, path: Path) -> None:
        self._digest, self._path, self._clock = digest, path, ground.clock
        self._packing = blake2b(array("I", table.ends), digest_size=PACKING_BYTES).digest()

    def mark(self) -> Mark | None:
        """What the file is known by, to be asked for before it is read; None where it is gone."""
        try:
            facts = self._path.stat(follow_symlinks=False)
        except OSError:  # whoever reads it will say so
            return None
        return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns

    def is_sound(self, start: int, end: int) -> bool:
        """Whether chunks `start` to `end` were found sound lately."""
        mark, wanted = self.mark(), _bits(start, end)
        with _lock:
            known = self._lookup(mark)
            return known is not None and known.sound & wanted == wanted

    def found_sound(self, mark: Mark | None, start: int, end: int) -> None:
        """Remember that these chunks are, unless the file is not what it was before it was read."""
        if mark is None or self.mark() != mark or not _is_settled(mark):
            return
        with _lock:
            known = self._lookup(mark)
            if known is None:
                known = _Known(mark, self._packing, self._clock().timestamp() + SOUND_FOR_SECONDS)
                _known[self._digest] = known
                _known.move_to_end(self._digest)
                if len(_known) > REMEMBERED_MAX:
                    _known.popitem(last=False)
            known.sound |= _bits(start, end)

    def _lookup(self, mark: Mark | None) -> _Known | None:
        known = _known.get(self._digest)
        if known is None or (known.mark, known.packing) != (mark, self._packing):
            return None
        return known if self._clock().timestamp() < known.until else None


def opened(ground: Ground, digest: bytes, table: ChunkTable) -> XorbFile | None:
    """The file of a xorb, where the store has one here."""
    path = ground.store.local_path(rules.xorb_key(to_hex(digest)))
    return None if path is None else XorbFile(ground, digest, table, path)


def _is_settled(mark: Mark) -> bool:
    """Whether any change from now on moves the file's time; by the clock that files are told by."""
    return clock.now().timestamp() - mark[-1] / 1e9 >= SETTLED_SECONDS


def _bits(start: int, end: int) -> int:
    return (1 << end) - (1 << start)
