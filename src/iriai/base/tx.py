"""One unit of work. A door opens it, actions use it, and it commits once or not at all.

`Ground` is what a process stands on: database, store, clock, settings and the instance's secret.
`ground.read()` is a consistent view; `ground.write()` changes things and commits when left
normally, before the first byte of an answer. Bytes move and slow work happens outside.
"""

import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from iriai.base import events, jobs, ledger
from iriai.base.clock import Clock
from iriai.base.db import checked_out
from iriai.base.errors import Conflict, Invalid, Unavailable
from iriai.base.ledger_parts import NOTES
from iriai.base.stores import Store

if TYPE_CHECKING:
    from iriai.settings import Settings

NUL = "NUL (0x00)"
"""How PostgreSQL names the one character that no text of its may hold."""
UNIQUE_VIOLATION = "23505"
"""How PostgreSQL says that a row is there. SQLite has one writer: there it is a fault of ours."""
CHANGED_MEANWHILE = "ChangedMeanwhile"
"""The code of a `Conflict` that is nobody's answer: the same, begun anew, may well be done."""
SQLITE_ERROR = 1
"""SQLite's code for a statement that makes no sense: an unknown table or column."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a process stands on. `secret` signs URLs and short-lived tokens (32 bytes).

    `ledger_key` makes the digests of rows governed in part; empty, it is looked up.
    """

    engine: Engine
    store: Store
    clock: Clock
    settings: "Settings"
    secret: bytes = field(repr=False)
    ledger_key: bytes = field(default=b"", repr=False)

    @contextmanager
    def read(self) -> Iterator["Tx"]:
        """A consistent view of the database; nothing written in it is kept."""
        with _open(self, write=False) as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator["Tx"]:
        """A unit of work: committed when left normally, undone by an exception."""
        with _open(self, write=True) as tx:
            yield tx


@dataclass(slots=True)
class Tx:
    """All that an action may touch of the world."""

    connection: Connection
    now: datetime
    ground: Ground
    _session: Session | None = None
    _notes: ledger.Notes = field(default_factory=ledger.Notes)
    _recorded: list[events.Recorded] = field(default_factory=list)
    _asked: list[jobs.Asked] = field(default_factory=list)

    @property
    def session(self) -> Session:
        """The same transaction as objects, for single things. Bulk rows go through `connection`."""
        if self._session is None:
            self._session = ledger.Noting(
                self.connection,
                expire_on_commit=False,
                join_transaction_mode="control_fully",
                info={"connection": self.connection, "notes": self._notes},
            )
        return self._session

    @property
    def store(self) -> Store:
        """Where large bytes are. Put them there before the transaction opens."""
        return self.ground.store

    def insert(self, table: Any) -> "sqlite.Insert | postgresql.Insert":
        """`INSERT` into a table, which may say what to do where such a row is there already.

        Each database has that in a dialect of its own; both understand it alike.
        """
        if self.connection.dialect.name == "sqlite":
            return sqlite.insert(table)
        return postgresql.insert(table)

    def record(
        self,
        commons_id: int,
        actor: str,
        verb: str,
        subject: str,
        *,
        private: Mapping[str, Any] | None = None,
        **public: Any,
    ) -> None:
        """Say what happened, in the same transaction as the change itself."""
        self.flush()
        self._recorded.append(
            events.record(self, commons_id, actor, verb, subject, private=private, **public)
        )

    def enqueue(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        key: str | None = None,
        delay: timedelta | None = None,
    ) -> None:
        """Ask for a job in the same transaction; of one `key`, one that waits is enough."""
        self._asked.append(jobs.Asked(kind, payload, key, delay))

    def flush(self) -> None:
        """Send what the session holds to the database."""
        if self._session is not None:
            self._session.flush()

    def close(self) -> None:
        """Send all to the database, with what the log says of governed rows."""
        self.flush()
        if not self._notes.is_empty:
            ledger.close(self, self._notes, self._recorded)
        jobs.enqueue(self, self._asked)
        self._asked.clear()

    def restate(self, commons_id: int, state: Mapping[str, str | None]) -> None:
        """Say in the log what governed rows are that came past the session: an import does."""
        if state:
            self._notes.said.setdefault(commons_id, {}).update(state)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Something that may fail: an exception undoes it, and nothing else, and passes on."""
        with self.session.begin_nested():
            self.session.connection()  # only now is the savepoint there for plain statements too
            before, count, asked = self._notes.copy(), len(self._recorded), len(self._asked)
            try:
                yield
            except BaseException:
                self._notes.go_back(before)
                del self._recorded[count:], self._asked[asked:]
                raise


@contextmanager
def _open(ground: Ground, *, write: bool) -> Iterator[Tx]:
    try:
        with checked_out(ground.engine) as plain:
            connection = plain.execution_options(iriai_write=True) if write else plain
            with connection.begin() as transaction:
                tx = Tx(connection=connection, now=ground.clock(), ground=ground)
                if write:
                    connection.info[NOTES] = tx._notes.parts  # noqa: SLF001 - its own module
                try:
                    yield tx
                    if write:
                        tx.close()
                        transaction.commit()
                    else:
                        transaction.rollback()
                finally:
                    connection.info.pop(NOTES, None)
                    if tx._session is not None:  # noqa: SLF001 - its own module
                        tx._session.close()  # noqa: SLF001
    except PoolTimeout as error:
        raise _unavailable() from error
    except DataError as error:
        if NUL in str(error.orig):  # the doors refuse what they can; this is what came by others
            raise Invalid("A text cannot hold a null character.") from error
        raise
    except DBAPIError as error:
        if error.connection_invalidated or _is_away(error):
            raise _unavailable() from error
        if getattr(error.orig, "sqlstate", None) == UNIQUE_VIOLATION:
            which = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
            told = "Two wrote the same at once, or one wrote it twice: %s, in %s."
            log.warning(told, which, _place(error))
            raise Conflict(
                "Somebody changed the same at this moment; try again.", code=CHANGED_MEANWHILE
            ) from error
        raise


def _place(error: BaseException) -> str:
    """Which function of ours met an error; or, at its end, whose transaction it was."""
    met = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    around = [frame for frame, _ in traceback.walk_stack(None)]
    for frame in (*reversed(met), *around):
        module = str(frame.f_globals.get("__name__"))
        if module.startswith("iriai.") and module != __name__:
            return f"{module}.{frame.f_code.co_name}"
    return "?"


def _is_away(error: DBAPIError) -> bool:
    """Whether the database is at fault, and not the question put to it: SQLite calls both alike."""
    asked_wrongly = getattr(error.orig, "sqlite_errorcode", None) == SQLITE_ERROR
    return isinstance(error, OperationalError) and not asked_wrongly


def _unavailable() -> Unavailable:
    return Unavailable("The database does not answer; try again.", code="DatabaseUnavailable")
