"""Figures beside what was found: how wanted, how often fetched, which tags there are, and who."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select

from iriai.base.batches import batches
from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.cards.tables import FacetRow
from iriai.identity.rules import Actor
from iriai.identity.tables import Account
from iriai.repos.rows import listed
from iriai.repos.rules import Kind
from iriai.repos.tables import RepoRow
from iriai.search import rules
from iriai.search.tables import DownloadDay, SearchDoc, SearchTag

BASE, USED = "base_model:", "model:"
"""What the facets begin with of a model that names its base, and of a space that names a model."""
NAMES_AT_ONCE = 400
SPACES_MAX = 1_000


def trending(tx: Tx, repo_ids: Collection[int]) -> dict[int, int]:
    """How much these repositories are wanted this week."""
    asked = select(SearchDoc.repo_id, SearchDoc.trending).where(
        SearchDoc.repo_id.in_(list(repo_ids)[: rules.PAGE_LENGTH_MAX])
    )
    return {row.repo_id: row.trending for row in tx.connection.execute(asked)}


def downloads_ever(tx: Tx, repo_ids: Collection[int]) -> dict[int, int]:
    """How often these repositories were downloaded since they were made."""
    asked = (
        select(DownloadDay.repo_id, func.sum(DownloadDay.count))
        .where(DownloadDay.repo_id.in_(list(repo_ids)[: rules.PAGE_LENGTH_MAX]))
        .group_by(DownloadDay.repo_id)
    )
    return {row[0]: int(row[1]) for row in tx.connection.execute(asked)}


def downloads_by_day(tx: Tx, repo_id: int) -> list[tuple[date, int]]:
    """How often a repository was downloaded on each of the last thirty days, today last."""
    first = tx.now.date() - timedelta(days=rules.DOWNLOADS_DAYS - 1)
    asked = select(DownloadDay.day, DownloadDay.count).where(
        DownloadDay.repo_id == repo_id, DownloadDay.day >= first
    )
    counts = {row.day: row[1] for row in tx.connection.execute(asked)}
    days = (first + timedelta(days=n) for n in range(rules.DOWNLOADS_DAYS))
    return [(day, int(counts.get(day, 0))) for day in days]


def tags(tx: Tx, kind: str, limit: int) -> list[tuple[str, int]]:
    """The tags of what everybody may see of a kind, with how many have them, the most first."""
    asked = (
        select(SearchTag.tag, SearchTag.count)
        .where(SearchTag.kind == kind)
        .order_by(SearchTag.count.desc(), SearchTag.tag)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in tx.connection.execute(asked)]


def people(tx: Tx, text: str, limit: int) -> list[tuple[str, str, str]]:
    """Accounts whose name or full name begins with or holds this: kind, name, full name."""
    word = fold(text.strip())
    if not word:
        return []
    asked = (
        select(Account.kind, Account.name, Account.fullname)
        .where(
            Account.deleted_at.is_(None),
            or_(
                Account.name_key.contains(word, autoescape=True),
                func.lower(Account.fullname).contains(word, autoescape=True),
            ),
        )
        .order_by(func.length(Account.name), Account.name_key)
        .limit(limit)
    )
    return [(row.kind, row.name, row.fullname) for row in tx.connection.execute(asked)]


def built_on(tx: Tx, viewer: Actor, names: Collection[str]) -> dict[str, int]:
    """How many models that `viewer` may find say of each of these that they were made from it."""
    counts = dict.fromkeys(names, 0)
    for batch in batches(list(counts), NAMES_AT_ONCE):
        asked = _saying(viewer, Kind.MODEL, BASE, batch)
        query = asked.add_columns(func.count()).group_by(FacetRow.facet)
        for facet, count in tx.connection.execute(query):
            counts[facet.removeprefix(BASE)] = int(count)
    return counts


def used_in(tx: Tx, viewer: Actor, names: Collection[str]) -> dict[str, list[str]]:
    """The spaces that `viewer` may find whose cards name each of these models, the most liked."""
    spaces: dict[str, list[str]] = {name: [] for name in names}
    for batch in batches(list(spaces), NAMES_AT_ONCE):
        query = (
            _saying(viewer, Kind.SPACE, USED, batch)
            .add_columns(Account.name, RepoRow.name)
            .join(Account, Account.id == RepoRow.owner_id)
            .order_by(RepoRow.likes.desc(), RepoRow.id)
            .limit(SPACES_MAX)
        )
        for facet, owner, name in tx.connection.execute(query):
            spaces[facet.removeprefix(USED)].append(f"{owner}/{name}")
    return spaces


def _saying(viewer: Actor, kind: Kind, prefix: str, names: Sequence[str]) -> Select[Any]:
    """The facets of cards that name these, of what `viewer` may find."""
    return (
        select(FacetRow.facet)
        .join(RepoRow, RepoRow.id == FacetRow.repo_id)
        .where(
            FacetRow.facet.in_([prefix + name for name in names]),
            RepoRow.kind == kind,
            listed(viewer),
        )
    )
