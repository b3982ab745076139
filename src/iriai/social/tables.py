"""What is kept of likes and of who follows whom. `repos.likes` counts the first."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class Like(Table):
    """Somebody likes a repository."""

    __tablename__ = "likes"
    __table_args__ = (
        UniqueConstraint("repo_id", "account_id"),
        Index("ix_likes_account_id", "account_id", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    repo_id: Mapped[int] = mapped_column(BigId, ForeignKey("repos.id"))
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    since: Mapped[datetime]


class Follow(Table):
    """Somebody follows a person or an organisation."""

    __tablename__ = "follows"
    __table_args__ = (
        UniqueConstraint("followed_id", "follower_id"),
        Index("ix_follows_follower_id", "follower_id", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    followed_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    follower_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    since: Mapped[datetime]
