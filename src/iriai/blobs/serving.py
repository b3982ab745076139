"""Is what is about to be served sound? Asked before the first byte of a xorb leaves the hub.

Xet clients check lengths only, so a flipped bit on a disk would be delivered in silence. Where we
send the bytes ourselves, the chunks asked for are read and hashed first, unless this process did so
lately and the file has not been touched since.
"""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from threading import Lock

from iriai.base.errors import Invalid
from iriai.base.tx import Ground
from iriai.blobs import content, queries, rules
from iriai.blobs.xet.hashes import from_hex

SOUND_FOR_SECONDS = 24 * 3600
REMEMBERED_MAX = 100_000

Mark = tuple[str, int, int, int, int, int]

_sound: OrderedDict[Mark, float] = OrderedDict()
_lock = Lock()


def require_sound(ground: Ground, xorb: str, first: int, last: int) -> int:
    """Read through chunks that are bytes `first` to `last` of a xorb; how long the xorb is.

    `Unavailable` (`ObjectDamaged`) where one is not what it should be.
    """
    with ground.read() as tx:
        table = queries.chunk_table(tx, from_hex(xorb))
    mark = _mark(ground, xorb, first, last)
    if mark is None or not _is_remembered(ground, mark):
        start = bisect_right(table.ends, first)
        end = bisect_left(table.ends, last + 1) + 1
        if last >= table.body_bytes or table.start(start) != first or table.start(end) != last + 1:
            raise Invalid("This range does not begin and end with chunks.")
        for run_start, run_end in content.runs(table, start, end):
            content.checked_run(ground, from_hex(xorb), table, run_start, run_end)
        if mark is not None:
            _remember(ground, mark)
    return table.body_bytes


def _mark(ground: Ground, xorb: str, first: int, last: int) -> Mark | None:
    """What is remembered: this range of this very file, unchanged."""
    path = ground.store.local_path(rules.xorb_key(xorb))
    if path is None:
        return None
    try:
        facts = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return (xorb, first, last, facts.st_ino, facts.st_mtime_ns, facts.st_size)


def _is_remembered(ground: Ground, mark: Mark) -> bool:
    with _lock:
        until = _sound.get(mark)
    return until is not None and until > ground.clock().timestamp()


def _remember(ground: Ground, mark: Mark) -> None:
    with _lock:
        _sound[mark] = ground.clock().timestamp() + SOUND_FOR_SECONDS
        if len(_sound) > REMEMBERED_MAX:
            _sound.popitem(last=False)
