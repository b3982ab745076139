"""Jobs: work asked for in a transaction and done after it.

`tx.enqueue` writes a row beside the change itself, so a job exists exactly when its change does. A
worker claims the next due row for a short lease (`SKIP LOCKED`, or SQLite's writer lock), keeps
the lease alive while it works, and deletes the row when done. A worker that dies loses its lease
and another takes the row: jobs run at least once and must be idempotent. A failure is tried again
later and later; after `ATTEMPTS_MAX` the row stays as `dead`, with its error, for a person to see;
so does one whose workers die as often (`bury`), lest it take every hub down that it is given to.
A job that must wait for something says until when (`PutOffError`), and has not failed.

What comes round by itself has one row for good: it waits, runs, fails and waits again as that row,
so a long or failing one is never joined by another of its kind.
"""

import logging
import secrets
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Index, Text, case, delete, or_, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table
from iriai.base.errors import HubError

if TYPE_CHECKING:
    from iriai.base.tx import Ground, Tx

ATTEMPTS_MAX = 5
LEASE = timedelta(seconds=45)
LEASE_RENEWAL_SECONDS = 15.0
BACKOFF = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30))
ERROR_LENGTH_MAX = 4_000
ROUND = "every:"
"""How the key of a row begins that comes round by itself."""

log = logging.getLogger(__name__)

Run = Callable[["Ground", Mapping[str, Any]], None]


class PutOffError(Exception):
    """What a job raises that is to be done again at a later moment, as if it had not begun."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"To be done after {until}.")
        self.until = until


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: its name, what it does, and how often it comes round by itself."""

    name: str
    run: Run
    every: timedelta | None


KINDS: dict[str, Kind] = {}


class Job(Table):
    """Work that waits, runs or has failed for good. Finished work leaves no row."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_due", "state", "run_at"),
        Index(
            "uq_jobs_waiting_key",
            "key",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str]
    key: Mapped[str | None]
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="waiting")
    run_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class Asked:
    """A job that is asked for: what, with which facts, under which key, and how much later."""

    kind: str
    payload: Mapping[str, Any]
    key: str | None = None
    delay: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this worker holds."""

    id: int
    kind: str
    key: str | None
    payload: Mapping[str, Any]
    attempts: int
    worker: str

    @property
    def comes_round(self) -> bool:
        """Whether it is the row of a recurring kind, not one that was asked for beside it."""
        return (self.key or "").startswith(ROUND) and self.kind in _recurring()


def job(name: str, *, every: timedelta | None = None) -> Callable[[Run], Run]:
    """Register a function as what jobs of this name do; `every` makes it come round by itself."""

    def register(run: Run) -> Run:
        KINDS[name] = Kind(name, run, every)
        return run

    return register


def enqueue(tx: "Tx", asked: Iterable[Asked]) -> None:
    """Write waiting jobs; of one key, one that waits already is enough.

    That one is locked, so that no worker takes it before this transaction's change is there to be
    seen. Others lock the same ones: so this comes last in a transaction, in the order of keys.
    """
    written = tx.insert(Job)
    locked = written.on_conflict_do_update(
        index_elements=[Job.key],
        index_where=text("state = 'waiting'"),
        set_={"key": written.excluded.key},
    )
    for each in sorted(asked, key=lambda one: one.key or ""):
        row = {
            "kind": each.kind,
            "key": each.key,
            "payload": dict(each.payload),
            "state": "waiting",
            "run_at": tx.now + (each.delay or timedelta()),
            "attempts": 0,
        }
        tx.connection.execute(locked, row)


def schedule(ground: "Ground") -> None:
    """See to it that every recurring job waits for its turn, and that no job kills for ever."""
    with ground.read() as tx:
        there = select(Job.kind).where(Job.key.startswith(ROUND), Job.state != "dead")
        missing = _recurring() - set(tx.connection.execute(there).scalars())
    if missing:
        with ground.write() as tx:
            enqueue(tx, (Asked(name, {}, f"{ROUND}{name}") for name in missing))
    _pull_in(ground)
    bury(ground)


def _pull_in(ground: "Ground") -> None:
    """What waits for longer than it ever has to was put there by a clock that was ahead."""
    is_waiting = Job.state == "waiting"
    longest = {
        each.name: max(each.every, BACKOFF[-1]) for each in KINDS.values() if each.every is not None
    }
    now = ground.clock()
    late = [
        (Job.kind == name) & Job.key.startswith(ROUND) & (Job.run_at > now + most)
        for name, most in longest.items()
    ]
    failed = (Job.attempts > 0) & Job.kind.not_in(longest)
    late.append(failed & (Job.run_at > now + BACKOFF[-1]))
    with ground.read() as tx:
        asked = select(Job.id, Job.kind).where(is_waiting, or_(*late))
        wrong = tx.connection.execute(asked).all()
    if wrong:
        with ground.write() as tx:
            for each in wrong:
                moment = now + longest.get(each.kind, BACKOFF[-1])
                is_late = (Job.id == each.id) & is_waiting & (Job.run_at > moment)
                tx.connection.execute(update(Job).where(is_late).values(run_at=moment))


def bury(ground: "Ground") -> None:
    """Give up what no worker has outlived; what comes round by itself waits for a long while."""
    with ground.read() as tx:
        asked = select(Job.id, Job.kind, Job.key, Job.attempts, Job.claimed_by).where(
            _is_lapsed(tx.now), Job.attempts >= ATTEMPTS_MAX
        )
        killers = tx.connection.execute(asked).all()
    for each in killers:
        claim = Claim(each.id, each.kind, each.key, {}, each.attempts, each.claimed_by)
        _failed(ground, claim, "Every worker that did this ended in the middle of it.")


def _recurring() -> set[str]:
    return {kind.name for kind in KINDS.values() if kind.every is not None}


def _is_lapsed(now: datetime) -> ColumnElement[bool]:
    """Jobs whose worker has died."""
    return (Job.state == "running") & (Job.claimed_until < now)


def run_next(ground: "Ground", worker: str = "") -> bool:
    """Do the next due job, if there is one. Returns whether there was."""
    claim = _claim(ground, worker or secrets.token_hex(8))
    if claim is None:
        return False
    kind = KINDS.get(claim.kind)
    try:
        if kind is None:
            raise LookupError(f"No code here knows jobs of kind {claim.kind!r}.")
        with _kept_alive(ground, claim):
            kind.run(ground, claim.payload)
    except PutOffError as later:
        _put_off(ground, claim, later.until)
    except Exception:  # noqa: BLE001 - whatever went wrong is kept with the job
        _failed(ground, claim, traceback.format_exc()[-ERROR_LENGTH_MAX:])
    else:
        _finished(ground, claim, kind)
    return True


def run_due(ground: "Ground", limit: int = 10_000) -> int:
    """Do all that is due now. Returns how many jobs ran."""
    done = 0
    while done < limit and run_next(ground):
        done += 1
    return done


def _claim(ground: "Ground", worker: str) -> Claim | None:
    with ground.write() as tx:
        due = or_(
            (Job.state == "waiting") & (Job.run_at <= tx.now),
            _is_lapsed(tx.now) & (Job.attempts < ATTEMPTS_MAX),
        )
        oldest = (
            select(Job.id, Job.kind, Job.key, Job.payload, Job.attempts)
            .where(due)
            .order_by(Job.run_at, Job.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = tx.connection.execute(oldest).one_or_none()
        if row is None:
            return None
        tx.connection.execute(
            update(Job)
            .where(Job.id == row.id)
            .values(
                state="running",
                attempts=row.attempts + 1,
                claimed_by=worker,
                claimed_until=tx.now + LEASE,
            )
        )
        return Claim(row.id, row.kind, row.key, row.payload, row.attempts + 1, worker)


@contextmanager
def _kept_alive(ground: "Ground", claim: Claim) -> Iterator[None]:
    """Renew the lease while the job runs."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(LEASE_RENEWAL_SECONDS):
            with suppress(HubError), ground.write() as tx:  # tried again before it lapses
                tx.connection.execute(
                    update(Job).where(_is_held(claim)).values(claimed_until=tx.now + LEASE)
                )

    thread = threading.Thread(target=renew, name=f"lease-{claim.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=LEASE_RENEWAL_SECONDS)


def _finished(ground: "Ground", claim: Claim, kind: Kind | None) -> None:
    if claim.comes_round and kind is not None and kind.every is not None:
        next_at = ground.clock() + kind.every
        _wait_again(ground, claim, state="waiting", run_at=next_at, attempts=0, error=None)
        return
    with ground.write() as tx:
        tx.connection.execute(delete(Job).where(_is_held(claim)))


def _put_off(ground: "Ground", claim: Claim, until: datetime) -> None:
    _wait_again(ground, claim, state="waiting", run_at=until, attempts=claim.attempts - 1)


def _failed(ground: "Ground", claim: Claim, error: str) -> None:
    log.error("Job %s (%s) failed, attempt %s:\n%s", claim.id, claim.kind, claim.attempts, error)
    dead = claim.attempts >= ATTEMPTS_MAX and not claim.comes_round
    pause = BACKOFF[min(claim.attempts, len(BACKOFF)) - 1]
    state = "dead" if dead else "waiting"
    _wait_again(ground, claim, state=state, run_at=ground.clock() + pause, error=error)


def _wait_again(ground: "Ground", claim: Claim, **values: Any) -> None:
    """Give a job back: under a key of its own, because another of its key may wait by now.

    What comes round keeps its key; should another of it wait all the same, that one is enough.
    """
    given = update(Job).where(_is_held(claim)).values(claimed_until=None, **values)
    with ground.write() as tx:
        if not claim.comes_round:
            again = case((Job.key.is_(None), None), else_=Job.key + f"#{claim.id}")
            tx.connection.execute(given.values(key=again))
            return
        try:
            with tx.attempt():
                tx.connection.execute(given.values(key=f"{ROUND}{claim.kind}"))
        except IntegrityError:
            tx.connection.execute(delete(Job).where(_is_held(claim)))


def _is_held(claim: Claim) -> ColumnElement[bool]:
    """That job, while it is still this worker's: not once another took it over."""
    return (Job.id == claim.id) & (Job.claimed_by == claim.worker)
