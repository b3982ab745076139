"""The index proper: what each database has for finding rows by many tokens, in an order.

SQLite has one FTS5 table for each order. Its rowid *is* the place in that order (`rules.key`), so
that a question is answered by walking a few lists of rowids until a page is full, however much
there is; sorting what was found instead takes five times as long at 200,000 rows. The tables keep
no text of their own (`content=''`) and no positions (`detail=none`), so what is taken out must be
named with its tokens, which `search_docs` keeps.

PostgreSQL has one table of tsvectors under a GIN index, and the places in `search_docs`. There are
two ways to a page, and each is quick where the other is slow: *gather* all that matches and sort
it, or *walk* the order and look at each row. Which is taken depends on how much the planner expects
to match; a walk is never longer than `WALKED_MAX`, for an expectation may be wrong (words and tags
that never go together).
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

GATHERED_MAX = 2_000
"""Up to how many expected matches PostgreSQL gathers and sorts; from there on it walks first."""
WALKED_MAX = 10_000
"""How many rows it walks at most. If a page is not full then, few match, and they are gathered."""


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

    kind: str
    order: Order
    clauses: Sequence[Clause]
    words: Sequence[str] = ()
    parameters_min: int | None = None
    parameters_max: int | None = None
    before: int = PLACE_MAX
    limit: int = 1

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

    def count(
        self, connection: Connection, clauses: Sequence[Clause], words: Sequence[str], most: int
    ) -> int:
        """How much matches, counted up to `most`. `words` as in `Look`."""


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
        asked = _sqlite(look.order, len(look.words), look.has_bounds)
        return _places(connection, asked, look, fts(look.clauses))

    def count(
        self, connection: Connection, clauses: Sequence[Clause], words: Sequence[str], most: int
    ) -> int:
        """Any rows of one table, as FTS5 comes upon them."""
        asked = {"match": fts(clauses), "most": most} | _spelled_out(words)
        return int(connection.execute(_sqlite_count(len(words)), asked).scalar_one())


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
        match, words = tsquery(look.clauses), len(look.words)
        if _expected(connection, match) > GATHERED_MAX:
            walk = _walk(look.order, words, look.has_bounds)
            places = _places(connection, walk, look, match, kind=look.kind, walked=WALKED_MAX)
            if len(places) == look.limit:
                return places
        return _places(connection, _gather(look.order, words, look.has_bounds), look, match)

    def count(
        self, connection: Connection, clauses: Sequence[Clause], words: Sequence[str], most: int
    ) -> int:
        """Any rows, as the index has them."""
        connection.execute(_PLAN_FOR_THIS)
        asked = {"match": tsquery(clauses), "most": most} | _spelled_out(words)
        return int(connection.execute(_postgres_count(len(words)), asked).scalar_one())


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


def _expected(connection: Connection, match: str) -> int:
    """How many rows PostgreSQL's planner expects to match."""
    planned = connection.execute(_EXPLAINED, {"match": match}).scalar_one()
    return int(planned[0]["Plan"]["Plan Rows"])


def _places(
    connection: Connection, asked: TextClause, look: Look, match: str, **more: str | int
) -> list[int]:
    given: dict[str, Any] = {"match": match, "before": look.before, "most": look.limit, **more}
    given |= _spelled_out(look.words)
    if look.has_bounds:
        given |= {"low": look.parameters_min or 0, "high": look.parameters_max or PARAMETERS_MAX}
    return list(connection.execute(asked, given).scalars())


def _spelled_out(words: Sequence[str]) -> dict[str, str]:
    """What the closer look compares with, by the names that `_said` gives it."""
    return {
        name: value
        for n, word in enumerate(words)
        for name, value in ((f"name{n}", word), (f"word{n}", f" {word} "))
    }


@lru_cache(maxsize=256)
def _sqlite(order: Order, words: int, bounds: bool) -> TextClause:
    """The question in SQL, once for each shape that it can have."""
    name, mask = _name(order), (1 << ID_BITS) - 1
    joins = f" JOIN search_docs d ON d.repo_id = (f.rowid & {mask})" if words else ""
    joins += f" JOIN cards c ON c.repo_id = (f.rowid & {mask})" if bounds else ""
    return text(
        f"SELECT f.rowid FROM {name} f{joins} "  # noqa: S608 - our own names
        f"WHERE {name} MATCH :match AND f.rowid < :before{_said('instr', words, bounds)} "
        "ORDER BY f.rowid DESC LIMIT :most"
    )


@lru_cache(maxsize=64)
def _sqlite_count(words: int) -> TextClause:
    name, mask = _name(Order.TRENDING), (1 << ID_BITS) - 1
    join = f" JOIN search_docs d ON d.repo_id = (f.rowid & {mask})" if words else ""
    return text(
        f"SELECT count(*) FROM (SELECT 1 FROM {name} f{join} "  # noqa: S608 - our own names
        f"WHERE {name} MATCH :match{_said('instr', words, bounds=False)} LIMIT :most)"
    )


@lru_cache(maxsize=256)
def _gather(order: Order, words: int, bounds: bool) -> TextClause:
    """The same for PostgreSQL: find all, put it in order, and only then look closer, row by row.

    `OFFSET 0` keeps the two apart; the closer look reads long rows, and a page needs few of them.
    """
    closer = _closer(words, bounds)
    return text(
        "WITH m AS MATERIALIZED ("  # noqa: S608 - our own names
        "SELECT repo_id FROM search_vectors WHERE vector @@ CAST(:match AS tsquery)) "
        f"SELECT s.place FROM (SELECT d.by_{order} AS place, d.repo_id FROM m "
        f"JOIN search_docs d ON d.repo_id = m.repo_id WHERE d.by_{order} < :before "
        f"ORDER BY d.by_{order} DESC OFFSET 0) s{f' WHERE {closer}' if closer else ''} LIMIT :most"
    )


@lru_cache(maxsize=256)
def _walk(order: Order, words: int, bounds: bool) -> TextClause:
    """Or along the order, each row's vector by itself, as far as `:walked` rows."""
    closer = _closer(words, bounds)
    return text(
        f"SELECT s.place FROM (SELECT d.by_{order} AS place, d.repo_id FROM search_docs d "  # noqa: S608 - our own names
        f"WHERE d.kind = :kind AND d.by_{order} < :before "
        f"ORDER BY d.by_{order} DESC LIMIT :walked) s "
        "WHERE (SELECT v.vector @@ CAST(:match AS tsquery) FROM search_vectors v "
        f"WHERE v.repo_id = s.repo_id){f' AND {closer}' if closer else ''} LIMIT :most"
    )


@lru_cache(maxsize=64)
def _postgres_count(words: int) -> TextClause:
    closer = _closer(words, bounds=False)
    return text(
        "SELECT count(*) FROM (SELECT 1 FROM search_vectors s "  # noqa: S608 - our own names
        f"WHERE s.vector @@ CAST(:match AS tsquery){f' AND {closer}' if closer else ''} "
        "LIMIT :most) found"
    )


def _closer(words: int, bounds: bool) -> str:
    """The closer look at a row, as a condition; empty where none is needed."""
    joins = " JOIN cards c ON c.repo_id = w.repo_id" if bounds else ""
    said = _said("strpos", words, bounds, "w").removeprefix(" AND ")
    if not said:
        return ""
    return f"(SELECT {said} FROM search_docs w{joins} WHERE w.repo_id = s.repo_id)"  # noqa: S608


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
    "set_config('max_parallel_workers_per_gather', '0', true), "  # they start slower than it takes
    "set_config('enable_seqscan', 'off', true)"  # it would unpack every vector
)
_EXPLAINED = text(
    "EXPLAIN (FORMAT JSON) "
    "SELECT repo_id FROM search_vectors WHERE vector @@ CAST(:match AS tsquery)"
)
_INSERT_VECTOR = text(
    "INSERT INTO search_vectors (repo_id, vector) "
    "VALUES (:id, array_to_tsvector(string_to_array(:tokens, ' ')))"
)
_DELETE_VECTOR = text("DELETE FROM search_vectors WHERE repo_id = :id")
