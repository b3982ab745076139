"""What is tidied away by itself: the likes and follows of accounts that were deleted."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from iriai.base.jobs import job
from iriai.base.tx import Ground
from iriai.identity.tables import Account
from iriai.repos.tables import RepoRow
from iriai.social.tables import Follow, Like

EVERY = timedelta(days=1)
BATCH = 500


@job("social.tidy", every=EVERY)
def tidy(ground: Ground, _payload: Mapping[str, Any]) -> None:
    """Forget what deleted accounts liked and followed, and count again what they liked."""
    gone = select(Account.id).where(Account.deleted_at.is_not(None))
    with ground.write() as tx:
        tx.connection.execute(
            delete(Follow).where(or_(Follow.follower_id.in_(gone), Follow.followed_id.in_(gone)))
        )
    while _forget_likes(ground) == BATCH:
        pass


def _forget_likes(ground: Ground) -> int:
    asked = (
        select(Like.id, Like.repo_id)
        .join(Account, Account.id == Like.account_id)
        .where(Account.deleted_at.is_not(None))
        .limit(BATCH)
    )
    with ground.write() as tx:
        rows = tx.connection.execute(asked).all()
        tx.connection.execute(delete(Like).where(Like.id.in_([row.id for row in rows])))
        left = select(func.count(Like.id)).where(Like.repo_id == RepoRow.id).scalar_subquery()
        tx.connection.execute(
            update(RepoRow).where(RepoRow.id.in_({row.repo_id for row in rows})).values(likes=left)
        )
    return len(rows)
