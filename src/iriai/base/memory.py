"""Memory: what large requests took is given back, soon after they are answered.

glibc keeps what is let go for the next who asks, in up to eight arenas for each core, and gives
back only what lies at an arena's end: a hub that once was busy held twice what it needs for good.
So there are two arenas here, and every half minute the gaps in them go back. Large blocks stay
with glibc in between: taken from the system each time, they would be read into ten times as slowly.
Where another C library is used nothing is done.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

M_ARENA_MAX = -8
ARENAS = 2
"""Python's small blocks come from its own heap: more arenas hold little more than gaps."""
TRIM_SECONDS = 30.0


@contextmanager
def given_back() -> Iterator[None]:
    """Give memory back while this lasts. To be begun before there are threads that work."""
    glibc = _glibc()
    if glibc is None:
        yield
        return
    glibc.mallopt(M_ARENA_MAX, ARENAS)
    done = threading.Event()

    def trim() -> None:
        while not done.wait(TRIM_SECONDS):
            glibc.malloc_trim(0)

    thread = threading.Thread(target=trim, name="memory", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _glibc() -> ctypes.CDLL | None:
    try:
        found = ctypes.CDLL(None)
        found.mallopt.argtypes = (ctypes.c_int, ctypes.c_int)
        found.malloc_trim.argtypes = (ctypes.c_size_t,)
    except (AttributeError, OSError, TypeError):
        return None
    return found
