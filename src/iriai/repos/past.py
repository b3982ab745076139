"""Repositories as the log knows them: by any name they ever had, the deleted ones too.

For what tells of things that happened; who may be told is judged by the rules as ever.
"""

from typing import Any

from sqlalchemy import Select, select

from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.identity.rules import Actor, circle
from iriai.identity.tables import AccountName
from iriai.repos.rows import WITH_HEAD, as_repo
from iriai.repos.rules import Kind, Repo
from iriai.repos.subjects import Place
from iriai.repos.tables import RepoName, RepoRow


def repo(tx: Tx, repo_id: int) -> Repo | None:
    """The repository of this number, if there ever was one."""
    row = tx.connection.execute(WITH_HEAD.where(RepoRow.id == repo_id)).one_or_none()
    return None if row is None else as_repo(row, row[-1])


def repo_named(tx: Tx, kind: Kind, full_name: str) -> Repo | None:
    """The repository that has or had this name."""
    owner, _slash, name = full_name.partition("/")
    asked = (
        select(RepoName.repo_id)
        .join(AccountName, AccountName.account_id == RepoName.owner_id)
        .where(
            AccountName.name_key == fold(owner), RepoName.kind == kind, RepoName.key == fold(name)
        )
    )
    found = tx.connection.execute(asked).scalar_one_or_none()
    return None if found is None else repo(tx, found)


def repo_at(tx: Tx, place: Place) -> Repo | None:
    """The repository that an entry of the log is about, wherever it is now."""
    if place.kind is None:
        return repo(tx, place.repo_id or 0)
    return repo_named(tx, place.kind, place.full_name)


def own_ids(viewer: Actor, *, owner_id: int | None = None) -> Select[Any]:
    """A SELECT of the numbers of all that is one's own, the deleted ones too until they are purged.

    A client remembers what it sent there, and does not send it again.
    """
    own = sorted(circle(viewer).owners)
    asked = select(RepoRow.id).where(RepoRow.purged_at.is_(None), RepoRow.owner_id.in_(own))
    return asked if owner_id is None else asked.where(RepoRow.owner_id == owner_id)
