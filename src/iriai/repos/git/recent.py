"""A bounded memory of facts that never change, the least recently used forgotten first."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The `size` facts used last, safe for many threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._facts: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The fact, or None where it is not remembered."""
        with self._lock:
            found = self._facts.get(key)
            if found is not None:
                self._facts.move_to_end(key)
            return found

    def put(self, key: K, value: V) -> list[V]:
        """Remember a fact. Returns what was forgotten for it."""
        forgotten: list[V] = []
        with self._lock:
            self._facts[key] = value
            self._facts.move_to_end(key)
            while len(self._facts) > self._size:
                forgotten.append(self._facts.popitem(last=False)[1])
        return forgotten

    def pop(self, key: K) -> V | None:
        """Forget a fact."""
        with self._lock:
            return self._facts.pop(key, None)

    def clear(self) -> list[V]:
        """Forget everything."""
        with self._lock:
            forgotten = list(self._facts.values())
            self._facts.clear()
        return forgotten
