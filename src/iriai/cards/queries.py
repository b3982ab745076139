"""What can be seen of cards.

Whoever asks has got the repository from `repos.queries` already; a card is as visible as that.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from iriai.base.batches import batches
from iriai.base.tx import Tx
from iriai.cards.tables import CardRow, FacetRow

LOOKUP_BATCH = 500
FILTERS_MAX = 20


@dataclass(frozen=True, slots=True)
class Card:
    """What a repository says about itself, at commit `sha` of its main branch.

    `data` is the front matter, `config` and the headers are cut down to what clients ask for.
    """

    repo_id: int
    sha: str
    data: Mapping[str, Any]
    tags: tuple[str, ...]
    languages: tuple[str, ...]
    pipeline_tag: str | None
    library_name: str | None
    licence: str | None
    config: Mapping[str, Any]
    safetensors: Mapping[str, Any] | None
    gguf: Mapping[str, Any] | None
    parameters: int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a listing asks of the cards. All of it must hold; parameters are inclusive bounds."""

    tags: tuple[str, ...] = ()
    pipeline_tag: str | None = None
    library: str | None = None
    language: str | None = None
    licence: str | None = None
    parameters_min: int | None = None
    parameters_max: int | None = None


def card(tx: Tx, repo_id: int) -> Card | None:
    """The card of a repository; None before its first commit was read."""
    row = tx.connection.execute(_BY_REPO, {"repo_id": repo_id}).first()
    return None if row is None else _card(row)


def cards(tx: Tx, repo_ids: Collection[int]) -> dict[int, Card]:
    """The cards of many repositories."""
    found: dict[int, Card] = {}
    for batch in batches(repo_ids, LOOKUP_BATCH):
        rows = tx.connection.execute(select(*_COLUMNS).where(CardRow.repo_id.in_(batch)))
        found.update((row.repo_id, _card(row)) for row in rows)
    return found


_COLUMNS = (
    CardRow.repo_id,
    CardRow.sha,
    CardRow.data,
    CardRow.tags,
    CardRow.languages,
    CardRow.pipeline_tag,
    CardRow.library_name,
    CardRow.licence,
    CardRow.config,
    CardRow.safetensors,
    CardRow.gguf,
    CardRow.parameters,
)

_BY_REPO = select(*_COLUMNS).where(CardRow.repo_id == bindparam("repo_id"))
"""Made once: building a statement costs more than this one takes, and it is on the hot path."""


def _card(row: Any) -> Card:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    values["tags"], values["languages"] = tuple(row.tags), tuple(row.languages)
    return Card(**values)


def narrowed(query: Select[Any], repo_id: Any, wanted: Wanted) -> Select[Any]:
    """`query` with those left whose card is as wanted; its column `repo_id` names repositories."""
    facets = [*wanted.tags, *([f"language:{wanted.language}"] if wanted.language else [])]
    for facet in facets[:FILTERS_MAX]:
        having = select(FacetRow.repo_id).where(FacetRow.facet == facet)
        query = query.where(repo_id.in_(having))
    conditions = [
        column == value
        for column, value in (
            (CardRow.pipeline_tag, wanted.pipeline_tag),
            (CardRow.library_name, wanted.library),
            (CardRow.licence, wanted.licence),
        )
        if value is not None
    ]
    if wanted.parameters_min is not None:
        conditions.append(CardRow.parameters >= wanted.parameters_min)
    if wanted.parameters_max is not None:
        conditions.append(CardRow.parameters <= wanted.parameters_max)
    if conditions:
        query = query.where(repo_id.in_(select(CardRow.repo_id).where(*conditions)))
    return query


def matching(wanted: Wanted) -> Select[Any]:
    """The ids of the repositories whose card is as wanted."""
    return narrowed(select(CardRow.repo_id), CardRow.repo_id, wanted)


def counted(
    tx: Tx, column: str, among: Iterable[int] | Select[Any], limit: int
) -> list[tuple[str, int]]:
    """How often each `pipeline_tag`, `library_name` or `licence` occurs among repositories."""
    if column not in {"pipeline_tag", "library_name", "licence"}:
        raise ValueError(f"Cards are not counted by {column}.")
    chosen = getattr(CardRow, column)
    count = func.count().label("count")
    query = (
        select(chosen, count)
        .where(chosen.is_not(None), CardRow.repo_id.in_(among))
        .group_by(chosen)
        .order_by(count.desc(), chosen)
        .limit(limit)
    )
    return [(str(value), int(number)) for value, number in tx.connection.execute(query)]
