"""What is kept of repositories: themselves, every name they ever had, their refs and their packs.

`repo_names` is the one register of names: no row is ever deleted, so a name is never free again,
and the old name of a moved repository leads to the new one. Refs are rows; they change by comparing
the old value in the transaction that records the event. A pack is visible exactly while its row is
here and not retired.
"""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Part, Table


class RepoId(Table):
    """A number given out to a repository before it exists, so that its first pack has a place."""

    __tablename__ = "repo_ids"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    taken_at: Mapped[datetime]


class RepoRow(Table):
    """A repository. A deleted one is a tombstone: `disabled_reason` says who decided so.

    `counts_for_id`: the institution whose part of the pot it takes; None: its creator's.
    """

    __tablename__ = "repos"
    __table_args__ = (
        Index("ix_repos_owner_id", "owner_id", "kind"),
        Index("ix_repos_creator_id", "creator_id"),
        Index("ix_repos_kind_updated_at", "kind", "updated_at", "id"),
        Index("ix_repos_kind_created_at", "kind", "created_at", "id"),
        Index("ix_repos_kind_downloads", "kind", "downloads", "id"),
        Index("ix_repos_kind_likes", "kind", "likes", "id"),
        Index("ix_repos_kind_name_key", "kind", "name_key"),
    )
    in_part: ClassVar[tuple[Part, ...]] = (
        Part(
            "repos",
            columns=(
                *("kind", "owner_id", "name", "visibility", "gated", "held_by", "creator_id"),
                *("disabled_reason", "held_reason", "held_until", "held_is_gone"),
                *("frozen_reason", "label", "is_delisted", "has_withheld"),
                *("discussions_disabled", "counts_for_id", "deleted_at"),
            ),
            inside=("owner_id", "accounts"),
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    name: Mapped[str]
    name_key: Mapped[str]
    visibility: Mapped[str]
    gated: Mapped[str | None]
    held_by: Mapped[str]
    creator_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
    disabled_reason: Mapped[str | None]
    held_reason: Mapped[str | None]
    held_until: Mapped[datetime | None]
    held_is_gone: Mapped[bool] = mapped_column(default=False)
    frozen_reason: Mapped[str | None]
    label: Mapped[str | None]
    is_delisted: Mapped[bool] = mapped_column(default=False)
    has_withheld: Mapped[bool] = mapped_column(default=False)
    discussions_disabled: Mapped[bool] = mapped_column(default=False)
    sdk: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    counts_for_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
    purged_at: Mapped[datetime | None]
    downloads: Mapped[int] = mapped_column(BigId, default=0)
    likes: Mapped[int] = mapped_column(default=0)
    git_bytes: Mapped[int] = mapped_column(BigId, default=0)
    next_number: Mapped[int] = mapped_column(default=1)


class RepoName(Table):
    """A name that a repository has or had. `look` is None if another of its own looks so."""

    __tablename__ = "repo_names"
    __table_args__ = (
        UniqueConstraint("owner_id", "kind", "look"),
        Index("ix_repo_names_repo_id", "repo_id"),
    )
    owner_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    look: Mapped[str | None]
    repo_id: Mapped[int] = mapped_column(BigId, ForeignKey("repos.id"))
    since: Mapped[datetime]


class RefRow(Table):
    """A branch, tag or pull request. `commit_sha` differs from `sha` for an annotated tag."""

    __tablename__ = "refs"
    repo_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("repos.id"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    sha: Mapped[str]
    commit_sha: Mapped[str]
    opened_by: Mapped[int | None] = mapped_column(BigId)
    updated_at: Mapped[datetime]


class StorageLimit(Table):
    """How many bytes of a unit somebody may keep in a commons; person 0 is everybody not named.

    Repositories and buckets count for who made them. What is in buckets is counted here, as they
    change: they stand above repositories.
    """

    __tablename__ = "storage_limits"
    in_part: ClassVar[tuple[Part, ...]] = (
        Part("storage_limits", columns=("commons", "bytes_max"), inside=("commons_id", None)),
    )
    commons_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    unit: Mapped[str] = mapped_column(String(32), primary_key=True)
    commons: Mapped[str]
    bytes_max: Mapped[int] = mapped_column(BigId)
    bytes_in_buckets: Mapped[int] = mapped_column(BigId, default=0)


class ServedDay(Table):
    """How many bytes of a repository or bucket were served on a day."""

    __tablename__ = "served_days"
    holder_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    bytes_served: Mapped[int] = mapped_column(BigId)


class RepoGrant(Table):
    """Somebody for whom the gate of a gated repository stands open."""

    __tablename__ = "repo_grants"
    in_part: ClassVar[tuple[Part, ...]] = (
        Part(
            "repo_grants", columns=("since",), inside=("repo_id", "repos"), hidden=("account_id",)
        ),
    )
    repo_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("repos.id"), primary_key=True, autoincrement=False
    )
    account_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("accounts.id"), primary_key=True, autoincrement=False, index=True
    )
    since: Mapped[datetime]


class HeldFile(Table):
    """A file that is served to nobody until then, at whatever revision."""

    __tablename__ = "held_files"
    in_part: ClassVar[tuple[Part, ...]] = (
        Part(
            "held_files",
            columns=("reason", "until", "is_gone", "since"),
            inside=("repo_id", "repos"),
            hidden=("path",),
        ),
    )
    repo_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("repos.id"), primary_key=True, autoincrement=False
    )
    path: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    until: Mapped[datetime | None]
    is_gone: Mapped[bool] = mapped_column(default=False)
    since: Mapped[datetime]


class GoneCommit(Table):
    """A revision that was removed on purpose, and what is said to who asks for it."""

    __tablename__ = "gone_commits"
    in_part: ClassVar[tuple[Part, ...]] = (
        Part(
            "gone_commits", columns=("reason", "at"), inside=("repo_id", "repos"), hidden=("sha",)
        ),
    )
    repo_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("repos.id"), primary_key=True, autoincrement=False
    )
    sha: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    at: Mapped[datetime]


class PackRow(Table):
    """A pack in the store, as `git/{repo_id}/{name}.pack` `.idx`. Retired ones are swept later."""

    __tablename__ = "packs"
    __table_args__ = (
        Index("ix_packs_repo_id", "repo_id", "retired_at"),
        Index("ix_packs_retired_at", "retired_at"),
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    repo_id: Mapped[int] = mapped_column(BigId, ForeignKey("repos.id"))
    bytes: Mapped[int] = mapped_column(BigId)
    objects: Mapped[int]
    made_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class LockRow(Table):
    """A file that somebody has locked, as git-lfs means it. `key` is its 24 hex digits."""

    __tablename__ = "locks"
    __table_args__ = (UniqueConstraint("repo_id", "path"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(24), unique=True)
    repo_id: Mapped[int] = mapped_column(BigId, ForeignKey("repos.id"))
    path: Mapped[str]
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    at: Mapped[datetime]
