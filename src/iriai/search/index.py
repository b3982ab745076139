"""The index proper: what each database has for finding rows by many tokens, in an order.

SQLite has one FTS5 table for each order. Its rowid *is* the place in that order (`rules.key`), so
that a question is answered by walking a few lists of rowids until a page is full, however much
there is; sorting what was found instead takes five times as long at 200,000 rows. The tables keep
no text of their own (`content=''`) and no positions (`detail=none`), so what is taken out must be
named with its tokens, which `search_docs` keeps.

PostgreSQL has one table of tsvectors under a GIN index, and sorts by the places in `search_docs`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    cast,
    column,
    func,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from iriai.repos.tables import RepoRow
from iriai.search.rules import ID_BITS, Clause, Order
from iriai.search.tables import SearchDoc

ORDERS = tuple(Order)


@dataclass(frozen=True, slots=True)
class Entry:
    """A repository's tokens, joined by spaces, and its place in each order."""

    repo_id: int
    tokens: str
    places: dict[Order, int]


class Engine(Protocol):
    """What writes and reads the index of one kind of database."""

    def add(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Take in rows that are not there."""

    def remove(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Take out rows, each as it was put in."""

    def move(
        self, connection: Connection, order: Order, moved: Sequence[tuple[int, int, str]]
    ) -> None:
        """Give rows another place in one order: where they were, where they go, their tokens."""

    def settle(self, connection: Connection) -> None:
        """After very many changes: let the index tidy up."""

    def matching(
        self, order: Order, clauses: Sequence[Clause]
    ) -> tuple[Select[Any], ColumnElement[int]]:
        """A query of (place, repository) that joins `repos`, and the column of the place."""


class Sqlite:
    """FTS5: one table for each order."""

    def add(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Take in rows that are not there."""
        for order in ORDERS:
            rows = [{"at": each.places[order], "tokens": each.tokens} for each in entries]
            connection.execute(_INSERT[order], rows)

    def remove(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Take out rows, each as it was put in."""
        for order in ORDERS:
            rows = [{"at": each.places[order], "tokens": each.tokens} for each in entries]
            connection.execute(_DELETE[order], rows)

    def move(
        self, connection: Connection, order: Order, moved: Sequence[tuple[int, int, str]]
    ) -> None:
        """Give rows another place in one order."""
        leaving = [{"at": old, "tokens": tokens} for old, _new, tokens in moved]
        coming = [{"at": new, "tokens": tokens} for _old, new, tokens in moved]
        connection.execute(_DELETE[order], leaving)
        connection.execute(_INSERT[order], coming)

    def settle(self, connection: Connection) -> None:
        """FTS5 merges by itself, a little with each write."""

    def matching(
        self, order: Order, clauses: Sequence[Clause]
    ) -> tuple[Select[Any], ColumnElement[int]]:
        """Rows of one order's table; SQLite walks it from the end, so a page costs a page."""
        found = table(_name(order), column("rowid"))
        place: ColumnElement[int] = found.c.rowid
        query: Select[Any] = (
            select(*_columns(place, RepoRow.id))
            .select_from(found)
            .join(RepoRow, RepoRow.id == place.op("&")((1 << ID_BITS) - 1))
            .join(SearchDoc, SearchDoc.repo_id == RepoRow.id)
            .where(text(f"{_name(order)} MATCH :match").bindparams(match=fts(clauses)))
        )
        return query, place


class Postgres:
    """Tsvectors under one GIN index; the planner chooses between it and a walk in order."""

    def add(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Take in rows that are not there."""
        rows = [{"id": each.repo_id, "tokens": each.tokens} for each in entries]
        connection.execute(_INSERT_VECTOR, rows)

    def remove(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Take out rows."""
        rows = [{"id": each.repo_id} for each in entries]
        connection.execute(_DELETE_VECTOR, rows)

    def move(
        self, connection: Connection, order: Order, moved: Sequence[tuple[int, int, str]]
    ) -> None:
        """Places are in `search_docs` alone."""

    def settle(self, connection: Connection) -> None:
        """Tell the planner what there is now."""
        connection.execute(text("ANALYZE search_docs, search_vectors"))

    def matching(
        self, order: Order, clauses: Sequence[Clause]
    ) -> tuple[Select[Any], ColumnElement[int]]:
        """Rows whose vector matches."""
        vectors = table("search_vectors", column("repo_id"), column("vector"))
        place: ColumnElement[int] = place_in(order)
        asked = cast(bindparam("match", tsquery(clauses)), TSQUERY)
        query: Select[Any] = (
            select(*_columns(place, SearchDoc.repo_id))
            .select_from(SearchDoc)
            .join(vectors, vectors.c.repo_id == SearchDoc.repo_id)
            .join(RepoRow, RepoRow.id == SearchDoc.repo_id)
            .where(vectors.c.vector.op("@@")(asked))
        )
        return query, place


def engine(connection: Connection) -> Engine:
    """The engine of this database."""
    return _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES


def place_in(order: Order) -> Any:
    """The column of `search_docs` with the place in an order."""
    return getattr(SearchDoc, f"by_{order}")


def holds(connection: Connection, where: Any, what: str) -> ColumnElement[bool]:
    """Whether a text column has `what` in it, letter by letter."""
    place = func.instr if connection.dialect.name == "sqlite" else func.strpos
    return place(where, what) > 0


def fts(clauses: Iterable[Clause]) -> str:
    """Clauses as FTS5's query language. The rarest words are not known here; FTS5 finds them."""
    return " AND ".join(_grouped(clause, '"', " AND ", " OR ") for clause in clauses)


def tsquery(clauses: Iterable[Clause]) -> str:
    """Clauses as a tsquery."""
    return " & ".join(_grouped(clause, "'", " & ", " | ") for clause in clauses)


def _grouped(clause: Clause, quote: str, both: str, either: str) -> str:
    groups = [
        "(" + both.join(f"{quote}{token}{quote}" for token in group) + ")" for group in clause
    ]
    return "(" + either.join(groups) + ")"


def _columns(place: ColumnElement[int], repo_id: Any) -> tuple[Any, ...]:
    return place.label("place"), repo_id


def _name(order: Order) -> str:
    return f"search_by_{order}"


_SQLITE, _POSTGRES = Sqlite(), Postgres()
_INSERT = {
    order: text(f"INSERT INTO {_name(order)} (rowid, tokens) VALUES (:at, :tokens)")  # noqa: S608 - our own names
    for order in ORDERS
}
_DELETE = {
    order: text(
        f"INSERT INTO {_name(order)} ({_name(order)}, rowid, tokens) "  # noqa: S608 - our own names
        "VALUES ('delete', :at, :tokens)"
    )
    for order in ORDERS
}
_INSERT_VECTOR = text(
    "INSERT INTO search_vectors (repo_id, vector) "
    "VALUES (:id, array_to_tsvector(string_to_array(:tokens, ' ')))"
)
_DELETE_VECTOR = text("DELETE FROM search_vectors WHERE repo_id = :id")
