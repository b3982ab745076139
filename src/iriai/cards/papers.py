"""Papers, as far as cards cite them: what this hub knows of a paper is who cites it.

A card that links to arXiv carries a tag `arxiv:2307.09288`. Who may not see a repository does not
learn what it cites.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from iriai.base.errors import Unknown
from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.cards.tables import FacetRow
from iriai.identity.rules import Actor
from iriai.identity.tables import Account
from iriai.repos.rows import WITH_HEAD, as_repo, listed
from iriai.repos.rules import Repo
from iriai.repos.tables import RepoRow

PREFIX = "arxiv:"
CITING_MAX = 500
PAGE_MAX = 100
WORDS_MAX = 8


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper by its arXiv number: how many repositories cite it, and since when the first is."""

    id: str
    cited: int
    since: datetime


def citing(tx: Tx, viewer: Actor, paper: str) -> list[Repo]:
    """The repositories that cite a paper, most liked first; `Unknown` where there is none."""
    asked = (
        WITH_HEAD.join(FacetRow, FacetRow.repo_id == RepoRow.id)
        .where(FacetRow.facet == PREFIX + paper, listed(viewer))
        .order_by(RepoRow.likes.desc(), RepoRow.downloads.desc(), RepoRow.id)
        .limit(CITING_MAX)
    )
    found = [as_repo(row, row[-1]) for row in tx.connection.execute(asked)]
    if not found:
        raise Unknown("No card on this hub cites this paper.", code="PaperNotFound")
    return found


def search(tx: Tx, viewer: Actor, words: str, *, limit: int) -> list[Paper]:
    """Papers whose number, or the name of what cites them, holds every one of these words."""
    asked = _papers(viewer)
    for word in fold(words).split()[:WORDS_MAX]:
        asked = asked.where(
            FacetRow.facet.contains(word, autoescape=True)
            | RepoRow.name_key.contains(word, autoescape=True)
            | Account.name_key.contains(word, autoescape=True)
        )
    cited = func.count()
    return _found(tx, asked.order_by(cited.desc(), FacetRow.facet.desc()).limit(limit))


def cited_between(  # noqa: PLR0917 - from when to when, by whom, and which page
    tx: Tx,
    viewer: Actor,
    start: datetime | None,
    end: datetime | None,
    owner: str | None,
    page: int,
    *,
    limit: int,
) -> list[Paper]:
    """Papers by when the first repository that cites them was made, the newest first."""
    since = func.min(RepoRow.created_at)
    asked = _papers(viewer)
    if owner is not None:
        asked = asked.where(Account.name_key == fold(owner))
    if start is not None:
        asked = asked.having(since >= start)
    if end is not None:
        asked = asked.having(since < end)
    asked = asked.order_by(since.desc(), FacetRow.facet.desc())
    return _found(tx, asked.offset(page * limit).limit(limit))


def _papers(viewer: Actor) -> Select[Any]:
    columns: tuple[Any, ...] = (FacetRow.facet, func.count(), func.min(RepoRow.created_at))
    return (
        select(*columns)
        .join(RepoRow, RepoRow.id == FacetRow.repo_id)
        .join(Account, Account.id == RepoRow.owner_id)
        .where(FacetRow.facet.startswith(PREFIX, autoescape=True), listed(viewer))
        .group_by(FacetRow.facet)
    )


def _found(tx: Tx, asked: Select[Any]) -> list[Paper]:
    rows = tx.connection.execute(asked)
    return [Paper(facet.removeprefix(PREFIX), cited, since) for facet, cited, since in rows]
