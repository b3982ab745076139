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
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import Connection, TextClause, text

from iriai.search.rules import ID_BITS, Order
from iriai.search.tokens import Clause

ORDERS = tuple(Order)
PLACE_MAX = PARAMETERS_MAX = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A repository's tokens, joined by spaces, and its place in each order."""

    repo_id: int
    tokens: str
    places: dict[Order, int]


@dataclass(frozen=True, slots=True)
class Look:
    """A question to the index: what must hold, and the places wanted, before one and so many.

    `words` are those that trigrams do not prove.
    """

    order: Order
    clauses: Sequence[Clause]
    words: Sequence[str] = ()
    parameters_min: int | None = None
    parameters_max: int | None = None
    before: int = PLACE_MAX
    limit: int = 1
    is_sorted: bool = True

    @property
    def has_bounds(self) -> bool:
        """Whether the number of parameters is asked for."""
        return self.parameters_min is not None or self.parameters_max is not None


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

    def matching(self, connection: Connection, look: Look) -> list[int]:
        """The places of what matches, the first ones of an order."""


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

    def matching(self, connection: Connection, look: Look) -> list[int]:
        """Rows of one order's table; SQLite walks it from the end, so a page costs a page."""
        asked = _sqlite(look.order, len(look.words), look.has_bounds, look.is_sorted)
        return _places(connection, asked, look, fts(look.clauses))


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

    def matching(self, connection: Connection, look: Look) -> list[int]:
        """Rows whose vector matches, by a plan for these very words and not for any."""
        connection.execute(_PLAN_FOR_THIS)
        asked = _postgres(look.order, len(look.words), look.has_bounds, look.is_sorted)
        return _places(connection, asked, look, tsquery(look.clauses))


def engine(connection: Connection) -> Engine:
    """The engine of this database."""
    return _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES


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


def _places(connection: Connection, asked: TextClause, look: Look, match: str) -> list[int]:
    given: dict[str, Any] = {"match": match, "before": look.before, "most": look.limit}
    for number, word in enumerate(look.words):
        given |= {f"name{number}": word, f"word{number}": f" {word} "}
    if look.has_bounds:
        given |= {"low": look.parameters_min or 0, "high": look.parameters_max or PARAMETERS_MAX}
    return list(connection.execute(asked, given).scalars())


@lru_cache(maxsize=256)
def _sqlite(order: Order, words: int, bounds: bool, is_sorted: bool) -> TextClause:
    """The question in SQL, once for each shape that it can have."""
    name, mask = _name(order), (1 << ID_BITS) - 1
    joins = f" JOIN search_docs d ON d.repo_id = (f.rowid & {mask})" if words else ""
    joins += f" JOIN cards c ON c.repo_id = (f.rowid & {mask})" if bounds else ""
    return text(
        f"SELECT f.rowid FROM {name} f{joins} "  # noqa: S608 - our own names
        f"WHERE {name} MATCH :match AND f.rowid < :before{_said('instr', words, bounds)} "
        f"{'ORDER BY f.rowid DESC ' if is_sorted else ''}LIMIT :most"
    )


@lru_cache(maxsize=256)
def _postgres(order: Order, words: int, bounds: bool, is_sorted: bool) -> TextClause:
    """The same for PostgreSQL: find, put in order, and only then look closer, row by row.

    `OFFSET 0` keeps the two apart; the closer look reads long rows, and a page needs few of them.
    """
    joins = " JOIN cards c ON c.repo_id = w.repo_id" if bounds else ""
    closer = _said("strpos", words, bounds, "w").removeprefix(" AND ")
    look = (
        f" WHERE (SELECT {closer} FROM search_docs w{joins} WHERE w.repo_id = s.repo_id)"  # noqa: S608
        if closer
        else ""
    )
    return text(
        f"SELECT s.place FROM (SELECT d.by_{order} AS place, d.repo_id FROM search_docs d "  # noqa: S608 - our own names
        "JOIN search_vectors v ON v.repo_id = d.repo_id "
        f"WHERE v.vector @@ CAST(:match AS tsquery) AND d.by_{order} < :before "
        f"{f'ORDER BY d.by_{order} DESC ' if is_sorted else ''}OFFSET 0) s{look} LIMIT :most"
    )


def _said(place: str, words: int, bounds: bool, at: str = "d") -> str:
    """That words are there in truth, where trigrams only make it likely; and the exact bounds."""
    made = "".join(
        f" AND ({place}({at}.names, :name{n}) > 0"
        f" OR {place}(' ' || {at}.tokens || ' ', :word{n}) > 0)"
        for n in range(words)
    )
    return made + (" AND c.parameters BETWEEN :low AND :high" if bounds else "")


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
_PLAN_FOR_THIS = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), "
    "set_config('max_parallel_workers_per_gather', '0', true)"  # they start slower than it takes
)
_INSERT_VECTOR = text(
    "INSERT INTO search_vectors (repo_id, vector) "
    "VALUES (:id, array_to_tsvector(string_to_array(:tokens, ' ')))"
)
_DELETE_VECTOR = text("DELETE FROM search_vectors WHERE repo_id = :id")
