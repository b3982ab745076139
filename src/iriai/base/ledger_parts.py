"""Tables of which a commons decides some columns: who holds a repository, who may do what where.

Such a class says `in_part: ClassVar[tuple[Part, ...]]` (`base.db`). Whoever writes it says nothing:
every statement that names such a column, and every object that is flushed, is heeded here. Its rows
are read before, once in a transaction, and again before the commit; those that differ are told in
the log of the commons they are in, and of the one they have left. A statement that names other
columns costs nothing.

What these rows hold can be private, such as a name. So their digests are made with a key of this
instance (HMAC-SHA-256), and what the log must not name of a key is such a digest too. Even so such
a row is named beside its entry only (`base.ledger_entries`).
Nobody but the hub can compare them with rows; anybody can compare the log with what the hub says.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, and_, func, inspect, or_, select
from sqlalchemy import Table as Bare

from iriai.base import events, instance, ledger_reading
from iriai.base.batches import batches
from iriai.base.db import IN_PART, Part, Table
from iriai.base.errors import Unavailable
from iriai.base.ledger_entries import HIDDEN, HIDDEN_DIGITS
from iriai.base.ledger_reading import UNREADABLE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from iriai.base.tx import Tx

KEY = "ledger_key"
"""The instance's fact under which the key lies."""
NOTES = "iriai_notes"
"""Where a connection keeps the notes of its transaction."""
KEYS_AT_ONCE = 400

Key = tuple[Any, ...]
Image = tuple[int, bytes]
"""A row: the commons it is in, and its columns as canonical JSON. Those that are null are left out:
a part can get another column, and digests stay as they are."""


@dataclass(slots=True)
class Touched:
    """What rows of parts were before a transaction wrote them; None: not there."""

    before: dict[tuple[Bare, Part], dict[Key, Image | None]] = field(default_factory=dict)

    def copy(self) -> "Touched":
        """The same, to go back to."""
        return Touched({whole: dict(rows) for whole, rows in self.before.items()})


# -- what is written -----------------------------------------------------------------------------


def heed(connection: Connection, clause: Any, many: Sequence[Any], params: Any) -> None:
    """Note what a statement is about to write of a table's parts."""
    table: Bare = clause.table
    given = many or [params]
    if clause.is_insert:
        keys = _inserted(clause, table, given)
        if clause._post_values_clause is not None:  # noqa: SLF001 - no other way to ask
            _touch(connection, table, None, keys)
        for part in table.info[IN_PART]:
            rows = _touched(connection, table).before.setdefault((table, part), {})
            for key in keys:
                rows.setdefault(key, None)
        return
    named = None if clause.is_delete else _named(clause, given)
    if named is not None and not any(named & _heeded(part) for part in table.info[IN_PART]):
        return
    columns = list(table.primary_key.columns)
    asked = select(*columns).with_for_update(key_share=True)
    if clause.whereclause is not None:
        asked = asked.where(clause.whereclause)
    found = {tuple(row) for each in given for row in connection.execute(asked, each or {})}
    _touch(connection, table, named, sorted(found))


def heed_objects(session: "Session", connection: Connection) -> None:
    """Note what a session is about to change or delete; what it adds, `heed_added` notes."""
    for kept in session.deleted:
        _heed_one(connection, kept, None)
    for kept in session.dirty:
        changed = {each.key for each in inspect(kept).attrs if each.history.has_changes()}
        if changed:
            _heed_one(connection, kept, changed)


def heed_added(touched: Touched, added: Iterable[Any]) -> None:
    """Note rows that a session has just made."""
    for kept in added:
        table, key = _row_of(kept)
        for part in table.info.get(IN_PART, ()):
            touched.before.setdefault((table, part), {}).setdefault(key, None)


def _heed_one(connection: Connection, kept: Any, named: set[str] | None) -> None:
    table, key = _row_of(kept)
    if IN_PART in table.info:
        _touch(connection, table, named, [key])


def _row_of(kept: Any) -> tuple[Bare, Key]:
    mapper = inspect(kept).mapper
    return mapper.local_table, tuple(mapper.primary_key_from_instance(kept))


def _touched(connection: Connection, table: Bare) -> Touched:
    found = connection.info.get(NOTES)
    if found is None:
        raise RuntimeError(
            f"Bug: {table.name}, governed in part, is written outside a transaction of the ground."
        )
    assert isinstance(found, Touched)  # noqa: S101 - `base.tx` puts it there
    return found


def _touch(
    connection: Connection, table: Bare, named: set[str] | None, keys: Sequence[Key]
) -> None:
    """Read what these rows are now, where that was not done yet; `named` None: all columns."""
    touched = _touched(connection, table)
    for part in table.info[IN_PART]:
        if named is not None and not named & _heeded(part):
            continue
        rows = touched.before.setdefault((table, part), {})
        fresh = [key for key in keys if key not in rows]
        found = read(connection, table, part, fresh, lock=True)
        rows.update((key, found.get(key)) for key in fresh)
    if named is not None and _home(table)[0] in named:
        _touch_inside(connection, table, [key[0] for key in keys])


def _touch_inside(connection: Connection, table: Bare, ids: Sequence[Any]) -> None:
    """Note what is in rows that may move to another commons: it moves with them.

    They are locked so that nothing comes into them meanwhile, of which we would not know.
    """
    inner = {each for each, part in known() if part.inside[1] == table.name}
    for some in batches(ids if inner else (), KEYS_AT_ONCE):
        here = table.c.id.in_(some)
        connection.execute(select(table.c.id).where(here).order_by("id").with_for_update())
    for each in sorted(inner, key=lambda one: one.name):
        column = each.c[_home(each)[0]]
        for some in batches(ids, KEYS_AT_ONCE):
            asked = select(*each.primary_key.columns).where(column.in_(some))
            keys = sorted(tuple(row) for row in connection.execute(asked))
            if keys:
                _touch(connection, each, {column.name}, keys)


def _heeded(part: Part) -> set[str]:
    return {*part.columns, part.inside[0]}


def _home(table: Bare) -> tuple[str, str | None]:
    """The column that leads to the commons, and the table that it leads to."""
    parts: tuple[Part, ...] = table.info[IN_PART]
    return parts[0].inside


def _named(clause: Any, given: Sequence[Any]) -> set[str]:
    """The columns that an update sets."""
    found = {getattr(each, "name", each) for each in clause._values or ()}  # noqa: SLF001
    found |= {name for each in given for name in each or () if name in clause.table.c}
    if found & {column.name for column in clause.table.primary_key.columns}:
        raise RuntimeError(f"Bug: an update gives rows of {clause.table.name} another key.")
    return found


def _inserted(clause: Any, table: Bare, given: Sequence[Any]) -> list[Key]:
    """The keys of the rows that an insert makes."""
    said: list[Mapping[Any, Any]] = [each for some in clause._multi_values for each in some]  # noqa: SLF001
    if not said:
        fixed = clause._values or {}  # noqa: SLF001
        said = [{**fixed, **(each or {})} for each in given]
    keys = []
    for row in said:
        plainly = {getattr(column, "name", column): value for column, value in row.items()}
        values = [plainly.get(column.name) for column in table.primary_key.columns]
        key = tuple(getattr(value, "effective_value", value) for value in values)
        if clause.select is not None or not all(isinstance(part, int | str) for part in key):
            raise RuntimeError(
                f"Bug: rows of {table.name}, governed in part, are inserted without their keys; "
                "make them objects of tx.session."
            )
        keys.append(key)
    return keys


# -- what there is -------------------------------------------------------------------------------


def known() -> list[tuple[Bare, Part]]:
    """Every part of every table, by name."""
    tables = {mapper.local_table for mapper in Table.registry.mappers}
    found = [
        (each, part)
        for each in tables
        if isinstance(each, Bare)
        for part in each.info.get(IN_PART, ())
    ]
    return sorted(found, key=lambda one: one[1].name)


def read(
    connection: Connection, table: Bare, part: Part, keys: Sequence[Key], *, lock: bool = False
) -> dict[Key, Image]:
    """The rows of these keys, those that are there. `lock`: nobody else may change them."""
    columns = list(table.primary_key.columns)
    found: dict[Key, Image] = {}
    for some in batches(keys, KEYS_AT_ONCE):
        asked, _ = _asked(table, part)
        asked = asked.where(among(columns, some))
        if lock:
            asked = asked.with_for_update(key_share=True, of=table)
        found.update(_images(connection, asked, part, len(columns)))
    return found


def among(columns: Sequence[Any], keys: Sequence[Key]) -> Any:
    """The condition that a row has one of these keys."""
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return or_(*(and_(*(c == part for c, part in zip(columns, key, strict=True))) for key in keys))


@cache
def _asked(table: Bare, part: Part) -> tuple[Select[Any], Any]:
    """The statement for a part's rows, and the column in it that says their commons."""
    column, above = table.c[part.inside[0]], part.inside[1]
    source: Any = table
    while above is not None:
        upper = Table.metadata.tables[above]
        source = source.outerjoin(upper, upper.c.id == column)
        name, above = _home(upper)
        column = upper.c[name]
    wanted = [*table.primary_key.columns, *(table.c[each] for each in part.columns)]
    lives_in = func.coalesce(column, events.HUB).label("lives_in")
    return select(*wanted, lives_in).select_from(source), column


def _images(
    connection: Connection, asked: Select[Any], part: Part, width: int
) -> Iterator[tuple[Key, Image]]:
    for row in connection.execute(asked):
        image = _image(part, width, row)
        if image:
            yield tuple(row[:width]), image


def _image(part: Part, width: int, row: Row[Any]) -> Image | tuple[()]:
    """What a row is, behind `width` columns of its key; empty where it is as at first."""
    given = zip(part.columns, map(plain, row[width:-1]), strict=True)
    facts = {name: value for name, value in given if value is not None}
    if part.piece is not None:
        pieces = {name: value.get(part.piece) for name, value in facts.items()}
        facts = {name: value for name, value in pieces.items() if value}
    return () if facts in part.at_first else (row[-1], events.canonical(facts))


def plain(value: Any) -> Any:
    """A column's value as JSON has it, the same whichever database it came from."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value) if isinstance(value, Decimal) else value


# -- what the log says ---------------------------------------------------------------------------


def key(tx: "Tx") -> bytes:
    """The key that these digests are made with."""
    if tx.ground.ledger_key:
        return tx.ground.ledger_key
    found = instance.fact(tx, KEY)
    if found is None:
        raise Unavailable("This hub has lost the key of its ledger; restore it from a backup.")
    return bytes.fromhex(found)


def row_name(secret: bytes, table: Bare, part: Part, row: Key) -> str:
    """How a row is called in the log: its key as far as everybody may know it."""
    columns = zip(table.primary_key.columns, row, strict=True)
    shown = [str(value) for column, value in columns if column.name not in part.hidden]
    if part.hidden:
        shown.append(HIDDEN + _mac(secret, [part.name, *row])[:HIDDEN_DIGITS])
    return "/".join([part.name, *shown])


def digest(secret: bytes, part: Part, row: Key, facts: bytes) -> str:
    """What the log says of a row."""
    return _mac(secret, [part.name, *row, facts.decode()])


def _mac(secret: bytes, value: Any) -> str:
    return hmac.digest(secret, events.canonical(value), hashlib.sha256).hex()


def states(tx: "Tx", touched: Touched) -> dict[int, dict[str, str | None]]:
    """By commons, the digest of each row that became another; null where it is gone from there."""
    found: dict[int, dict[str, str | None]] = {}
    secret = b""
    for (table, part), rows in touched.before.items():
        now = read(tx.connection, table, part, list(rows))
        for row, before in rows.items():
            after = now.get(row)
            if before == after:
                continue
            secret = secret or key(tx)
            name = row_name(secret, table, part, row)
            if before is not None:
                found.setdefault(before[0], {})[name] = None
            if after is not None:
                found.setdefault(after[0], {})[name] = digest(secret, part, row, after[1])
    return found


@dataclass(frozen=True, slots=True)
class Living:
    """A row of a part: what the log calls it, what it should say of it, and which it is."""

    name: str
    digest: str
    table: Bare
    part: Part
    key: Key

    @property
    def plainly(self) -> str:
        """Which row it is, for whoever may see all of the database."""
        return "/".join(map(str, self.key))


def live(tx: "Tx", commons_id: int) -> Iterator[Living]:
    """Every row of a commons' parts."""
    secret = key(tx)
    for table, part in known():
        asked, column = _asked(table, part)
        here = column == commons_id
        if commons_id == events.HUB:
            here = or_(column.is_(None), here)
        keys = list(table.primary_key.columns)
        made = partial(_image, part, len(keys))
        for row, image in ledger_reading.read(tx.connection, asked.where(here), keys, made):
            name = row_name(secret, table, part, row)
            if image is None:
                yield Living(name, UNREADABLE, table, part, row)
            elif image:
                yield Living(name, digest(secret, part, row, image[1]), table, part, row)


def present(
    tx: "Tx", commons_id: int, table: Bare, part: Part, keys: Sequence[Key]
) -> dict[str, str | None]:
    """What the log of a commons should say of those of these rows that it has."""
    secret = key(tx)
    return {
        row_name(secret, table, part, row): digest(secret, part, row, facts)
        for row, (here, facts) in read(tx.connection, table, part, keys, lock=True).items()
        if here == commons_id
    }
