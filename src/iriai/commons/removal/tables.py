"""What is kept of requests for removal. Who asked, and what it is about, is private."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table

PRIVATE = {"private": True}


class RemovalRow(Table):
    """One request. `code` is the SHA-256 of the code by which it is followed without an account.

    What is private can have stayed at the hub that a commons came from: then there is no `repo_id`,
    and the texts are empty.
    """

    __tablename__ = "removals"
    __table_args__ = (
        UniqueConstraint("commons_id", "number"),
        Index("ix_removals_state", "state"),
        Index("ix_removals_repo_id", "repo_id"),
    )
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    number: Mapped[int]
    repo_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("repos.id"), info=PRIVATE)
    paths: Mapped[list[Any]] = mapped_column(info=PRIVATE)
    words: Mapped[str] = mapped_column(Text, info=PRIVATE)
    contact: Mapped[str] = mapped_column(Text, info=PRIVATE)
    code: Mapped[str] = mapped_column(String(64), info=PRIVATE)
    asker_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"), info=PRIVATE)
    since: Mapped[str] = mapped_column(String(40), info=PRIVATE)
    state: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[datetime]
    acknowledge_by: Mapped[datetime]
    decide_by: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    appeal_until: Mapped[datetime | None]
    new_revision: Mapped[str | None] = mapped_column(String(40))
