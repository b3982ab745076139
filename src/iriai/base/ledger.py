"""The ledger: governed rows are written down in the log, so that a hand in the database shows.

A table whose class says `governed: ClassVar[bool] = True` and has a `commons_id` is changed only
through objects of `tx.session`. Nobody has to write the change down: before the transaction
commits, the ground adds to the last event that it recorded for that commons

    "state": {"seats/12": "<SHA-256 of the row's canonical JSON>", "seats/9": null}

for every governed row that was made or changed, and null for one that was deleted. Replaying a log
therefore gives the digest of every row there should be, and a row that was changed, added or
removed by other means is found and named (`differences`). Three things are bugs, and fail the
transaction: a governed row that changes while nothing is recorded for its commons; an `insert`,
`update` or `delete` of a governed table that does not come from a session's objects; and a row that
is in no commons. Columns with `info={"private": True}` stay out of the digest, and are told beside
it as a part of the table, `cases.private/12`, whose digest has a key; those with
`info={"later": True}`, which an older hub's rows did not have, stay out as long as they are empty.

Of other tables a commons decides about some columns only; `base.ledger_parts` heeds those, and what
becomes of them stands in the same place, or of rows that the log must not name beside the entry
(`base.ledger_entries`). Where a transaction recorded nothing for the commons of
such a row, its log is told with an event of its own: `continued`, with the actor and subject of the
last event of the transaction, or `changed` by `system:log` where there was none.

What may fail half-way and be told as failed goes into `with tx.attempt():`, a savepoint which takes
back the ledger's notes as well.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Row, event, inspect, select
from sqlalchemy import Table as Bare
from sqlalchemy.orm import Session

from iriai.base import events, ledger_parts, ledger_reading
from iriai.base.batches import batches
from iriai.base.db import GOVERNED, IN_PART, Table
from iriai.base.ledger_entries import CONTINUED, State, restate
from iriai.base.ledger_parts import KEYS_AT_ONCE, NOTES, Touched, plain
from iriai.base.ledger_reading import UNREADABLE

if TYPE_CHECKING:
    from iriai.base.tx import Tx

COMMONS = "commons_id"
FLUSHING = "iriai_flushing"
ADMITTING = "iriai_admitting"
SYSTEM = "system:log"
CHECKPOINT = "commons.checkpoint"
"""The kind of job that signs a checkpoint of a commons' log; asked for when its state changes."""

Key = tuple[Any, ...]


@dataclass(slots=True)
class Notes:
    """Which governed rows a transaction touched: of each table, by key, the commons concerned.

    `said` is what somebody has to say of rows besides, by commons: an import does. `parts` is what
    rows governed in part were before.
    """

    touched: dict[Bare, dict[Key, set[int]]] = field(default_factory=dict)
    said: dict[int, dict[str, str | None]] = field(default_factory=dict)
    parts: Touched = field(default_factory=Touched)

    def copy(self) -> "Notes":
        """The same notes, to go back to."""
        rows = {
            table: {key: set(commons) for key, commons in keys.items()}
            for table, keys in self.touched.items()
        }
        said = {commons: dict(each) for commons, each in self.said.items()}
        return Notes(rows, said, self.parts.copy())

    def go_back(self, before: "Notes") -> None:
        """Forget what came after a copy was taken."""
        self.touched, self.said = before.touched, before.said
        self.parts.before = before.parts.before

    @property
    def is_empty(self) -> bool:
        """Whether nothing was touched."""
        return not (self.touched or self.said or self.parts.before)


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the log says it is."""

    table: str
    row: str
    message: str


Besides = Callable[["Tx", int], Iterable[Difference]]
BESIDES: list[Besides] = []
"""What else a replay compares with rows: things that are none themselves."""


def beside(ask: Besides) -> Besides:
    """Have replays ask this too; it stands in a module called `replayed` of a part of commons."""
    BESIDES.append(ask)
    return ask


class Noting(Session):
    """A session that notes which governed rows it writes. `info` has `connection` and `notes`."""

    def flush(self, objects: Any = None) -> None:
        """Send changes to the database; only in here are governed tables written."""
        info = self.info["connection"].info
        info[FLUSHING] = True
        try:
            super().flush(objects)
        finally:
            info.pop(FLUSHING, None)


@event.listens_for(Noting, "before_flush")
def _heed(session: Noting, _context: object, _objects: object) -> None:
    connection = session.info["connection"]
    if NOTES in connection.info:
        ledger_parts.heed_objects(session, connection)


@event.listens_for(Noting, "after_flush")
def _note(session: Noting, _context: object) -> None:
    notes: Notes = session.info["notes"]
    ledger_parts.heed_added(notes.parts, session.new)
    for kept in session.new:
        _note_one(notes, kept)
    for kept in session.deleted:
        _note_one(notes, kept)
    for kept in session.dirty:
        if session.is_modified(kept):
            _note_one(notes, kept)


def _note_one(notes: Notes, kept: object) -> None:
    if not getattr(kept, "governed", False):
        return
    state = inspect(kept)
    table = state.mapper.local_table
    key = tuple(state.mapper.primary_key_from_instance(kept))
    history = state.attrs[state.mapper.get_property_by_column(_column(table)).key].history
    ids = {each for each in (*history.sum(), *(history.deleted or ())) if each is not None}
    if not ids:
        ids = {getattr(kept, COMMONS)}
    notes.touched.setdefault(table, {}).setdefault(key, set()).update(ids)


def guard(engine: Engine) -> None:
    """Refuse statements that write a governed table past the session's objects; heed the others."""

    @event.listens_for(engine, "before_execute")
    def refuse(
        connection: Connection, clause: Any, many: Any, params: Any, _options: object
    ) -> None:
        if not getattr(clause, "is_dml", False):
            return
        info = getattr(clause.table, "info", ())
        if GOVERNED in info and not {FLUSHING, ADMITTING} & connection.info.keys():
            raise RuntimeError(
                f"Bug: the governed table {clause.table.name} is written past the ledger; "
                "change its rows as objects of tx.session."
            )
        if IN_PART in info and FLUSHING not in connection.info:
            ledger_parts.heed(connection, clause, many, params)


@contextmanager
def admitting(tx: "Tx") -> Iterator[None]:
    """Let statements write governed tables: for rows that come with a log that has them already.

    Whoever uses this compares the rows with that log afterwards, and records what differs.
    """
    info = tx.connection.info
    info[ADMITTING] = True
    try:
        yield
    finally:
        info.pop(ADMITTING, None)


def close(tx: "Tx", notes: Notes, recorded: list[events.Recorded]) -> None:
    """Add what the transaction changed to the last event that it recorded for each commons."""
    whole, parts = _states(tx, notes), ledger_parts.states(tx, notes.parts)
    for commons_id in sorted(whole.keys() | parts.keys()):
        state = parts.get(commons_id, {}) | whole.get(commons_id, {})
        mine = [each for each in recorded if each.commons_id == commons_id]
        if not any(restate(tx, each, state) for each in reversed(mine)):
            if commons_id in whole:
                raise RuntimeError(
                    f"Bug: {', '.join(sorted(state))} changed and nothing was recorded for "
                    f"commons {commons_id}."
                )
            _tell(tx, commons_id, state, recorded)
        if commons_id in whole:
            tx.enqueue(CHECKPOINT, {"commons_id": commons_id}, key=f"checkpoint:{commons_id}")


def _tell(
    tx: "Tx", commons_id: int, state: Mapping[str, str | None], recorded: list[events.Recorded]
) -> None:
    """Tell a commons what became of its rows by what another's log tells, or nobody does."""
    if recorded:
        last = recorded[-1]
        actor, subject = last.entry["actor"], last.entry["subject"]
        made = events.record(tx, commons_id, actor, CONTINUED, subject, told_in=last.commons_id)
    else:
        made = events.record(tx, commons_id, SYSTEM, "changed", "ledger/rows")
    restate(tx, made, state)


def _states(tx: "Tx", notes: Notes) -> dict[int, dict[str, str | None]]:
    """By commons, the digest of each row that was touched; null where it is gone or elsewhere."""
    found = {commons: dict(rows) for commons, rows in notes.said.items()}
    for table, keys in notes.touched.items():
        now = {
            _key(table, row): (getattr(row, COMMONS), digest(table, row))
            for row in _rows(tx.connection, table, list(keys))
        }
        for key, commons in keys.items():
            lives_in, value = now.get(key, (None, None))
            for commons_id in commons | ({lives_in} if lives_in is not None else set()):
                state = found.setdefault(commons_id, {})
                state[name(table, key)] = value if commons_id == lives_in else None
    return found


def tables() -> list[Bare]:
    """Every governed table, by name."""
    found = {
        mapper.local_table
        for mapper in Table.registry.mappers
        if getattr(mapper.class_, GOVERNED, False)
    }
    return sorted((each for each in found if isinstance(each, Bare)), key=lambda each: each.name)


def name(table: Bare, key: Key) -> str:
    """How a row is called in the log."""
    return f"{table.name}/{'/'.join(str(part) for part in key)}"


def digest(table: Bare, row: Row[Any]) -> str:
    """The SHA-256 of a row's canonical JSON, without its private columns.

    A column that a table got later is left out where it is empty: rows from before stay proven.
    """
    values = zip(table.columns, row, strict=True)
    return digest_of(table, {column.name: plain(value) for column, value in values})


def digest_of(table: Bare, row: Mapping[str, Any]) -> str:
    """The same of a row as JSON has it. A column that it does not have is empty in it."""
    facts = {
        column.name: row.get(column.name)
        for column in table.columns
        if not column.info.get("private")
        and not (row.get(column.name) is None and column.info.get("later"))
    }
    return hashlib.sha256(events.canonical(facts)).hexdigest()


def live(tx: "Tx", commons_id: int) -> State:
    """The digest of every governed row of a commons, as the database has them now.

    Of one that cannot be read any more it is `unreadable`.
    """
    found: State = {}
    for table in tables():
        asked = select(table).where(_column(table) == commons_id)
        keys = list(table.primary_key.columns)
        rows = ledger_reading.read(tx.connection, asked, keys, partial(digest, table))
        found |= {name(table, key): value or UNREADABLE for key, value in rows}
    found |= {each.name: each.digest for each in ledger_parts.live(tx, commons_id)}
    return found


def state_digest(state: Mapping[str, str]) -> str:
    """One digest over all rows: the SHA-256 of the canonical JSON of `{row: digest}`."""
    return hashlib.sha256(events.canonical(dict(state))).hexdigest()


def differences(
    should: Mapping[str, str], found: Mapping[str, str], plainly: Mapping[str, str] | None = None
) -> Iterator[Difference]:
    """Where the rows found are not those that the log says there should be.

    `plainly`: what to call rows instead that the log hides in part, where one may.
    """
    for row in sorted(should.keys() | found.keys()):
        table, _, key = row.partition("/")
        key = (plainly or {}).get(row, key)
        if found.get(row) == UNREADABLE:
            yield Difference(table, key, f"The row {key} of {table} cannot be read any more.")
        elif row not in found:
            yield Difference(table, key, f"The row {key} of {table} is gone; the log has it.")
        elif row not in should:
            yield Difference(table, key, f"The row {key} of {table} is not in the log.")
        elif should[row] != found[row]:
            yield Difference(table, key, f"The row {key} of {table} was changed past the log.")


def _column(table: Bare) -> Any:
    if COMMONS not in table.columns:
        raise RuntimeError(f"Bug: the governed table {table.name} has no {COMMONS}.")
    return table.columns[COMMONS]


def _key(table: Bare, row: Row[Any]) -> Key:
    return tuple(row._mapping[column] for column in table.primary_key.columns)  # noqa: SLF001


def _rows(connection: Connection, table: Bare, keys: list[Key]) -> Iterator[Row[Any]]:
    columns = list(table.primary_key.columns)
    for some in batches(keys, KEYS_AT_ONCE):
        yield from connection.execute(select(table).where(ledger_parts.among(columns, some)))
