"""What is kept between two requests of one sign-in."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class Step(Table):
    """One step of somebody's way in, good once and for minutes. Its secret is kept as SHA-256."""

    __tablename__ = "sign_in_steps"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    purpose: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
    facts: Mapped[dict[str, Any]]
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
