"""What can be found, a page at a time, by whoever asks.

Two sources make a page. The index has what changed up to a moment (`SearchState.until`); the few
repositories that changed since are looked at one by one, so that what somebody just made is found
at once. Both give places in the same order, so a page ends at a place and the next begins there.
Whatever the index says, `repos.rows.seen` judges each row as it is now.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, bindparam, or_, select

from iriai.base.batches import batches
from iriai.base.errors import Invalid
from iriai.base.tx import Tx
from iriai.cards import queries as cards
from iriai.cards.tables import CardRow, FacetRow
from iriai.identity import queries as identity
from iriai.identity.rules import Actor, circle
from iriai.identity.tables import Account
from iriai.repos.queries import Filters, Sort, listing
from iriai.repos.rows import WITH_HEAD, as_repo, listed
from iriai.repos.rules import Kind, Repo, may_see
from iriai.repos.tables import RepoRow
from iriai.search import index, naming, rules, tokens
from iriai.search.figures import (
    built_on,
    downloads_by_day,
    downloads_ever,
    people,
    tags,
    trending,
    used_in,
)
from iriai.search.meaning import meant
from iriai.search.rules import Asked, Order
from iriai.search.tables import SearchDoc, SearchState

__all__ = [
    "Found",
    "built_on",
    "downloads_by_day",
    "downloads_ever",
    "found",
    "people",
    "some",
    "tags",
    "trending",
    "used_in",
]

FRESH_MAX = 500
"""How many repositories the index may not have yet and still be found."""
FRESH_DAYS = 2
LOOKED_UP_MAX = 400

_PLACE = re.compile(r"([pt])(\d{1,19})(?:n(\d{1,2}))?")
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
    named_first: bool = False,
) -> Found:
    """The repositories that `viewer` may know of and that are as asked, in order.

    With `named_first` what has the very name that is searched for stands before the rest. Where
    nothing has all the words, known words take the place of those that nothing has.
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
    spelled, before, shown = _read_place(after)
    look = _Look(tx, viewer, asked, order, owner.id if owner else None)
    if named_first and not spelled:
        look.lead(shown if before in (None, index.PLACE_MAX) else rules.PAGE_LENGTH_MAX)
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
    first: Sequence[int] = ()
    """What stands before all the rest, and not in its place among it."""
    shown: int = 0
    """So many of these stood on earlier pages."""

    def lead(self, shown: int) -> None:
        """Put what has the very name before the rest, as far as it is as asked."""
        found = naming.named(self.tx, self.viewer, self.asked)
        as_asked = {rules.id_of(each) for each in self._fresh(set(found), None)}
        self.first, self.shown = [each for each in found if each in as_asked], shown

    def page(self, before: int | None, limit: int, mark: str = "p") -> Found:
        """The page that begins before a place."""
        until = indexed_until(self.tx, self.asked.kind)
        fresh = self._changed(until)
        most = limit + 1 + len(fresh) + len(self.first)
        places = self._indexed(before, most) if until else []
        places = [each for each in places if rules.id_of(each) not in fresh]
        places += self._fresh(fresh, before)
        places = [each for each in places if rules.id_of(each) not in self.first]
        places.sort(reverse=True)
        leading = self.first[self.shown : self.shown + limit]
        kept = places[: limit - len(leading)]
        stood = self.shown + len(leading)
        after = None
        if stood < len(self.first) or len(places) > len(kept):
            after = f"{mark}{kept[-1]}" if kept else f"{mark}{index.PLACE_MAX}n{stood}"
        ids = [*leading, *(rules.id_of(each) for each in kept)]
        repos = some(self.tx, self.viewer, ids)
        return Found([each for each in repos if self._is_so(each)], after, {})

    def _indexed(self, before: int | None, limit: int) -> list[int]:
        wanted = tokens.clauses(self.asked, self._scopes(), self.owner_id)
        if not all(wanted):
            return []
        meant = self.asked.stand_ins or {}
        look = index.Look(
            kind=self.asked.kind,
            order=self.order,
            clauses=wanted,
            words=[
                each for each in self.asked.runs if tokens.needs_look(each) and each not in meant
            ],
            parameters_min=self.asked.parameters_min,
            parameters_max=self.asked.parameters_max,
            before=index.PLACE_MAX if before is None else before,
            limit=limit,
        )
        connection = self.tx.connection
        return index.engine(connection).matching(connection, look)

    def _is_so(self, repo: Repo) -> bool:
        """What may have changed since the index heard of it."""
        gated = self.asked.gated
        return (gated is None or gated == (repo.gated is not None)) and (
            self.owner_id is None or self.owner_id == repo.owner_id
        )

    def _scopes(self) -> list[str]:
        """What everybody may see, and what is private to those whose repositories one may read."""
        mine = circle(self.viewer)
        owners = sorted(mine.owners | mine.partly)[: rules.OWNERS_MAX]
        if self.owner_id is not None:
            owners = [each for each in owners if each == self.owner_id]
        kind = self.asked.kind
        return [tokens.scope(kind), *(tokens.scope(kind, each) for each in owners)]

    def _changed(self, until: datetime | None) -> set[int]:
        """What changed after the index was made: the newest of it, there may be very much."""
        since = until or self.tx.now - timedelta(days=FRESH_DAYS)
        given = {"kind": self.asked.kind, "since": since}
        return set(self.tx.connection.execute(_NEWEST, given).scalars())

    def _fresh(self, ids: set[int], before: int | None) -> list[int]:
        """The places of those that are as asked, by the slow way."""
        if not ids:
            return []
        query: Select[Any] = (
            select(*_PLACED)
            .join(Account, Account.id == RepoRow.owner_id)
            .outerjoin(SearchDoc, SearchDoc.repo_id == RepoRow.id)
            .where(RepoRow.id.in_(ids), listed(self.viewer))
        )
        query = self._bounded(self._worded(query))
        asked = self.asked
        wanted = cards.Wanted(
            tags=asked.facets,
            pipeline_tag=asked.pipeline_tag,
            library=asked.library,
            licence=asked.licence,
        )
        rows = self.tx.connection.execute(cards.narrowed(query, RepoRow.id, wanted))
        placed = (places(row)[self.order] for row in rows)
        return [each for each in placed if before is None or each < before]

    def _bounded(self, query: Select[Any]) -> Select[Any]:
        asked = self.asked
        if self.owner_id is not None:
            query = query.where(RepoRow.owner_id == self.owner_id)
        if asked.parameters_min is None and asked.parameters_max is None:
            return query
        low, high = asked.parameters_min or 0, asked.parameters_max or index.PARAMETERS_MAX
        query = query.join(CardRow, CardRow.repo_id == RepoRow.id)
        return query.where(CardRow.parameters.between(low, high))

    def _worded(self, query: Select[Any]) -> Select[Any]:
        asked = self.asked
        for run in asked.runs:
            words = (run, *(asked.stand_ins or {}).get(run, ()))
            said = [
                condition
                for word in words
                for condition in (
                    RepoRow.name_key.contains(word, autoescape=True),
                    Account.name_key.contains(word, autoescape=True),
                    (" " + SearchDoc.tokens + " ").contains(f" {word} ", autoescape=True),
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
    for batch in batches(ids, LOOKED_UP_MAX):
        given = {"ids": batch}
        for row in tx.connection.execute(_SOME, given):
            by_id[row[0]] = as_repo(row, row[-1])
    return [by_id[each] for each in ids if each in by_id and may_see(viewer, by_id[each])]


def indexed_until(tx: Tx, kind: str) -> datetime | None:
    """Up to when every change of this kind is in the index; None before there is one."""
    return tx.connection.execute(_UNTIL, {"kind": kind}).scalar()


_UNTIL = select(SearchState.until).where(SearchState.kind == bindparam("kind"))
_NEWEST = (
    select(RepoRow.id)
    .where(RepoRow.kind == bindparam("kind"), RepoRow.updated_at > bindparam("since"))
    .order_by(RepoRow.updated_at.desc(), RepoRow.id.desc())
    .limit(FRESH_MAX)
)
_SOME = WITH_HEAD.where(
    RepoRow.id.in_(bindparam("ids", expanding=True)), RepoRow.deleted_at.is_(None)
)


def _read_place(after: str | None) -> tuple[bool, int | None, int]:
    """Whether other words were taken, the place a page begins before, what stood before it all."""
    if not after:
        return False, None, 0
    parsed = _PLACE.fullmatch(after)
    if parsed is None or int(parsed[2]) >= 1 << 63:
        raise Invalid("This cursor makes no sense.")
    return parsed[1] == "t", int(parsed[2]), int(parsed[3] or 0)
