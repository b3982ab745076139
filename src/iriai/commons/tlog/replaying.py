"""Replay a log: from its entries alone, what the database should hold, beside what it does hold."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import orjson

import iriai.commons
from iriai.base import events, ledger, ledger_parts
from iriai.base.errors import Invalid
from iriai.base.ledger import Difference, State
from iriai.base.tx import Ground, Tx
from iriai.commons.tlog import queries

ATTEMPTS_MAX = 3


@dataclass(frozen=True, slots=True)
class Replay:
    """What a log says there is, and what there is."""

    entries: int
    should: State
    found: State
    plainly: Mapping[str, str] = field(default_factory=dict)
    besides: tuple[Difference, ...] = ()

    @property
    def differences(self) -> list[Difference]:
        """Where they part; rows are named as the database has them."""
        return [*ledger.differences(self.should, self.found, self.plainly), *self.besides]


def replay(ground: Ground, commons_id: int, told: Callable[[int], None] = lambda _: None) -> Replay:
    """Replay a commons' log, with what waits to be sealed; again where it grew meanwhile."""
    for _ in range(ATTEMPTS_MAX):
        with ground.read() as tx:
            before = _length(tx, commons_id)
            waiting = queries.waiting(tx, commons_id)
            entries = [text for _, text in queries.entries(tx, commons_id)]
            should = logged([*entries, *waiting], told)
            found = live(tx, commons_id)
            besides = tuple(each for ask in ledger.BESIDES for each in ask(tx, commons_id))
            done = Replay(len(entries) + len(waiting), should, found, besides=besides)
            if should != found:
                done = replace(done, plainly=_plainly(tx, commons_id))
            if not done.differences or _length(tx, commons_id) == before:
                return done
    return done


def logged(entries: Iterable[bytes], told: Callable[[int], None] = lambda _: None) -> State:
    """The rows that a log says there are."""
    found: State = {}
    for count, entry in enumerate(entries, 1):
        if b'"state"' in entry:
            ledger.apply(found, _read(entry, count - 1))
        told(count)
    return found


def _read(entry: bytes, position: int) -> dict[str, Any]:
    """An entry as it was written; another hub may have sent anything."""
    try:
        found = orjson.loads(entry)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("state", {}), dict):
        raise Invalid(f"Entry {position:,} of the log is none: it cannot be read.")
    return found


def live(tx: Tx, commons_id: int) -> State:
    """The rows that there are."""
    know_tables()
    return ledger.live(tx, commons_id)


@cache
def know_tables() -> None:
    """Load every part's tables and checks, so that none is passed over."""
    import_module("iriai.repos.tables")
    import_module("iriai.identity.tables")
    for module in walk_packages(iriai.commons.__path__, "iriai.commons."):
        if module.name.endswith((".tables", ".replayed")):
            import_module(module.name)


def _plainly(tx: Tx, commons_id: int) -> dict[str, str]:
    return {each.name: each.plainly for each in ledger_parts.live(tx, commons_id)}


def _length(tx: Tx, commons_id: int) -> int:
    return events.head(tx, commons_id).size + events.unsealed(tx, commons_id)
