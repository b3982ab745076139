"""Make a hub out of a backup, on whatever database and store the settings name.

The backup is looked over before anything is made. Then objects first: they are immutable, so an
interrupted restore goes on where it was. Then, in one transaction, the schema as it was when the
backup was taken, all rows, and the schema of today: what is refused leaves no hub behind. Every
file is compared with its SHA-256 on the way; one that is not what it was refuses all, unless it is
to be left out, and `check` then names what cannot be read without it. The hub comes back with
another Xet generation: clients remember which chunks one holds, and this may lack what was sent
after the backup.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from iriai.base import backup, clock, instance, portable
from iriai.base.backup import Head, Kept, Told
from iriai.base.clock import Clock
from iriai.base.db import connect
from iriai.base.errors import Conflict, HubError, Invalid
from iriai.base.events import HUB
from iriai.base.migrate import newest, upgrading
from iriai.base.stores import Store, open_store
from iriai.base.tx import Ground, Tx

if TYPE_CHECKING:
    from iriai.settings import Settings

PUTS_AT_ONCE = 4
PUTS_AHEAD = 64

LeftOut = Callable[[str], None]
"""Called with the key of an object that is missing from a backup, or not what it was."""


def restore(
    settings: "Settings",
    folder: Path,
    told: Told,
    *,
    left_out: LeftOut | None = None,
    now: Clock = clock.now,
) -> Head:
    """Bring the hub in `folder` back to life where `settings` point, which is empty.

    `left_out` is told of each damaged object; without it the first one is an `Invalid`.
    """
    head = require_whole(folder, objects=left_out is None)
    with _database(settings) as engine:
        store = open_store(settings.store, staging=settings.cache_folder / "staging")
        ground = Ground(engine=engine, store=store, clock=now, settings=settings, secret=b"")
        _require_empty(ground)
        _bring_objects(store, folder, head, told, left_out)
        with upgrading(engine) as (connection, upgrade):
            upgrade(head.schema)
            tx = Tx(connection=connection, now=now(), ground=ground)
            _fill(tx, folder, head, told)
            tx.close()
            upgrade("head")
    return head


def require_whole(folder: Path, *, objects: bool = True) -> Head:
    """A backup that this version can read and that is all there; contents of objects later.

    Without `objects` only its tables must be there.
    """
    head = backup.head(folder)
    if head.schema > newest():
        raise Invalid(f"This backup was made by a newer version, {head.version}; use that one.")
    for name in head.tables:
        backup.table_file(folder, head, name)
    for kept in backup.objects(folder, head) if objects else ():
        place = backup.place_of(folder, kept.key)
        if not place.is_file() or place.stat().st_size != kept.size:
            raise backup.damaged(kept.key)
    return head


@contextmanager
def _database(settings: "Settings") -> Iterator[Engine]:
    """The database; where this fails, a SQLite file that was made for it goes again."""
    engine = connect(settings.database, settings.database_pool)
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    made = file is not None and not Path(file).exists()
    try:
        yield engine
    except BaseException:
        engine.dispose()
        for ending in ("", "-wal", "-shm") if made else ():
            Path(f"{file}{ending}").unlink(missing_ok=True)
        raise
    engine.dispose()


def _require_empty(ground: Ground) -> None:
    with ground.read() as tx:
        if not inspect(tx.connection).has_table("events"):
            return
        if tx.connection.execute(text("SELECT count(*) FROM events")).scalar_one():
            raise Conflict("There is a hub in this database already; restore into an empty one.")


def _bring_objects(
    store: Store, folder: Path, head: Head, told: Told, left_out: LeftOut | None
) -> None:
    waiting = iter(backup.objects(folder, head))
    done = 0
    with ThreadPoolExecutor(PUTS_AT_ONCE) as pool:
        while some := list(islice(waiting, PUTS_AHEAD)):
            brought = pool.map(partial(_bring_object, store, folder), some)
            for kept, is_sound in zip(some, brought, strict=True):
                if not is_sound:
                    if left_out is None:
                        raise backup.damaged(kept.key)
                    left_out(kept.key)
                done += 1
                told("objects", done, head.objects)


def _bring_object(store: Store, folder: Path, kept: Kept) -> bool:
    """Whether an object is in the store now; False where it is damaged in the backup."""
    try:
        if store.size(kept.key) == kept.size:
            return True
    except HubError:
        pass  # not there yet, or not as it should be: bring it
    source = backup.place_of(folder, kept.key)
    if not source.is_file():
        return False
    staged = store.staging() / f"restore-{token_hex(16)}"
    try:
        if backup.copied(backup.pieces(source), staged) != kept.sha256:
            return False
        store.put(kept.key, staged)
        return True
    finally:
        staged.unlink(missing_ok=True)


def _fill(tx: Tx, folder: Path, head: Head, told: Told) -> None:
    done = 0

    def count(rows: int) -> None:
        nonlocal done
        done += rows
        told("rows", done, head.rows)

    known = {table.name: table for table in portable.tables(tx.connection)}
    _require_same(known, head)
    portable.empty(tx.connection, known.values())
    try:
        for name, table in known.items():
            facts = head.tables[name]
            rows = portable.read(tx.connection, table, backup.table_file(folder, head, name), count)
            if rows != facts["rows"]:
                raise backup.damaged(name)
            portable.set_counter(tx.connection, table, facts["counter"])
    except SQLAlchemyError as error:
        raise Invalid("The rows of this backup do not fit the database.") from error
    before = instance.fact(tx, instance.GENERATION) or "0"
    instance.change(tx, instance.GENERATION, _next_generation(before, tx.ground.clock))
    tx.record(HUB, "operator", "restored", "backup/hub", made_at=head.made_at)


def _require_same(known: Iterable[str], head: Head) -> None:
    missing = set(head.tables) ^ set(known)
    if missing:
        raise Invalid(f"The backup and its schema do not agree about the table {min(missing)}.")


def _next_generation(before: str, now: Clock) -> str:
    """A number that no earlier life of this hub has used."""
    earlier = int(before) if before.isdecimal() else 0
    return str(max(earlier + 1, int(now().timestamp())))
