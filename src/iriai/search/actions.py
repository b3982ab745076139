"""Keeping the index current. It is made from repositories and cards alone and may be made again.

Changes are found by what the tables say, not by who made them: repositories in the order in which
they changed, and now and then all that differ from what the index has. Documents are made outside
the transaction that takes them in.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, cast, delete, func, insert, or_, select, tuple_, update

from iriai.base.batches import batches
from iriai.base.tx import Ground, Tx
from iriai.cards import queries as cards
from iriai.cards.tables import CardRow, FacetRow
from iriai.identity.tables import Account
from iriai.repos.rows import WITH_HEAD, as_repo
from iriai.repos.rules import Kind
from iriai.repos.tables import RepoRow
from iriai.search import index, vocabulary
from iriai.search.documents import EDITION, Document, Source, document
from iriai.search.index import ORDERS, Entry
from iriai.search.queries import indexed_until, places
from iriai.search.rules import EPOCH, ID_BITS
from iriai.search.tables import SearchDoc, SearchState

BATCH = 500
SLACK = timedelta(seconds=15)
"""For how long a transaction may run and still not be overlooked."""
SETTLE_FROM = 5_000
DIFFERENT_MAX = 20_000
BEHIND_MAX = 1_000


def refresh(ground: Ground) -> int:
    """Take in every repository that changed since the last time; how many were looked at."""
    done = sum(_follow(ground, kind) for kind in Kind)
    with ground.read() as tx:
        behind = list(
            tx.connection.execute(
                select(SearchDoc.repo_id).where(SearchDoc.behind).limit(BEHIND_MAX)
            ).scalars()
        )
    take(ground, behind)
    if done >= SETTLE_FROM:
        with ground.write() as tx:
            index.engine(tx.connection).settle(tx.connection)
    return done


def sweep(ground: Ground) -> int:
    """Take in whatever differs from what the index has: figures, new names, what is gone."""
    with ground.read() as tx:
        different = _different(tx)
    take(ground, different)
    return len(different)


def take(ground: Ground, repo_ids: Sequence[int]) -> None:
    """Bring the index up to what these repositories are now."""
    for some in batches(repo_ids, BATCH):
        _take(ground, some)


def _follow(ground: Ground, kind: Kind) -> int:
    with ground.read() as tx:
        since, now = indexed_until(tx, kind) or EPOCH, tx.now
    place: tuple[datetime, int] = (since, -1)
    done = 0
    while True:
        asked = (
            select(RepoRow.id, RepoRow.updated_at)
            .where(RepoRow.kind == kind, tuple_(RepoRow.updated_at, RepoRow.id) > tuple_(*place))
            .order_by(RepoRow.updated_at, RepoRow.id)
            .limit(BATCH)
        )
        with ground.read() as tx:
            rows = tx.connection.execute(asked).all()
        _take(ground, [row.id for row in rows])
        done += len(rows)
        finished = len(rows) < BATCH
        reached = now if finished else rows[-1].updated_at
        _reached(ground, kind, min(reached, now - SLACK))
        if finished:
            return done
        place = (rows[-1].updated_at, rows[-1].id)


def _reached(ground: Ground, kind: Kind, until: datetime) -> None:
    with ground.write() as tx:
        now = indexed_until(tx, kind)
        if now is not None and now < until:
            tx.connection.execute(
                update(SearchState).where(SearchState.kind == kind).values(until=until)
            )
        elif now is None:
            _add(tx, SearchState, [{"kind": kind.value, "until": until}])


def _take(ground: Ground, repo_ids: Sequence[int]) -> None:
    if not repo_ids:
        return
    with ground.read() as tx:
        sources = _sources(tx, repo_ids)
        made_of = _made_of(tx, repo_ids)
    made = {
        each.repo.id: (each, document(ground, each))
        for each in sources
        if made_of.get(each.repo.id) != each.made_of
    }
    with ground.write() as tx:
        _lock(tx)
        _keep(tx, repo_ids, made)
    named = {word for _source, doc in made.values() for word in doc.known}
    worded = {word for _source, doc in made.values() for word in doc.worded}
    vocabulary.keep(ground, named, worded)


def _lock(tx: Tx) -> None:
    """One writer of the index at a time; on SQLite there is one anyway."""
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


_LOCK = 0x6972_6961_6902


def _keep(tx: Tx, repo_ids: Sequence[int], made: dict[int, tuple[Source, Document]]) -> None:
    """Take out what is old or gone, put in what is new, move what stands elsewhere."""
    engine, connection = index.engine(tx.connection), tx.connection
    now = {row.id: row for row in connection.execute(_NOW.where(RepoRow.id.in_(repo_ids)))}
    asked = select(SearchDoc.__table__).where(SearchDoc.repo_id.in_(repo_ids))
    had: dict[int, Any] = {row.repo_id: row for row in connection.execute(asked)}
    leaving = [
        row
        for row in had.values()
        if row.repo_id not in now
        or (row.repo_id in made and made[row.repo_id][1].tokens != row.tokens)
    ]
    if leaving:
        engine.remove(connection, [_entry(row) for row in leaving])
        gone = [row.repo_id for row in leaving]
        connection.execute(delete(SearchDoc).where(SearchDoc.repo_id.in_(gone)))
        had = {repo_id: row for repo_id, row in had.items() if repo_id not in set(gone)}
    rows = []
    for repo_id, row in now.items():
        if repo_id in had:
            _settle_in(tx, had[repo_id], row, made.get(repo_id))
        elif repo_id in made:
            rows.append(_row(row, *made[repo_id]))
    if rows:
        engine.add(connection, [_entry_of(row) for row in rows])
        connection.execute(insert(SearchDoc), rows)


def _settle_in(tx: Tx, had: Any, now: Any, made: tuple[Source, Document] | None) -> None:
    """A document whose tokens stay: note what it is made of, and where it stands now."""
    values: dict[str, Any] = {}
    if made is not None:
        source, doc = made
        values = {"made_of": source.made_of, "names": doc.names, "behind": source.is_behind}
    for order, place in places(now).items():
        old = getattr(had, f"by_{order}")
        if old != place:
            index.engine(tx.connection).move(tx.connection, order, [(old, place, had.tokens)])
            values[f"by_{order}"] = place
    if values:
        tx.connection.execute(
            update(SearchDoc).where(SearchDoc.repo_id == had.repo_id).values(**values)
        )


def _row(now: Any, source: Source, doc: Document) -> dict[str, Any]:
    return {
        "repo_id": now.id,
        "kind": now.kind,
        "names": doc.names,
        "tokens": doc.tokens,
        "made_of": source.made_of,
        "behind": source.is_behind,
        "trending": now.trending or 0,
        **{f"by_{order}": place for order, place in places(now).items()},
    }


def _entry(row: Any) -> Entry:
    where = {order: getattr(row, f"by_{order}") for order in ORDERS}
    return Entry(row.repo_id, row.tokens, where)


def _entry_of(row: dict[str, Any]) -> Entry:
    where = {order: row[f"by_{order}"] for order in ORDERS}
    return Entry(row["repo_id"], row["tokens"], where)


# -- what there is -----------------------------------------------------------------------------

_NOW = (
    select(
        RepoRow.id,
        RepoRow.kind,
        RepoRow.updated_at,
        RepoRow.created_at,
        RepoRow.downloads,
        RepoRow.likes,
        SearchDoc.trending,
    )
    .outerjoin(SearchDoc, SearchDoc.repo_id == RepoRow.id)
    .where(RepoRow.deleted_at.is_(None))
)


def _sources(tx: Tx, repo_ids: Sequence[int]) -> list[Source]:
    rows = tx.connection.execute(
        WITH_HEAD.where(RepoRow.id.in_(repo_ids), RepoRow.deleted_at.is_(None))
    )
    repos = [as_repo(row, row[-1]) for row in rows]
    known = cards.cards(tx, repo_ids)
    facets: dict[int, list[str]] = {}
    asked = select(FacetRow.repo_id, FacetRow.facet).where(FacetRow.repo_id.in_(repo_ids))
    for repo_id, facet in tx.connection.execute(asked):
        facets.setdefault(repo_id, []).append(facet)
    asked_at = select(CardRow.repo_id, CardRow.refreshed_at).where(CardRow.repo_id.in_(repo_ids))
    refreshed = {row.repo_id: row.refreshed_at for row in tx.connection.execute(asked_at)}
    return [
        Source(
            repo,
            known.get(repo.id),
            tuple(sorted(facets.get(repo.id, ()))),
            refreshed.get(repo.id),
        )
        for repo in repos
    ]


def _made_of(tx: Tx, repo_ids: Sequence[int]) -> dict[int, str]:
    asked = select(SearchDoc.repo_id, SearchDoc.made_of).where(SearchDoc.repo_id.in_(repo_ids))
    return {row.repo_id: row.made_of for row in tx.connection.execute(asked)}


def _different(tx: Tx) -> list[int]:
    """The repositories of which the index has something else, or nothing, or too much."""
    name = Account.name + "/" + RepoRow.name + " "
    place = 1 << ID_BITS
    differing = (
        select(RepoRow.id)
        .join(Account, Account.id == RepoRow.owner_id)
        .outerjoin(SearchDoc, SearchDoc.repo_id == RepoRow.id)
        .where(
            RepoRow.deleted_at.is_(None),
            or_(
                SearchDoc.repo_id.is_(None),
                SearchDoc.by_downloads != RepoRow.downloads * place + RepoRow.id,
                SearchDoc.by_likes != cast(RepoRow.likes, BigInteger) * place + RepoRow.id,
                SearchDoc.by_trending != cast(SearchDoc.trending, BigInteger) * place + RepoRow.id,
                func.substr(SearchDoc.made_of, 1, func.length(name)) != name,
                SearchDoc.made_of.not_like(f"% {EDITION}"),
            ),
        )
        .limit(DIFFERENT_MAX)
    )
    gone = (
        select(SearchDoc.repo_id)
        .outerjoin(RepoRow, RepoRow.id == SearchDoc.repo_id)
        .where(or_(RepoRow.id.is_(None), RepoRow.deleted_at.is_not(None)))
        .limit(DIFFERENT_MAX)
    )
    return [
        *tx.connection.execute(differing).scalars(),
        *tx.connection.execute(gone).scalars(),
    ]


def _add(tx: Tx, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Put in what is not there yet."""
    tx.connection.execute(tx.insert(table).on_conflict_do_nothing(), list(rows))
