"""What of a repository is served to nobody: files that are held, revisions that were removed."""

from collections.abc import Collection, Container

from sqlalchemy import ColumnElement, Row, Select, or_, select

from iriai.base.batches import batches
from iriai.base.errors import Denied, Gone, HubError
from iriai.base.tx import Tx
from iriai.repos.rules import FULL_SHA, SHORT_SHA, Repo
from iriai.repos.tables import GoneCommit, HeldFile

SHAS_MAX = 256
"""How many are looked for at once."""


def require_there(tx: Tx, repo_id: int, revisions: Collection[str]) -> None:
    """A revision that was removed on purpose says so, and why."""
    asked = sorted({each for each in revisions if SHORT_SHA.fullmatch(each)})
    for some in batches(asked, SHAS_MAX):
        short = [GoneCommit.sha.startswith(each) for each in some if not FULL_SHA.fullmatch(each)]
        full = GoneCommit.sha.in_([each for each in some if FULL_SHA.fullmatch(each)])
        found = tx.connection.execute(
            select(GoneCommit.reason)
            .where(GoneCommit.repo_id == repo_id, or_(full, *short))
            .limit(1)
        ).scalar_one_or_none()
        if found is not None:
            raise Gone(found, code="RevisionRemoved")


def require_served(tx: Tx, repo: Repo, path: str | None = None) -> None:
    """A file that is held is not served; without a path, none of the repository may be."""
    if not repo.has_withheld:
        return
    asked = _held(tx, repo)
    if path is not None:
        asked = asked.where(HeldFile.path == path)
    row = tx.connection.execute(asked.limit(1)).one_or_none()
    if row is not None:
        raise _refusal(row)


def held(tx: Tx, repo: Repo) -> dict[str, HubError]:
    """The files that are held now, by path, and what is said to who asks for one."""
    return {row.path: _refusal(row) for row in tx.connection.execute(_held(tx, repo))}


class _Every(Container[str]):
    """Every path: a repository that is held as a whole serves none."""

    def __contains__(self, path: object) -> bool:
        return True


def hidden(tx: Tx, repo: Repo) -> Container[str]:
    """The paths of which nothing is shown now, at whatever revision."""
    if repo.held_reason is not None:
        return _Every()
    return frozenset(held(tx, repo)) if repo.has_withheld else frozenset()


def somewhere(tx: Tx) -> Select[int]:
    """A SELECT of the ids of the repositories in which something is not served now."""
    return select(HeldFile.repo_id).where(now(tx))


def _held(tx: Tx, repo: Repo) -> Select[str, str, bool]:
    return select(HeldFile.path, HeldFile.reason, HeldFile.is_gone).where(
        HeldFile.repo_id == repo.id, now(tx)
    )


def now(tx: Tx) -> ColumnElement[bool]:
    """Of `held_files`: that it holds now."""
    return or_(HeldFile.until.is_(None), HeldFile.until > tx.now)


def _refusal(row: Row[str, str, bool]) -> HubError:
    return Gone(row.reason, code="Removed") if row.is_gone else Denied(row.reason, code="Held")
