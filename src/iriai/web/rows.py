"""Repositories as a list shows them: what is known of each, in one row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from iriai.base.tx import Tx
from iriai.cards import queries as cards
from iriai.cards.queries import Card
from iriai.repos.rules import Repo


@dataclass(frozen=True, slots=True)
class Row:
    """One repository in a list."""

    kind: str
    owner: str
    name: str
    visibility: str
    gated: bool
    updated_at: datetime
    downloads: int
    task: str | None
    library: str | None
    licence: str | None
    parameters: int | None
    bytes: int | None = None

    @property
    def full_name(self) -> str:
        """`ada/tiny`."""
        return f"{self.owner}/{self.name}"


def rows(tx: Tx, repos: Sequence[Repo]) -> list[Row]:
    """These repositories with what their cards say."""
    known = cards.cards(tx, [repo.id for repo in repos])
    return [_row(repo, known.get(repo.id)) for repo in repos]


def _row(repo: Repo, card: Card | None) -> Row:
    return Row(
        kind=repo.kind.value,
        owner=repo.owner,
        name=repo.name,
        visibility=repo.visibility.value,
        gated=repo.gated is not None,
        updated_at=repo.updated_at,
        downloads=repo.downloads,
        task=card.pipeline_tag if card else None,
        library=card.library_name if card else None,
        licence=card.licence if card else None,
        parameters=card.parameters if card else None,
    )
