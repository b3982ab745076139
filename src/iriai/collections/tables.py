"""What is kept of collections: themselves, what they hold in order, and who recommends them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class CollectionRow(Table):
    """A collection. `key` is its 24 hex digits; `title_key` is unique among its owner's."""

    __tablename__ = "collections"
    __table_args__ = (
        UniqueConstraint("owner_id", "title_key"),
        Index("ix_collections_updated_at", "updated_at", "id"),
        Index("ix_collections_upvotes", "upvotes", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(24), unique=True)
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    title: Mapped[str]
    title_key: Mapped[str]
    description: Mapped[str]
    is_private: Mapped[bool]
    theme: Mapped[str] = mapped_column(String(16))
    position: Mapped[int]
    upvotes: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CollectionItem(Table):
    """Something in a collection: `target` is a repository's or bucket's id, a number, a key."""

    __tablename__ = "collection_items"
    __table_args__ = (
        UniqueConstraint("collection_id", "kind", "target"),
        Index("ix_collection_items_target", "kind", "target"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(24), unique=True)
    collection_id: Mapped[int] = mapped_column(BigId, ForeignKey("collections.id"))
    kind: Mapped[str] = mapped_column(String(16))
    target: Mapped[str]
    note: Mapped[str]
    position: Mapped[int]
    added_at: Mapped[datetime]


class CollectionUpvote(Table):
    """Somebody recommends a collection. `collections.upvotes` counts them."""

    __tablename__ = "collection_upvotes"
    collection_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("collections.id"), primary_key=True, autoincrement=False
    )
    account_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("accounts.id"), primary_key=True, autoincrement=False, index=True
    )
    since: Mapped[datetime]
