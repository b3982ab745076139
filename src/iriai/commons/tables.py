"""What is kept of a commons: who it belongs to and by which preset it decides."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Part, Table


class Commons(Table):
    """One commons. The hub's own has the number `base.events.HUB`, and the account `hub`."""

    __tablename__ = "commons"
    in_part: ClassVar[tuple[Part, ...]] = (
        Part(
            "commons",
            columns=("account_id", "preset"),
            inside=("id", None),
            at_first=({"account_id": 1, "preset": "solo"},),
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"), unique=True)
    preset: Mapped[str] = mapped_column(String(32))
    founded_at: Mapped[datetime]
