"""What is kept of cases, sanctions, holds and panels.

Who it is about, who said what and why is private: the log has its salted digest and can forget it.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table

PRIVATE = {"private": True}
LATER = {"later": True}


class CaseRow(Table):
    """One case: what was reported, what is said of it, and what was decided."""

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("commons_id", "number"),
        Index("ix_cases_account_id", "account_id"),
        Index("ix_cases_repo_id", "repo_id"),
        Index("ix_cases_state", "state"),
    )
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    number: Mapped[int]
    concern: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(Text, info=PRIVATE)
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"), info=PRIVATE)
    repo_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("repos.id"), info=PRIVATE)
    reporter_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"), info=PRIVATE)
    is_of_office: Mapped[bool] = mapped_column(info=PRIVATE)
    words: Mapped[str] = mapped_column(Text, info=PRIVATE)
    state: Mapped[str] = mapped_column(String(16))
    ground: Mapped[str | None] = mapped_column(String(16))
    rule: Mapped[str | None]
    facts: Mapped[str | None] = mapped_column(Text, info=PRIVATE)
    asked: Mapped[str | None] = mapped_column(Text, info=PRIVATE)
    answer: Mapped[str | None] = mapped_column(Text, info=PRIVATE)
    answered_at: Mapped[datetime | None]
    rung: Mapped[str | None] = mapped_column(String(16))
    reasons: Mapped[str | None] = mapped_column(Text, info=PRIVATE)
    outcome: Mapped[str | None] = mapped_column(String(16))
    opened_at: Mapped[datetime]
    charged_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    appeal_until: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class CaseAct(Table):
    """One step of a case, by whoever took it."""

    __tablename__ = "case_acts"
    __table_args__ = (Index("ix_case_acts_case_id", "case_id", "id"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"), info=PRIVATE)
    rung: Mapped[str | None] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(Text, info=PRIVATE)
    at: Mapped[datetime]


class SanctionRow(Table):
    """What a case ended with. `until` is when its effect ends by itself; `drops`, rungs faded."""

    __tablename__ = "sanctions"
    __table_args__ = (
        UniqueConstraint("case_id"),
        Index("ix_sanctions_account_id", "account_id"),
        Index("ix_sanctions_repo_id", "repo_id"),
    )
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("cases.id"))
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"), info=PRIVATE)
    repo_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("repos.id"), info=PRIVATE)
    rung: Mapped[str] = mapped_column(String(16))
    level: Mapped[int]
    starts_at: Mapped[datetime]
    until: Mapped[datetime | None]
    stayed_at: Mapped[datetime | None]
    drops: Mapped[int] = mapped_column(default=0)
    was_gated: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(16))


class HoldRow(Table):
    """An emergency hold. It is in force from `placed_at` to `until`, and not a second longer."""

    __tablename__ = "holds"
    __table_args__ = (
        UniqueConstraint("commons_id", "number"),
        Index("ix_holds_repo_id", "repo_id"),
    )
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    number: Mapped[int]
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("cases.id"))
    concern: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(Text, info=PRIVATE)
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"), info=PRIVATE)
    repo_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("repos.id"), info=PRIVATE)
    ground: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text, info=PRIVATE)
    asked_by: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"), info=PRIVATE)
    seconded_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"), info=PRIVATE)
    asked_at: Mapped[datetime]
    placed_at: Mapped[datetime | None]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(16))


class PanelRow(Table):
    """A panel: what it is asked, how it was drawn, and what it said.

    `drawn_from` has all who could be drawn, in the order of the lot, for those who may see the
    matter; `eligible_root` commits to it before everybody, with `draw_salt` (`lot.root`). Older
    rows have the list in `eligible`, which is in their digests.
    """

    __tablename__ = "panels"
    __table_args__ = (
        UniqueConstraint("commons_id", "number"),
        Index("ix_panels_matter", "matter", "matter_id"),
        Index("ix_panels_state", "state"),
    )
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    number: Mapped[int]
    matter: Mapped[str] = mapped_column(String(16))
    matter_id: Mapped[int] = mapped_column(BigId)
    appellant_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"), info=PRIVATE)
    words: Mapped[str] = mapped_column(Text, info=PRIVATE)
    state: Mapped[str] = mapped_column(String(16))
    round: Mapped[int] = mapped_column(default=1)
    opened_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    appellant_string: Mapped[str]
    decider_string: Mapped[str]
    beacon: Mapped[str]
    form: Mapped[str | None] = mapped_column(String(16))
    bench_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("commons.id"))
    checkpoint_size: Mapped[int | None] = mapped_column(BigId)
    checkpoint_root: Mapped[str | None] = mapped_column(String(64))
    seed: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int | None]
    eligible: Mapped[list[Any] | None]
    drawn_from: Mapped[list[Any] | None] = mapped_column(
        JSON(none_as_null=True), info=PRIVATE | LATER
    )
    draw_salt: Mapped[str | None] = mapped_column(String(64), info=PRIVATE | LATER)
    eligible_root: Mapped[str | None] = mapped_column(String(64), info=LATER)
    drawn_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    verdict: Mapped[str | None] = mapped_column(String(16))
    rung: Mapped[str | None] = mapped_column(String(16))
    reasons: Mapped[str | None] = mapped_column(Text, info=PRIVATE)
    answered_at: Mapped[datetime | None]


class PanelSeat(Table):
    """Somebody who was asked to sit: whether they accepted, and what they said.

    `salt` is random: without it one could try whose row has the digest that the log tells.
    """

    __tablename__ = "panel_seats"
    __table_args__ = (
        UniqueConstraint("panel_id", "account_id"),
        Index("ix_panel_seats_account_id", "account_id"),
    )
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    panel_id: Mapped[int] = mapped_column(BigId, ForeignKey("panels.id"))
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    salt: Mapped[str | None] = mapped_column(String(64), info=LATER)
    place: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    asked_at: Mapped[datetime]
    verdict: Mapped[str | None] = mapped_column(String(16), info=PRIVATE)
    rung: Mapped[str | None] = mapped_column(String(16), info=PRIVATE)
    reasons: Mapped[str | None] = mapped_column(Text, info=PRIVATE)
    answered_at: Mapped[datetime | None]
