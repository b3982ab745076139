"""What is kept of buckets: themselves, the names they have or had, and their files.

A bucket takes its number from `repo_ids`, as a repository does, so that one number never means two
things: what large bytes it holds stands in `repo_objects` under it. Paths are compared byte by byte
in every database, or lists would come in another order.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Part, Table

PathText = String().with_variant(String(collation="C"), "postgresql")


class BucketRow(Table):
    """A bucket. A deleted one stays as a tombstone; `file_count` and `bytes` are kept up."""

    __tablename__ = "buckets"
    __table_args__ = (Index("ix_buckets_owner_id", "owner_id", "name_key"),)
    in_part: ClassVar[tuple[Part, ...]] = (
        Part(
            "buckets",
            columns=("owner_id", "name", "is_private", "creator_id", "counts_for_id", "deleted_at"),
            inside=("owner_id", "accounts"),
        ),
    )
    id: Mapped[int] = mapped_column(
        BigId, ForeignKey("repo_ids.id"), primary_key=True, autoincrement=False
    )
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    name: Mapped[str]
    name_key: Mapped[str]
    is_private: Mapped[bool]
    creator_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
    counts_for_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    file_count: Mapped[int] = mapped_column(BigId, default=0)
    bytes: Mapped[int] = mapped_column(BigId, default=0)


class BucketName(Table):
    """A name that leads to a bucket: its own, and those it had before a move."""

    __tablename__ = "bucket_names"
    __table_args__ = (Index("ix_bucket_names_bucket_id", "bucket_id"),)
    owner_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    bucket_id: Mapped[int] = mapped_column(BigId, ForeignKey("buckets.id"))


class BucketFile(Table):
    """A file. `modified_at` is what its sender says of their own copy."""

    __tablename__ = "bucket_files"
    __table_args__ = (Index("ix_bucket_files_sha256", "bucket_id", "sha256"),)
    bucket_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("buckets.id"), primary_key=True, autoincrement=False
    )
    path: Mapped[str] = mapped_column(PathText, primary_key=True)
    xet_hash: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigId)
    modified_at: Mapped[datetime | None]
    uploaded_at: Mapped[datetime]


class BucketChange(Table):
    """Some files of a bucket that changed at once, as those who follow it are told."""

    __tablename__ = "bucket_changes"
    __table_args__ = (
        Index("ix_bucket_changes_bucket_id", "bucket_id", "id"),
        Index("ix_bucket_changes_at", "at"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    bucket_id: Mapped[int] = mapped_column(BigId, ForeignKey("buckets.id"))
    at: Mapped[datetime]
    changes: Mapped[list[Any]]
