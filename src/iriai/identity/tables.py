"""What is kept of people and organisations.

They share one table and one space of names. `account_names` holds every name that was ever given
out, the present ones too, and its keys are unique: a deleted or renamed account's name is never
free again, and two accounts never race for one. A secret is kept only as its SHA-256, a password
only as Argon2id.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Part, Table

THE_HUB = {
    "kind": "organisation",
    "name": "hub",
    "is_operator": False,
    "commons_id": 1,
}
"""The hub's own account as it is made with the schema, which no log tells."""


class AccountKind(StrEnum):
    """What an account is."""

    PERSON = "person"
    ORGANISATION = "organisation"


class Account(Table):
    """A person or an organisation. A deleted one keeps its row: what it did has an author.

    `terms` repeats in short what `maintainers` and `restrictions` say of a person, for the one
    statement that asks on every request who it is; `powers` writes the three together.
    `quota_bytes` is there where a commons shares out storage, as `storage_limits` has it.
    """

    __tablename__ = "accounts"
    in_part: ClassVar[tuple[Part, ...]] = (
        Part(
            "accounts",
            columns=("kind", "name", "is_operator", "commons_id", "quota_bytes", "deleted_at"),
            inside=("commons_id", None),
            at_first=(THE_HUB,),
        ),
        *(
            Part(
                f"accounts.terms.{piece}",
                columns=("terms",),
                inside=("commons_id", None),
                hidden=("id",),
                at_first=({},),
                piece=piece,
            )
            for piece in ("keeps", "bound")
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(unique=True)
    fullname: Mapped[str] = mapped_column(default="")
    bio: Mapped[str] = mapped_column(Text, default="")
    homepage: Mapped[str] = mapped_column(default="")
    email: Mapped[str | None]
    password: Mapped[str | None]
    second_factor: Mapped[bool] = mapped_column(default=False)
    is_operator: Mapped[bool] = mapped_column(default=False)
    private_by_default: Mapped[bool] = mapped_column(default=False)
    commons_id: Mapped[int | None] = mapped_column(BigId)
    quota_bytes: Mapped[int | None] = mapped_column(BigId)
    terms: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    @property
    def is_organisation(self) -> bool:
        """Whether this is an organisation rather than a person."""
        return self.kind == AccountKind.ORGANISATION


class AccountName(Table):
    """A name that was given out, for ever. `retired_at` is set when its account left it."""

    __tablename__ = "account_names"
    name_key: Mapped[str] = mapped_column(primary_key=True)
    name_look: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"), index=True)
    given_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class Membership(Table):
    """A person's role in an organisation; from `until` on it is `role_after`, or none."""

    __tablename__ = "memberships"
    in_part: ClassVar[tuple[Part, ...]] = (
        Part(
            "memberships",
            columns=("role", "since", "until", "role_after"),
            inside=("organisation_id", "accounts"),
        ),
    )
    __table_args__ = (Index("ix_memberships_organisation_id", "organisation_id"),)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    role_after: Mapped[str | None] = mapped_column(String(16))


class Maintainer(Table):
    """A repository that somebody keeps for the commons that holds it, until a day."""

    __tablename__ = "maintainers"
    in_part: ClassVar[tuple[Part, ...]] = (
        Part("maintainers", columns=("until",), inside=("repo_id", "repos"), hidden=("person_id",)),
    )
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"), primary_key=True)
    repo_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    until: Mapped[datetime]


class Restriction(Table):
    """What somebody may not do for a time: in an organisation, or (0) on the whole hub.

    It is no part of a membership: visitors can be restricted, and leaving does not end it.
    """

    __tablename__ = "restrictions"
    in_part: ClassVar[tuple[Part, ...]] = (
        Part(
            "restrictions",
            columns=("kind", "since", "until", "appeal_at"),
            inside=("organisation_id", "accounts"),
            hidden=("account_id", "organisation_id"),
        ),
    )
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    appeal_at: Mapped[str] = mapped_column(default="")


class Token(Table):
    """An access token. The token itself is shown once and never kept.

    `via` says how it came to be; what was not made by hand is listed with what it was given to.
    """

    __tablename__ = "tokens"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    hint: Mapped[str] = mapped_column(String(8))
    name: Mapped[str]
    role: Mapped[str] = mapped_column(String(16))
    via: Mapped[str] = mapped_column(String(16), default="")
    grants: Mapped[list[Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Session(Table):
    """Somebody signed in with a browser."""

    __tablename__ = "sessions"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"), index=True)
    device: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Invite(Table):
    """A link that lets one person make an account, and perhaps join an organisation."""

    __tablename__ = "invites"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    is_first: Mapped[bool] = mapped_column(default=False)
    invited_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
    organisation_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
    role: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("accounts.id"))
