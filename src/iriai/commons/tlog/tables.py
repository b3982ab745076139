"""What is kept to sign logs: public keys and the checkpoints signed with them.

Private keys lie among the instance's own facts, where its other secrets are.
"""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class LogKey(Table):
    """A key that signs the log of one commons. `public` is the 32 bytes of Ed25519."""

    __tablename__ = "log_keys"
    __table_args__ = (UniqueConstraint("commons_id", "hash"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    origin: Mapped[str]
    public: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[str]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Checkpoint(Table):
    """A signed checkpoint: what the hub said of a log at one size, to be held to it."""

    __tablename__ = "log_checkpoints"
    commons_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("commons.id"), primary_key=True, autoincrement=False
    )
    size: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime]
