"""The rows of a commons as lines of text, and back into a database where other rows may be.

Governed tables come whole, but for their private columns; of people comes what everybody may see.
What is under way about files (`UNDER_WAY`) needs its private columns, and has them in an export
that holds private things anyway.
A row keeps its number where that is free. Where it is not, it gets another, and whatever refers to
it follows: foreign keys say who refers to whom, and three words that always mean the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    LargeBinary,
    Select,
    Table,
    and_,
    func,
    insert,
    select,
)

from iriai.base import ledger, ledger_parts
from iriai.base.batches import batches
from iriai.base.db import Table as Mapped
from iriai.base.names import skeleton
from iriai.base.tx import Tx
from iriai.commons.tables import Commons
from iriai.discussions.tables import DiscussionEvent, DiscussionRow
from iriai.identity.tables import Account, AccountName, Maintainer, Membership
from iriai.repos import withheld
from iriai.repos.tables import GoneCommit, HeldFile, RepoName, RepoRow

ROWS_AT_ONCE = 500
REFERS = {"commons_id": "commons", "repo_id": "repos", "account_id": "accounts"}
"""What columns of these names refer to, where no foreign key says it."""
UNDER_WAY = ("removals",)
OF_PEOPLE = ["id", "kind", "name", "name_key", "fullname", "bio", "homepage", "commons_id"]
OF_PEOPLE += ["created_at", "deleted_at"]

Row = dict[str, Any]
Numbers = dict[str, dict[int, int]]


def bare(mapped: type[Mapped]) -> Table:
    """The table of a class."""
    table = mapped.__table__
    assert isinstance(table, Table)  # noqa: S101 - every class of ours has one
    return table


def governed(tx: Tx, commons_id: int, *, private: bool) -> dict[str, list[Row]]:
    """Every governed row of a commons, without what is private but in those that go on."""
    return {
        table.name: _rows(
            tx,
            table,
            select(table).where(table.c.commons_id == commons_id),
            whole=private and table.name in UNDER_WAY,
        )
        for table in ledger.tables()
    }


def public(
    tx: Tx, commons_id: int, account_id: int | None, shown: Sequence[int]
) -> dict[str, list[Row]]:
    """What is not governed as a whole and goes along.

    The commons, roles, repositories, what of them is held or was removed, their discussions.
    """
    wanted: dict[Table, Select[Any]] = {}
    alive = select(RepoRow.id).where(RepoRow.id.in_(shown), RepoRow.deleted_at.is_(None))
    for mapped, within in (
        (Commons, Commons.id == commons_id),
        (Membership, Membership.organisation_id == account_id),
        (RepoRow, RepoRow.id.in_(shown)),
        (RepoName, RepoName.repo_id.in_(shown)),
        (Maintainer, Maintainer.repo_id.in_(shown)),
        (HeldFile, and_(HeldFile.repo_id.in_(alive), withheld.now(tx))),
        (GoneCommit, GoneCommit.repo_id.in_(alive)),
        (DiscussionRow, DiscussionRow.repo_id.in_(shown)),
    ):
        wanted[bare(mapped)] = select(bare(mapped)).where(within)
    said = bare(DiscussionEvent)
    asked = select(DiscussionRow.id).where(DiscussionRow.repo_id.in_(shown))
    wanted[said] = select(said).where(said.c.discussion_id.in_(asked)).order_by(said.c.id)
    return {table.name: _rows(tx, table, query) for table, query in wanted.items()}


def people(tx: Tx, rows: Mapping[str, list[Row]], *more: int | None) -> list[Row]:
    """The accounts that these rows speak of, as everybody may see them."""
    ids = {each for each in more if each is not None}
    for name, some in rows.items():
        table = Mapped.metadata.tables[name]
        columns = [each.name for each in table.columns if referred(each) == "accounts"]
        ids |= {row[column] for row in some for column in columns if row.get(column) is not None}
    table, found = bare(Account), []
    for batch in batches(sorted(ids), ROWS_AT_ONCE):
        asked = select(table).where(table.c.id.in_(batch))
        found += [{name: row[name] for name in OF_PEOPLE} for row in _rows(tx, table, asked)]
    return found


def referred(column: Column[Any]) -> str | None:
    """The table whose numbers a column holds."""
    for key in column.foreign_keys:
        return str(key.column.table.name)
    return REFERS.get(column.name)


def _rows(tx: Tx, table: Table, query: Select[Any], *, whole: bool = False) -> list[Row]:
    if not query._order_by_clauses:  # noqa: SLF001 - no other way to ask
        query = query.order_by(*table.primary_key.columns)
    return [
        {
            column.name: None
            if column.info.get("private") and not whole
            else ledger_parts.plain(value)
            for column, value in zip(table.columns, row, strict=True)
        }
        for row in tx.connection.execute(query)
    ]


# -- back again ----------------------------------------------------------------------------------


def number(tx: Tx, name: str, rows: Iterable[Row], numbers: Numbers) -> None:
    """Give rows their numbers in this database: their own where they are free."""
    table = Mapped.metadata.tables[name]
    keys = list(table.primary_key.columns)
    if len(keys) != 1 or keys[0].name != "id" or keys[0].foreign_keys:
        return
    taken = set(tx.connection.execute(select(keys[0])).scalars())
    most = max(taken, default=0)
    wanted = [int(row["id"]) for row in rows]
    most = max(most, *wanted, 0) if wanted else most
    given = numbers.setdefault(name, {})
    for each in wanted:
        if each in given:
            continue
        if each in taken:
            most += 1
            given[each] = most
        else:
            given[each] = each


def put(tx: Tx, name: str, rows: Sequence[Row], numbers: Numbers, stranger: int) -> int:
    """Insert rows, renumbered. `stranger` stands for whoever is kept private where one must be."""
    table = Mapped.metadata.tables[name]
    given = (_given(table, row, numbers, stranger) for row in rows)
    made = [row for row in given if row is not None]
    with ledger.admitting(tx):
        for some in batches(made, ROWS_AT_ONCE):
            tx.connection.execute(insert(table), some)
    return len(made)


def put_account(tx: Tx, row: Row, numbers: Numbers, stranger: int) -> None:
    """Insert an account and enter its name."""
    put(tx, "accounts", [row], numbers, stranger)
    look = skeleton(row["name"])
    alike = tx.connection.execute(
        select(func.count()).select_from(AccountName).where(AccountName.name_look == look)
    ).scalar_one()
    entered = {
        "name_key": row["name_key"],
        "name_look": None if alike else look,
        "name": row["name"],
        "account_id": numbers["accounts"][row["id"]],
        "given_at": tx.now,
        "retired_at": None,
    }
    tx.connection.execute(insert(AccountName), entered)


def _given(table: Table, row: Row, numbers: Numbers, stranger: int) -> Row | None:
    """A row as this database has it; None where what it belongs to stayed behind."""
    found: Row = {}
    for column in table.columns:
        if column.name not in row:
            continue
        value = row[column.name]
        whose = table.name if column.name == "id" else referred(column)
        if value is None:
            found[column.name] = None if column.nullable else _blank(column, whose, stranger)
        elif whose in numbers:
            found[column.name] = numbers[whose].get(value)
            if found[column.name] is None and not column.nullable:
                return None
        elif isinstance(column.type, LargeBinary):
            found[column.name] = bytes.fromhex(value)
        elif isinstance(value, str) and isinstance(_plain_type(column), DateTime):
            found[column.name] = datetime.fromisoformat(value)
        else:
            found[column.name] = value
    return found


def _blank(column: Column[Any], whose: str | None, stranger: int) -> Any:
    """What stands where something private must not be empty."""
    if whose == "accounts":
        return stranger
    kind = _plain_type(column)
    return [] if isinstance(kind, JSON) else kind.python_type()


def _plain_type(column: Column[Any]) -> Any:
    return getattr(column.type, "impl", column.type)


def in_order(names: Iterable[str]) -> Iterator[str]:
    """Tables, those referred to before those referring."""
    wanted = set(names)
    for table in Mapped.metadata.sorted_tables:
        if table.name in wanted:
            yield table.name
