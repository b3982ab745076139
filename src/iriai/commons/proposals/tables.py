"""What is kept of proposals: themselves, their options, who spoke, who may vote, and the ballots.

All of it is governed, so that the log proves it, except secret ballots. Those lie in an *urn*: one
row for a whole vote, with the ballots under random keys and the roll of who has voted, each sorted.
No row, number, order or time leads from a name on the roll to a ballot.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class ProposalRow(Table):
    """A proposal, from the day it is made to what became of it. `due_at`: what happens next."""

    __tablename__ = "proposals"
    __table_args__ = (
        UniqueConstraint("commons_id", "number"),
        Index("ix_proposals_due_at", "due_at"),
        Index("ix_proposals_state", "commons_id", "state"),
        Index("ix_proposals_repo_id", "repo_id"),
    )
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    number: Mapped[int]
    action: Mapped[str] = mapped_column(String(64))
    title: Mapped[str]
    text: Mapped[str] = mapped_column(Text, info={"private": True})
    state: Mapped[str] = mapped_column(String(16))
    state_at: Mapped[datetime]
    rule: Mapped[str]
    charter: Mapped[str] = mapped_column(String(64))
    terms: Mapped[dict[str, Any]]
    fallback: Mapped[dict[str, Any] | None]
    seats: Mapped[int | None]
    budget: Mapped[int | None] = mapped_column(BigId)
    proposer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
    institution_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("accounts.id"), info={"later": True}
    )
    seconds_needed: Mapped[int]
    repo_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("repos.id"))
    discussion: Mapped[int | None]
    proposed_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    enacted_at: Mapped[datetime | None]
    tied: Mapped[list[Any] | None]
    chosen: Mapped[int | None]
    failure: Mapped[str | None]


class OptionRow(Table):
    """One thing that can be chosen: what was proposed, a rival, a candidate, or `keep`."""

    __tablename__ = "proposal_options"
    __table_args__ = (UniqueConstraint("proposal_id", "place"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    proposal_id: Mapped[int] = mapped_column(BigId, ForeignKey("proposals.id"))
    place: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(Text)
    action: Mapped[str | None] = mapped_column(String(64))
    payload: Mapped[dict[str, Any] | None]
    ratio: Mapped[int] = mapped_column(default=1)
    key: Mapped[str | None]
    cost: Mapped[int | None] = mapped_column(BigId)
    author_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
    added_at: Mapped[datetime]


class VoiceRow(Table):
    """Somebody's word on a proposal before any vote: a second, or an objection with its reason.

    `institution_id`: the one with which it counts once.
    """

    __tablename__ = "proposal_voices"
    __table_args__ = (UniqueConstraint("proposal_id", "account_id", "kind"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    proposal_id: Mapped[int] = mapped_column(BigId, ForeignKey("proposals.id"))
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    institution_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("accounts.id"), info={"later": True}
    )
    kind: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text, default="", info={"private": True})
    at: Mapped[datetime]


class SnapshotRow(Table):
    """Who may vote, fixed when the vote opens: `{"id": …, "votes": …}` for each, by id."""

    __tablename__ = "proposal_electors"
    governed: ClassVar[bool] = True
    proposal_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("proposals.id"), primary_key=True, autoincrement=False
    )
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    electors: Mapped[list[Any]]


class BallotRow(Table):
    """An open ballot. It names its voter, and whoever cast it for an institution."""

    __tablename__ = "ballots"
    __table_args__ = (UniqueConstraint("proposal_id", "voter_id"),)
    governed: ClassVar[bool] = True
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    proposal_id: Mapped[int] = mapped_column(BigId, ForeignKey("proposals.id"))
    voter_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    cast_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"))
    marks: Mapped[list[Any]]
    cast_at: Mapped[datetime]


class TallyRow(Table):
    """What came of a vote: the ballots as published, and their count. Written once."""

    __tablename__ = "tallies"
    governed: ClassVar[bool] = True
    proposal_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("proposals.id"), primary_key=True, autoincrement=False
    )
    commons_id: Mapped[int] = mapped_column(BigId, ForeignKey("commons.id"))
    sheet: Mapped[dict[str, Any]]
    count: Mapped[dict[str, Any]]
    counted_at: Mapped[datetime]


class UrnRow(Table):
    """The secret ballots of one vote, by key, and the roll of who has voted. Nothing joins them."""

    __tablename__ = "urns"
    proposal_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("proposals.id"), primary_key=True, autoincrement=False
    )
    roll: Mapped[list[Any]]
    ballots: Mapped[dict[str, Any]]
