"""Which programs elsewhere may publish here, and which of their signed tokens were used."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class Publisher(Table):
    """A repository at a build service whose runs may act here, in the name of who let them.

    `repo_id` is the repository here; without one, it may read what its owner may. The repository
    there is held to its number (`repository_number`) from the first use on: a name can be renamed
    away and taken by somebody else.
    """

    __tablename__ = "publishers"
    __table_args__ = (Index("ix_publishers_issuer", "issuer", "repository_key"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"), index=True)
    repo_id: Mapped[int | None] = mapped_column(BigId)
    issuer: Mapped[str]
    repository: Mapped[str]
    repository_key: Mapped[str]
    repository_number: Mapped[str | None]
    workflow: Mapped[str] = mapped_column(default="")
    environment: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class SpentAssertion(Table):
    """A signed token that was changed for one of ours, until it would have lapsed anyway."""

    __tablename__ = "spent_assertions"
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
