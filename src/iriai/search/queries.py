"""What can be found, a page at a time, by whoever asks.

Two sources make a page. The index has what changed up to a moment (`SearchState.until`); the few
repositories that changed since are looked at one by one, so that what somebody just made is found
at once. Both give places in the same order, so a page ends at a place and the next begins there.
Whatever the index says, `repos.rows.seen` judges each row as it is now.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select

from iriai.base.errors import Invalid
from iriai.base.tx import Tx
from iriai.cards import queries as cards
from iriai.cards.tables import CardRow, FacetRow
from iriai.identity import queries as identity
from iriai.identity.rules import Actor, circle
from iriai.identity.tables import Account
from iriai.repos.queries import Filters, Sort, listing
from iriai.repos.rows import WITH_HEAD, as_repo, seen
from iriai.repos.rules import Kind, Repo
from iriai.repos.tables import RepoRow
from iriai.search import index, rules
from iriai.search.figures import downloads_ever, people, tags, trending
from iriai.search.index import holds
from iriai.search.meaning import meant
from iriai.search.rules import Asked, Clause, Order
from iriai.search.tables import SearchDoc, SearchState

__all__ = ["Found", "downloads_ever", "found", "people", "some", "tags", "trending"]

FRESH_MAX = 500
"""How many repositories the index may not have yet and still be found."""
FRESH_DAYS = 2
LOOKED_UP_MAX = 400

_PLACE = re.compile(r"([pt])(\d{1,19})")
_LISTED = {
    Order.UPDATED: Sort.UPDATED,
    Order.CREATED: Sort.CREATED,
    Order.DOWNLOADS: Sort.DOWNLOADS,
    Order.LIKES: Sort.LIKES,
}

_PLACED: tuple[Any, ...] = (
    RepoRow.id,
    RepoRow.updated_at,
    RepoRow.created_at,
    RepoRow.downloads,
    RepoRow.likes,
    SearchDoc.trending,
)
"""What a repository's places are made of."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page. `after` asks for the next; `meant` has the known words taken for unknown ones."""

    repos: list[Repo]
    after: str | None
    meant: Mapping[str, tuple[str, ...]]


def found(
    tx: Tx,
    viewer: Actor,
    asked: Asked,
    order: Order = Order.TRENDING,
    *,
    after: str | None = None,
    limit: int = 30,
) -> Found:
    """The repositories that `viewer` may know of and that are as asked, in order.

    Where nothing has all the words, known words take the place of those that nothing has.
    """
    rules.require_asked(asked)
    limit = max(1, min(limit, rules.PAGE_LENGTH_MAX))
    if order in _LISTED and asked.is_plain:
        filters = Filters(kind=Kind(asked.kind), author=asked.author, gated=asked.gated)
        listed = listing(tx, viewer, filters, _LISTED[order], after, limit)
        return Found(listed.repos, listed.after, {})
    owner = identity.find_account(tx, asked.author) if asked.author else None
    if asked.author and owner is None:
        return Found([], None, {})
    spelled, before = _read_place(after)
    look = _Look(tx, viewer, asked, order, owner.id if owner else None)
    if not spelled:
        page = look.page(before, limit)
        if page.repos or before is not None:
            return page
    known = meant(tx, asked)
    if not known:
        return Found([], None, {})
    look.asked = replace(asked, stand_ins=known)
    return replace(look.page(before, limit, mark="t"), meant=known)


@dataclass(slots=True)
class _Look:
    """One question to the index and to what it does not have yet."""

    tx: Tx
    viewer: Actor
    asked: Asked
    order: Order
    owner_id: int | None

    def page(self, before: int | None, limit: int, mark: str = "p") -> Found:
        """The page that begins before a place."""
        until = indexed_until(self.tx, self.asked.kind)
        places = [*self._indexed(before, limit + 1, until), *self._fresh(before, until)]
        places.sort(reverse=True)
        kept = places[:limit]
        after = f"{mark}{kept[-1][0]}" if len(places) > limit else None
        return Found(some(self.tx, self.viewer, [repo_id for _place, repo_id in kept]), after, {})

    def _indexed(
        self, before: int | None, limit: int, until: datetime | None
    ) -> list[tuple[int, int]]:
        wanted = [*rules.clauses(self.asked), self._visible()]
        if self.owner_id is not None:
            wanted.append(((rules.fact_token("owner", self.owner_id),),))
        if until is None or not all(wanted):
            return []
        connection = self.tx.connection
        query, place = index.engine(connection).matching(self.order, wanted)
        query = query.where(
            RepoRow.kind == self.asked.kind, RepoRow.updated_at <= until, seen(self.viewer)
        )
        if before is not None:
            query = query.where(place < before)
        query = self._narrowed(query)
        for run in self.asked.runs:
            if rules.needs_look(run):
                query = query.where(self._said(run))
        rows = connection.execute(query.order_by(place.desc()).limit(limit))
        return [(row[0], row[1]) for row in rows]

    def _said(self, run: str) -> Any:
        """Whether a word is there in truth, where trigrams only make it likely."""
        connection, tokens = self.tx.connection, " " + SearchDoc.tokens + " "
        said = [
            holds(connection, SearchDoc.names, run),
            *(
                holds(connection, tokens, f" {word} ")
                for word in (run, *(self.asked.stand_ins or {}).get(run, ()))
            ),
        ]
        return or_(*said)

    def _narrowed(self, query: Select[Any]) -> Select[Any]:
        """What tokens cannot say exactly, or what may have changed under them."""
        asked = self.asked
        if asked.gated is not None:
            is_gated = RepoRow.gated.is_not(None)
            query = query.where(is_gated if asked.gated else ~is_gated)
        if self.owner_id is not None:
            query = query.where(RepoRow.owner_id == self.owner_id)
        if asked.parameters_min is None and asked.parameters_max is None:
            return query
        query = query.join(CardRow, CardRow.repo_id == RepoRow.id)
        if asked.parameters_min is not None:
            query = query.where(CardRow.parameters >= asked.parameters_min)
        if asked.parameters_max is not None:
            query = query.where(CardRow.parameters <= asked.parameters_max)
        return query

    def _visible(self) -> Clause:
        """What everybody may see, and whose members the viewer is."""
        mine = circle(self.viewer)
        owners = sorted(mine.owners | mine.partly)[: rules.OWNERS_MAX]
        tokens = [
            rules.fact_token("public"),
            *(rules.fact_token("owner", each) for each in owners),
        ]
        return tuple((token,) for token in tokens)

    def _fresh(self, before: int | None, until: datetime | None) -> Iterable[tuple[int, int]]:
        """What changed after the index was made, by the slow way."""
        since = until or self.tx.now - timedelta(days=FRESH_DAYS)
        newest = (
            select(RepoRow.id)
            .where(RepoRow.kind == self.asked.kind, RepoRow.updated_at > since)
            .order_by(RepoRow.updated_at.desc(), RepoRow.id.desc())
            .limit(FRESH_MAX)
        )
        ids = list(self.tx.connection.execute(newest).scalars())
        if not ids:
            return []
        query: Select[Any] = (
            select(*_PLACED)
            .join(Account, Account.id == RepoRow.owner_id)
            .outerjoin(SearchDoc, SearchDoc.repo_id == RepoRow.id)
            .where(RepoRow.id.in_(ids), seen(self.viewer))
        )
        query = self._narrowed(self._worded(query))
        asked = self.asked
        wanted = cards.Wanted(
            tags=asked.facets,
            pipeline_tag=asked.pipeline_tag,
            library=asked.library,
            licence=asked.licence,
        )
        rows = self.tx.connection.execute(cards.narrowed(query, RepoRow.id, wanted))
        placed = ((places(row)[self.order], row.id) for row in rows)
        return [each for each in placed if before is None or each[0] < before]

    def _worded(self, query: Select[Any]) -> Select[Any]:
        asked, connection = self.asked, self.tx.connection
        for run in asked.runs:
            words = (run, *(asked.stand_ins or {}).get(run, ()))
            said = [
                condition
                for word in words
                for condition in (
                    RepoRow.name_key.contains(word, autoescape=True),
                    Account.name_key.contains(word, autoescape=True),
                    holds(connection, " " + SearchDoc.tokens + " ", f" {word} "),
                )
            ]
            query = query.where(or_(*said))
        if asked.sdks:
            query = query.where(RepoRow.sdk.in_(asked.sdks))
        if asked.apps:
            groups = [group for app in asked.apps for group in rules.app_tags(app)]
            query = query.where(or_(*(and_(*(_has(tag) for tag in group)) for group in groups)))
        return query


def _has(tag: str) -> Any:
    return RepoRow.id.in_(select(FacetRow.repo_id).where(FacetRow.facet == tag))


def places(row: Any) -> dict[Order, int]:
    """Where a repository stands in each order, by what it is now."""
    return {
        Order.TRENDING: rules.key(row.trending or 0, row.id),
        Order.UPDATED: rules.key(rules.moment_value(row.updated_at), row.id),
        Order.CREATED: rules.key(rules.moment_value(row.created_at), row.id),
        Order.DOWNLOADS: rules.key(row.downloads, row.id),
        Order.LIKES: rules.key(row.likes, row.id),
    }


def some(tx: Tx, viewer: Actor, ids: Sequence[int]) -> list[Repo]:
    """These repositories in this order, without those that `viewer` may not know of."""
    by_id: dict[int, Repo] = {}
    for start in range(0, len(ids), LOOKED_UP_MAX):
        asked = WITH_HEAD.where(RepoRow.id.in_(ids[start : start + LOOKED_UP_MAX]), seen(viewer))
        by_id |= {row[0]: as_repo(row, row[-1]) for row in tx.connection.execute(asked)}
    return [by_id[each] for each in ids if each in by_id]


def indexed_until(tx: Tx, kind: str) -> datetime | None:
    """Up to when every change of this kind is in the index; None before there is one."""
    asked = select(SearchState.until).where(SearchState.kind == kind)
    return tx.connection.execute(asked).scalar()


def _read_place(after: str | None) -> tuple[bool, int | None]:
    if not after:
        return False, None
    parsed = _PLACE.fullmatch(after)
    if parsed is None or int(parsed.group(2)) >= 1 << 63:
        raise Invalid("This cursor makes no sense.")
    return parsed.group(1) == "t", int(parsed.group(2))
