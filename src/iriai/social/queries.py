"""What can be seen of likes and followers, newest first, a page at a time.

Deleted accounts and repositories that the viewer may not know of are left out everywhere.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from iriai.base.tx import Tx
from iriai.identity.rules import Actor
from iriai.identity.tables import Account, AccountKind
from iriai.repos.rows import WITH_HEAD, as_repo, seen
from iriai.repos.rules import Repo
from iriai.repos.tables import RepoRow
from iriai.social.rules import PAGE_LENGTH, Figures, Liked, Somebody
from iriai.social.tables import Follow, Like

Page = Sequence[Somebody]


def likers(tx: Tx, repo: Repo, *, before: int | None = None, limit: int = PAGE_LENGTH) -> Page:
    """Who likes a repository."""
    return _people(tx, Like, Like.account_id, Like.repo_id == repo.id, before, limit)


def followers(
    tx: Tx, account_id: int, *, before: int | None = None, limit: int = PAGE_LENGTH
) -> Page:
    """Who follows a person or an organisation."""
    return _people(tx, Follow, Follow.follower_id, Follow.followed_id == account_id, before, limit)


def following(
    tx: Tx, account_id: int, *, before: int | None = None, limit: int = PAGE_LENGTH
) -> Page:
    """The people and organisations that somebody follows."""
    return _people(tx, Follow, Follow.followed_id, Follow.follower_id == account_id, before, limit)


def likes_of(
    tx: Tx, viewer: Actor, account_id: int, *, before: int | None = None, limit: int = PAGE_LENGTH
) -> Sequence[Liked]:
    """The repositories that somebody likes and `viewer` may know of."""
    asked = (
        WITH_HEAD.add_columns(Like.id, Like.since)
        .join(Like, Like.repo_id == RepoRow.id)
        .where(Like.account_id == account_id, seen(viewer))
        .order_by(Like.id.desc())
        .limit(limit)
    )
    if before is not None:
        asked = asked.where(Like.id < before)
    rows = tx.connection.execute(asked)
    return [Liked(row[-2], as_repo(row, row[-3]), row[-1]) for row in rows]


def likes(tx: Tx, actor: Actor, repo: Repo) -> bool:
    """Whether the actor likes a repository."""
    asked = select(Like.id).where(Like.repo_id == repo.id, Like.account_id == actor.id)
    return actor.id is not None and tx.connection.execute(asked).first() is not None


def followed(tx: Tx, actor: Actor, account_ids: Iterable[int]) -> set[int]:
    """Which of these accounts the actor follows."""
    if actor.id is None:
        return set()
    asked = select(Follow.followed_id).where(
        Follow.follower_id == actor.id, Follow.followed_id.in_(list(account_ids))
    )
    return set(tx.connection.execute(asked).scalars())


def figures(tx: Tx, viewer: Actor, account_id: int) -> Figures:
    """How many likes, followers and followed an account has."""
    liked = (
        select(func.count())
        .select_from(Like)
        .join(RepoRow, RepoRow.id == Like.repo_id)
        .where(Like.account_id == account_id, seen(viewer))
    )
    return Figures(
        likes=int(tx.connection.execute(liked).scalar_one()),
        followers=_count(tx, Follow.follower_id, Follow.followed_id == account_id),
        following=_count(tx, Follow.followed_id, Follow.follower_id == account_id),
        is_followed=bool(followed(tx, viewer, [account_id])),
    )


def _count(tx: Tx, who: InstrumentedAttribute[int], where: ColumnElement[bool]) -> int:
    asked = (
        select(func.count())
        .select_from(Follow)
        .join(Account, Account.id == who)
        .where(where, Account.deleted_at.is_(None))
    )
    return int(tx.connection.execute(asked).scalar_one())


def _people(  # noqa: PLR0917 - a table, whom of it, which rows, place and size
    tx: Tx,
    table: type[Like] | type[Follow],
    who: InstrumentedAttribute[int],
    where: ColumnElement[bool],
    before: int | None,
    limit: int,
) -> Page:
    asked = (
        select(
            table.id.label("place"),
            Account.id,
            Account.name,
            Account.fullname,
            (Account.kind == AccountKind.ORGANISATION).label("is_organisation"),
            table.since,
        )
        .select_from(table)
        .join(Account, Account.id == who)
        .where(where, Account.deleted_at.is_(None))
        .order_by(table.id.desc())
        .limit(min(limit, PAGE_LENGTH))
    )
    if before is not None:
        asked = asked.where(table.id < before)
    return [Somebody(*row) for row in tx.connection.execute(asked)]
