"""What is kept of members, seats, and how one comes to either.

These rows are governed: they change only through the session, each change beside its event, and
what they hold can be rebuilt from the log. When somebody was last active is not among them: it
is read off the log itself.
"""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class Member(Table):
    """A person or an institution, and where they stand in one commons; kept when they leave."""

    __tablename__ = "members"
    __table_args__ = (
        UniqueConstraint("commons_id", "account_id"),
        Index("ix_members_account_id", "account_id"),
    )
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    institution_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
    is_founder: Mapped[bool] = mapped_column(default=False)
    applied_at: Mapped[datetime | None]
    since: Mapped[datetime | None]
    state_at: Mapped[datetime]
    until: Mapped[datetime | None]
    decision: Mapped[str | None]
    text: Mapped[str] = mapped_column(Text, default="", info={"private": True})


class Activity(Table):
    """When a member was last seen to take part. A note for the clock, not a governed fact."""

    __tablename__ = "member_activity"
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"), primary_key=True)
    active_at: Mapped[datetime]


class Sponsor(Table):
    """A member's word for somebody who applies."""

    __tablename__ = "sponsors"
    __table_args__ = (UniqueConstraint("commons_id", "applicant_id", "sponsor_id"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    applicant_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    sponsor_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    at: Mapped[datetime]


class Seat(Table):
    """An office that somebody holds until a day. Past it they may take care of it for a while."""

    __tablename__ = "seats"
    __table_args__ = (
        Index("ix_seats_commons_id", "commons_id", "ended_at"),
        Index("ix_seats_holder_id", "holder_id"),
    )
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    role: Mapped[str] = mapped_column(String(40))
    holder_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    repo_id: Mapped[int | None] = mapped_column(BigId)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    caretaker_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(16))
    term: Mapped[int] = mapped_column(default=1)
    decision: Mapped[str | None]


class Election(Table):
    """The filling of an office: who stands for it until a day, then the vote."""

    __tablename__ = "elections"
    __table_args__ = (Index("ix_elections_commons_id", "commons_id", "state"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    role: Mapped[str] = mapped_column(String(40))
    seats: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    opened_at: Mapped[datetime]
    nominations_until: Mapped[datetime]
    round: Mapped[int] = mapped_column(default=1)
    proposal: Mapped[int | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(16))


class Nomination(Table):
    """Somebody named for an office. They stand once they have accepted."""

    __tablename__ = "nominations"
    __table_args__ = (UniqueConstraint("election_id", "candidate_id"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    election_id: Mapped[int] = mapped_column(BigId, ForeignKey("elections.id"))
    candidate_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    nominated_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class Petition(Table):
    """Electors asking for a seat back. With enough names its ballot opens by itself."""

    __tablename__ = "petitions"
    __table_args__ = (Index("ix_petitions_commons_id", "commons_id", "state"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    seat_id: Mapped[int] = mapped_column(BigId, ForeignKey("seats.id"))
    opened_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    state: Mapped[str] = mapped_column(String(16))
    opened_at: Mapped[datetime]
    proposal: Mapped[int | None]
    closed_at: Mapped[datetime | None]
    text: Mapped[str] = mapped_column(Text, default="", info={"private": True})


class Signature(Table):
    """An elector's name under a petition."""

    __tablename__ = "signatures"
    __table_args__ = (UniqueConstraint("petition_id", "signer_id"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    petition_id: Mapped[int] = mapped_column(BigId, ForeignKey("petitions.id"))
    signer_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    at: Mapped[datetime]
