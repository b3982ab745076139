"""What is kept to be searched, and of downloads.

All `search_…` tables can be made anew from repositories and cards, and are left out of backups.
`search_docs` has one row a repository: its tokens, and for each order a number that sorts it. The
index proper is made of what each database has for it (`index.py`): FTS5 tables on SQLite, one for
each order; a table of tsvectors on PostgreSQL.

`download_clients` has who (a salted hash, another one for each repository) last counted when, for a
week; `download_days` how often a repository was downloaded on a day.
"""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class SearchDoc(Table):
    """A repository as the index has it. `made_of` says what of, `behind` that its card is older."""

    __tablename__ = "search_docs"
    __table_args__ = (
        Index("ix_search_docs_behind", "behind", "repo_id"),
        Index("ix_search_docs_by_trending", "kind", "by_trending"),
        Index("ix_search_docs_by_updated", "kind", "by_updated"),
        Index("ix_search_docs_by_created", "kind", "by_created"),
        Index("ix_search_docs_by_downloads", "kind", "by_downloads"),
        Index("ix_search_docs_by_likes", "kind", "by_likes"),
    )
    repo_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    names: Mapped[str] = mapped_column(Text)
    tokens: Mapped[str] = mapped_column(Text)
    made_of: Mapped[str]
    behind: Mapped[bool]
    trending: Mapped[int]
    by_trending: Mapped[int] = mapped_column(BigId)
    by_updated: Mapped[int] = mapped_column(BigId)
    by_created: Mapped[int] = mapped_column(BigId)
    by_downloads: Mapped[int] = mapped_column(BigId)
    by_likes: Mapped[int] = mapped_column(BigId)


class SearchSpelling(Table):
    """A word that everybody may see, under one of its spellings. `named`: of a name or a tag."""

    __tablename__ = "search_spellings"
    spelling: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    word: Mapped[str] = mapped_column(primary_key=True)
    named: Mapped[bool]


class SearchTag(Table):
    """A tag, and how many repositories of a kind that everybody may see have it."""

    __tablename__ = "search_tags"
    __table_args__ = (Index("ix_search_tags_count", "kind", "count"),)
    kind: Mapped[str] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


class SearchState(Table):
    """How far the index has come: every change of a kind until `until` is in it."""

    __tablename__ = "search_state"
    kind: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class DownloadClient(Table):
    """Somebody who downloaded from a repository lately. `weight` is what trending makes of them."""

    __tablename__ = "download_clients"
    __table_args__ = (Index("ix_download_clients_counted_at", "counted_at"),)
    repo_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("repos.id"), primary_key=True, autoincrement=False
    )
    client: Mapped[str] = mapped_column(primary_key=True)
    counted_at: Mapped[datetime]
    weight: Mapped[str]


class DownloadDay(Table):
    """How often a repository was downloaded on a day (UTC)."""

    __tablename__ = "download_days"
    __table_args__ = (Index("ix_download_days_day", "day"),)
    repo_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("repos.id"), primary_key=True, autoincrement=False
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    count: Mapped[int]
