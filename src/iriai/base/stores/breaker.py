"""A breaker: when a thing we depend on has failed several times in a row, stop asking for a while.

Without it every request waits out the time-outs of a store that is down, and holds a thread
while it does.
"""

import threading
import time

from iriai.base.errors import Unavailable

FAILURES_MAX = 5
REST_SECONDS = 5.0


class Breaker:
    """Closed while calls succeed; open for a rest after `FAILURES_MAX` failures in a row."""

    def __init__(self, name: str, *, rest: float = REST_SECONDS) -> None:
        self._name = name
        self._rest = rest
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0

    def require_closed(self) -> None:
        """Raise at once while the breaker is open; after the rest, let calls try again."""
        if time.monotonic() < self._open_until:
            raise Unavailable(f"{self._name} does not answer. Try again soon.", code="StoreFailed")

    def succeeded(self) -> None:
        """It answers."""
        if self._failures:
            with self._lock:
                self._failures = 0

    def failed(self) -> None:
        """It did not; one more, and we may stop asking."""
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES_MAX:
                self._open_until = time.monotonic() + self._rest
