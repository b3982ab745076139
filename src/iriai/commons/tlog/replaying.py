"""Replay a log: from its entries alone, what the database should hold, beside what it does hold."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import orjson

import iriai.commons
from iriai.base import events, ledger, ledger_entries, ledger_parts
from iriai.base.errors import Invalid
from iriai.base.ledger import Difference
from iriai.base.ledger_entries import State
from iriai.base.tx import Ground, Tx
from iriai.commons.tlog import queries

ATTEMPTS_MAX = 3

Count = Callable[[int], None]


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


@dataclass(frozen=True, slots=True)
class Told:
    """What a log has told: of how many entries, the rows there should be, and what is amiss."""

    entries: int
    state: State
    faults: tuple[Difference, ...]


def replay(ground: Ground, commons_id: int, told: Count = lambda _: None) -> Replay:
    """Replay a commons' log, with what waits to be sealed; again where it grew meanwhile."""
    for _ in range(ATTEMPTS_MAX):
        with ground.read() as tx:
            before = _length(tx, commons_id)
            should = read(tx, commons_id, told)
            found = live(tx, commons_id)
            besides = tuple(each for ask in ledger.BESIDES for each in ask(tx, commons_id))
            done = Replay(should.entries, should.state, found, besides=should.faults + besides)
            if should.state != found:
                done = replace(done, plainly=_plainly(tx, commons_id))
            if not done.differences or _length(tx, commons_id) == before:
                return done
    return done


def read(tx: Tx, commons_id: int, told: Count = lambda _: None) -> Told:
    """What the log of a commons here says, with what lies beside its entries."""
    state: State = {}
    faults: list[Difference] = []
    count = 0
    for count, (at, text, hidden) in enumerate(queries.kept(tx, commons_id), 1):
        if b'"state"' in text or b'"hidden"' in text or hidden is not None:
            entry = _read(text, count - 1)
            beside = ledger_entries.read_beside(entry, hidden)
            if entry.get("verb") == ledger_entries.IMPORTED:
                faults.clear()  # what came from elsewhere came without
            if beside is None:
                where = "an entry that waits" if at is None else f"entry {at:,}"
                message = f"The hidden part of {where} is missing or was changed."
                faults.append(Difference("events", str(count - 1), message))
            ledger_entries.apply(state, entry, beside)
        told(count)
    return Told(count, state, tuple(faults))


def logged(entries: Iterable[bytes]) -> State:
    """The rows that a log says there are, to whoever has only its entries.

    Older ones name hidden rows as well, newer ones do not: `ledger_entries.shown` has the others.
    """
    found: State = {}
    for count, entry in enumerate(entries):
        if b'"state"' in entry:
            ledger_entries.apply(found, _read(entry, count))
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
    for part in ("repos", "identity", "buckets", "discussions"):
        import_module(f"iriai.{part}.tables")
    for module in walk_packages(iriai.commons.__path__, "iriai.commons."):
        if module.name.endswith((".tables", ".replayed")):
            import_module(module.name)


def _plainly(tx: Tx, commons_id: int) -> dict[str, str]:
    return {each.name: each.plainly for each in ledger_parts.live(tx, commons_id)}


def _length(tx: Tx, commons_id: int) -> int:
    return events.head(tx, commons_id).size + events.unsealed(tx, commons_id)
