"""Downloads: counted once for each client and five minutes, and what of them makes a trend.

A client is an account, or the network of somebody who is not signed in, kept for a week as a hash
that differs from repository to repository. Nothing is counted on the way of a request: it is noted
(`noting`) and counted by a job.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, select, update

from iriai.base.batches import batches
from iriai.base.tx import Ground, Tx
from iriai.identity.tables import Account
from iriai.repos.tables import RepoRow
from iriai.search import rules
from iriai.search.rules import Weight
from iriai.search.tables import DownloadClient, DownloadDay, SearchDoc
from iriai.social.tables import Like

SCORES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Fetched:
    """Somebody fetched a file that counts. `client` is their hash for this repository."""

    repo_id: int
    client: str
    account_id: int | None
    at: datetime


def count(tx: Tx, fetched: Sequence[Fetched]) -> int:
    """Count what was fetched, each client once in five minutes. Returns how much that was."""
    there = _there(tx, {each.repo_id for each in fetched})
    ages = _ages(tx, {each.account_id for each in fetched if each.account_id is not None})
    counted: dict[tuple[int, date], int] = {}
    for each in sorted(fetched, key=lambda one: one.at):
        if each.repo_id in there and _is_first(tx, each, ages):
            key = (each.repo_id, each.at.date())
            counted[key] = counted.get(key, 0) + 1
    for (repo_id, day), times in sorted(counted.items()):
        _add(tx, repo_id, day, times)
    return sum(counted.values())


def _there(tx: Tx, repo_ids: Collection[int]) -> set[int]:
    asked = select(RepoRow.id).where(RepoRow.id.in_(repo_ids), RepoRow.deleted_at.is_(None))
    return set(tx.connection.execute(asked).scalars())


def _ages(tx: Tx, account_ids: Collection[int]) -> dict[int, timedelta]:
    asked = select(Account.id, Account.created_at).where(Account.id.in_(account_ids))
    return {row.id: tx.now - row.created_at for row in tx.connection.execute(asked)}


def _is_first(tx: Tx, each: Fetched, ages: Mapping[int, timedelta]) -> bool:
    """Whether this client has not counted here in the last five minutes; if so, it does now."""
    age = None if each.account_id is None else ages.get(each.account_id, timedelta())
    row = {
        "repo_id": each.repo_id,
        "client": each.client,
        "counted_at": each.at,
        "weight": rules.weight(age).value,
    }
    put = tx.insert(DownloadClient).values(row)
    put = put.on_conflict_do_update(
        index_elements=["repo_id", "client"],
        set_={"counted_at": row["counted_at"], "weight": row["weight"]},
        where=DownloadClient.counted_at <= each.at - rules.COUNT_ONCE_IN,
    )
    counted = tx.connection.execute(put.returning(DownloadClient.repo_id))
    return counted.first() is not None


def _add(tx: Tx, repo_id: int, day: date, times: int) -> None:
    put = tx.insert(DownloadDay).values(repo_id=repo_id, day=day, count=times)
    put = put.on_conflict_do_update(
        index_elements=["repo_id", "day"], set_={"count": DownloadDay.count + times}
    )
    tx.connection.execute(put)
    tx.connection.execute(
        update(RepoRow).where(RepoRow.id == repo_id).values(downloads=RepoRow.downloads + times)
    )


def forget(tx: Tx) -> None:
    """Forget who downloaded more than a week ago."""
    long_ago = tx.now - timedelta(days=rules.TRENDING_DAYS)
    tx.connection.execute(delete(DownloadClient).where(DownloadClient.counted_at < long_ago))


def age(tx: Tx) -> None:
    """Let `downloads` be those of the last thirty days, as clients understand it."""
    first = tx.now.date() - timedelta(days=rules.DOWNLOADS_DAYS - 1)
    leaving = select(DownloadDay.repo_id).where(
        DownloadDay.day < first, DownloadDay.day >= first - timedelta(days=rules.DOWNLOADS_DAYS)
    )
    lately = (
        select(func.coalesce(func.sum(DownloadDay.count), 0))
        .where(DownloadDay.repo_id == RepoRow.id, DownloadDay.day >= first)
        .scalar_subquery()
    )
    tx.connection.execute(
        update(RepoRow)
        .where(RepoRow.id.in_(leaving), RepoRow.downloads != lately)
        .values(downloads=lately)
    )


def liked(tx: Tx) -> dict[int, int]:
    """How many accounts older than a week came to like each repository this week."""
    asked = (
        select(Like.repo_id, func.count())
        .join(Account, Account.id == Like.account_id)
        .where(
            Like.since >= tx.now - timedelta(days=rules.TRENDING_DAYS),
            Account.created_at <= tx.now - rules.ACCOUNT_AGE_MIN,
        )
        .group_by(Like.repo_id)
    )
    return {row[0]: row[1] for row in tx.connection.execute(asked)}


def scores(tx: Tx, likes: Mapping[int, int]) -> dict[int, int]:
    """How much each repository is wanted this week; those that nobody wants are left out.

    `likes` has the likes of this week, each from an account older than a week. A repository whose
    owner is younger than that is not ranked.
    """
    since = tx.now - timedelta(days=rules.TRENDING_DAYS)
    asked = (
        select(DownloadClient.repo_id, DownloadClient.weight, func.count())
        .where(DownloadClient.counted_at >= since, DownloadClient.weight != Weight.NONE)
        .group_by(DownloadClient.repo_id, DownloadClient.weight)
    )
    seen: dict[int, dict[str, int]] = {repo_id: {} for repo_id in likes}
    for repo_id, weight, times in tx.connection.execute(asked):
        seen.setdefault(repo_id, {})[weight] = times
    grown = _owned_by_grown(tx, list(seen))
    return {
        repo_id: rules.trending_score(
            accounts=times.get(Weight.ACCOUNT, 0),
            anonymous=times.get(Weight.ANONYMOUS, 0),
            likes=likes.get(repo_id, 0),
        )
        for repo_id, times in seen.items()
        if repo_id in grown
    }


def _owned_by_grown(tx: Tx, repo_ids: Sequence[int]) -> set[int]:
    """Those of these repositories whose owner has been here for a week."""
    kept: set[int] = set()
    born = tx.now - rules.ACCOUNT_AGE_MIN
    for some in batches(repo_ids, SCORES_AT_ONCE):
        asked = (
            select(RepoRow.id)
            .join(Account, Account.id == RepoRow.owner_id)
            .where(
                RepoRow.id.in_(some),
                Account.created_at <= born,
            )
        )
        kept |= set(tx.connection.execute(asked).scalars())
    return kept


def rank(ground: Ground, likes: Mapping[int, int]) -> int:
    """Write down the scores that changed; the index is told by the next sweep."""
    with ground.read() as tx:
        wanted = scores(tx, likes)
        had = {
            row.repo_id: row.trending
            for row in tx.connection.execute(
                select(SearchDoc.repo_id, SearchDoc.trending).where(SearchDoc.trending != 0)
            )
        }
    changed = [
        (repo_id, wanted.get(repo_id, 0))
        for repo_id in {*wanted, *had}
        if wanted.get(repo_id, 0) != had.get(repo_id, 0)
    ]
    for some in batches(changed, SCORES_AT_ONCE):
        with ground.write() as tx:
            for repo_id, score in some:
                tx.connection.execute(
                    update(SearchDoc).where(SearchDoc.repo_id == repo_id).values(trending=score)
                )
    return len(changed)
