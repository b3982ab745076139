"""Repositories as the log knows them: by any name they ever had, the deleted ones too.

For what tells of things that happened; who may be told is judged by the rules as ever.
"""

from sqlalchemy import select

from iriai.base.names import fold
from iriai.base.tx import Tx
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
