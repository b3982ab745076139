"""What is kept of cards: one row a repository, read from the newest commit of its main branch.

All of it can be made anew from git. `facets` are the tags, and each language under its own prefix,
one row each, so that a listing can ask for several at once.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class CardRow(Table):
    """The card of a repository, and what its files say besides."""

    __tablename__ = "cards"
    __table_args__ = (
        Index("ix_cards_pipeline_tag", "pipeline_tag"),
        Index("ix_cards_library_name", "library_name"),
        Index("ix_cards_licence", "licence"),
    )
    repo_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("repos.id"), primary_key=True, autoincrement=False
    )
    sha: Mapped[str]
    data: Mapped[dict[str, Any]]
    tags: Mapped[list[str]]
    languages: Mapped[list[str]]
    pipeline_tag: Mapped[str | None]
    library_name: Mapped[str | None]
    licence: Mapped[str | None]
    config: Mapped[dict[str, Any]]
    safetensors: Mapped[dict[str, Any] | None]
    gguf: Mapped[dict[str, Any] | None]
    parameters: Mapped[int | None] = mapped_column(BigId)
    refreshed_at: Mapped[datetime]


class FacetRow(Table):
    """One word that a listing can filter by."""

    __tablename__ = "card_facets"
    __table_args__ = (Index("ix_card_facets_facet", "facet", "repo_id"),)
    repo_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("repos.id"), primary_key=True, autoincrement=False
    )
    facet: Mapped[str] = mapped_column(primary_key=True)
