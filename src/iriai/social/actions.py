"""Liking, following, and taking both back. Doing it twice is doing it once."""

from sqlalchemy import delete, func, insert, select, update

from iriai.base.events import HUB
from iriai.base.tx import Tx
from iriai.identity.rules import Actor
from iriai.identity.tables import Account
from iriai.repos.rules import Repo
from iriai.repos.tables import RepoRow
from iriai.social import rules
from iriai.social.tables import Follow, Like


def like(tx: Tx, actor: Actor, repo: Repo) -> int:
    """Like a repository. Returns how many do."""
    who = rules.require_may_like(actor, repo)
    _lock(tx, who)
    here = select(Like.id).where(Like.repo_id == repo.id, Like.account_id == who)
    if tx.connection.execute(here).first() is not None:
        return _counted(tx, repo, 0)
    mine = select(func.count(Like.id)).where(Like.account_id == who)
    rules.require_room_for_likes(tx.connection.execute(mine).scalar_one())
    tx.connection.execute(insert(Like), {"repo_id": repo.id, "account_id": who, "since": tx.now})
    tx.record(repo.commons_id, actor.name, "liked", repo.subject)
    return _counted(tx, repo, 1)


def unlike(tx: Tx, actor: Actor, repo: Repo) -> int:
    """Take a like back. Returns how many are left."""
    who = rules.require_may_like(actor, repo)
    gone = tx.connection.execute(
        delete(Like).where(Like.repo_id == repo.id, Like.account_id == who)
    )
    if gone.rowcount == 0:
        return _counted(tx, repo, 0)
    tx.record(repo.commons_id, actor.name, "took back a like of", repo.subject)
    return _counted(tx, repo, -1)


def follow(tx: Tx, actor: Actor, account: Account) -> None:
    """Follow a person or an organisation."""
    who = rules.require_may_follow(actor, account.id)
    _lock(tx, who)
    here = select(Follow.id).where(Follow.followed_id == account.id, Follow.follower_id == who)
    if tx.connection.execute(here).first() is not None:
        return
    mine = select(func.count(Follow.id)).where(Follow.follower_id == who)
    rules.require_room_to_follow(tx.connection.execute(mine).scalar_one())
    row = {"followed_id": account.id, "follower_id": who, "since": tx.now}
    tx.connection.execute(insert(Follow), row)
    tx.record(HUB, actor.name, "followed", f"account/{account.name}")


def unfollow(tx: Tx, actor: Actor, account: Account) -> None:
    """Follow somebody no longer."""
    who = rules.require_may_follow(actor, account.id)
    gone = tx.connection.execute(
        delete(Follow).where(Follow.followed_id == account.id, Follow.follower_id == who)
    )
    if gone.rowcount:
        tx.record(HUB, actor.name, "left off following", f"account/{account.name}")


def _lock(tx: Tx, account_id: int) -> None:
    """One at a time for each account, so that what is done twice at once is done once."""
    asked = select(Account.id).where(Account.id == account_id).with_for_update()
    tx.connection.execute(asked)


def _counted(tx: Tx, repo: Repo, change: int) -> int:
    return tx.connection.execute(
        update(RepoRow)
        .where(RepoRow.id == repo.id)
        .values(likes=RepoRow.likes + change)
        .returning(RepoRow.likes)
    ).scalar_one()
