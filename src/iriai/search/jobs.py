"""The index follows what changes; downloads are counted; the week's favourites are ranked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, tuple_

from iriai.base.errors import Gone, Unknown
from iriai.base.jobs import job
from iriai.base.tx import Ground
from iriai.cards import actions as cards
from iriai.cards.tables import FacetRow
from iriai.repos.rules import Visibility
from iriai.repos.tables import RepoRow
from iriai.search import actions, downloads, noting, vocabulary
from iriai.search.downloads import Fetched
from iriai.search.tables import SearchTag

REFRESH_EVERY = timedelta(seconds=20)
RANK_EVERY = timedelta(minutes=5)
AGE_EVERY = timedelta(hours=6)
TAGS_MAX = 50_000
TAGS_AT_ONCE = 500


@job("search.refresh", every=REFRESH_EVERY)
def refresh(ground: Ground, payload: Mapping[str, Any]) -> None:  # noqa: ARG001 - as every job
    """Take in what changed."""
    actions.refresh(ground)


@job("search.reread")
def reread(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Read a card anew though nothing was committed, for less of it is served, or more again."""
    repo_id = int(payload["repo_id"])
    try:
        cards.refresh(ground, repo_id)
    except (Unknown, Gone):
        return
    actions.take(ground, [repo_id])


@job("search.rank", every=RANK_EVERY)
def rank(ground: Ground, payload: Mapping[str, Any]) -> None:  # noqa: ARG001 - as every job
    """Rank by this week's downloads and likes; put right whatever the index has differently."""
    with ground.write() as tx:
        downloads.forget(tx)
    with ground.read() as tx:
        liked = downloads.liked(tx)
    downloads.rank(ground, liked)
    actions.sweep(ground)
    vocabulary.forget(ground)
    count_tags(ground)


@job("downloads.age", every=AGE_EVERY)
def age(ground: Ground, payload: Mapping[str, Any]) -> None:  # noqa: ARG001 - as every job
    """Let downloads of more than thirty days ago count no more."""
    with ground.write() as tx:
        downloads.age(tx)


@job(noting.JOB)
def count(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Count what a server noted."""
    fetched = [
        Fetched(int(repo_id), str(client), account_id, datetime.fromisoformat(at))
        for repo_id, client, account_id, at in payload["fetched"]
    ]
    with ground.write() as tx:
        downloads.count(tx, fetched)


def count_tags(ground: Ground) -> None:
    """Count the tags of what everybody may see, and write down what changed."""
    counted = (
        select(RepoRow.kind, FacetRow.facet, func.count())
        .join(RepoRow, RepoRow.id == FacetRow.repo_id)
        .where(RepoRow.deleted_at.is_(None), RepoRow.visibility != Visibility.PRIVATE)
        .group_by(RepoRow.kind, FacetRow.facet)
        .order_by(func.count().desc(), FacetRow.facet)
        .limit(TAGS_MAX)
    )
    with ground.read() as tx:
        now = {(row[0], row[1]): int(row[2]) for row in tx.connection.execute(counted)}
        asked = select(SearchTag.kind, SearchTag.tag, SearchTag.count)
        had = {(row[0], row[1]): row[2] for row in tx.connection.execute(asked)}
    gone = sorted(set(had) - set(now))
    changed = sorted(key for key, times in now.items() if had.get(key) != times)
    for start in range(0, max(len(gone), len(changed)), TAGS_AT_ONCE):
        with ground.write() as tx:
            some = gone[start : start + TAGS_AT_ONCE]
            if some:
                where = tuple_(SearchTag.kind, SearchTag.tag).in_(some)
                tx.connection.execute(delete(SearchTag).where(where))
            rows = [
                {"kind": kind, "tag": tag, "count": now[kind, tag]}
                for kind, tag in changed[start : start + TAGS_AT_ONCE]
            ]
            if rows:
                put = tx.insert(SearchTag)
                put = put.on_conflict_do_update(
                    index_elements=["kind", "tag"], set_={"count": put.excluded.count}
                )
                tx.connection.execute(put, rows)
