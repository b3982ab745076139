"""What is kept of discussions: themselves, and every event in them, in order."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Part, Table


class DiscussionRow(Table):
    """A discussion or pull request of a repository."""

    __tablename__ = "discussions"
    __table_args__ = (
        UniqueConstraint("repo_id", "number"),
        Index("ix_discussions_author_id", "author_id"),
    )
    in_part: ClassVar[tuple[Part, ...]] = (
        Part(
            "discussions",
            columns=("status", "merge_sha", "locked_reason"),
            inside=("repo_id", "repos"),
            at_first=({"status": "open"},),
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    repo_id: Mapped[int] = mapped_column(BigId, ForeignKey("repos.id"))
    number: Mapped[int]
    is_pull_request: Mapped[bool]
    title: Mapped[str]
    status: Mapped[str] = mapped_column(String(16))
    author_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    comments: Mapped[int] = mapped_column(default=0)
    base: Mapped[str]
    merge_sha: Mapped[str | None]
    locked_reason: Mapped[str | None]


class DiscussionEvent(Table):
    """One comment, commit, or change of title, status or lock. `key` is its 24 hex digits.

    Of what is said a commons decides only whether it is hidden or held: most rows are in no log.
    """

    __tablename__ = "discussion_events"
    in_part: ClassVar[tuple[Part, ...]] = tuple(
        Part(
            f"discussion_events.{piece}",
            columns=("data",),
            inside=("discussion_id", "discussions"),
            at_first=({},),
            piece=piece,
        )
        for piece in ("hidden", "held")
    )
    __table_args__ = (Index("ix_discussion_events_discussion_id", "discussion_id", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(24), unique=True)
    discussion_id: Mapped[int] = mapped_column(BigId, ForeignKey("discussions.id"))
    kind: Mapped[str] = mapped_column(String(16))
    author_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]


class AttachmentRow(Table):
    """A picture or recording that somebody put into a comment. `name` is random."""

    __tablename__ = "attachments"
    __table_args__ = (Index("ix_attachments_account_id", "account_id", "at"),)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    content_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(BigId)
    at: Mapped[datetime]
