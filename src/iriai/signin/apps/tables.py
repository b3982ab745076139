"""What is kept of apps and of what people let them do. Secrets are kept as SHA-256."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class App(Table):
    """A program that somebody registered. Without a secret it is public: PKCE proves who asks."""

    __tablename__ = "apps"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    client_id: Mapped[str] = mapped_column(String(36), unique=True)
    secret_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"), index=True)
    name: Mapped[str]
    homepage: Mapped[str] = mapped_column(default="")
    redirect_uris: Mapped[list[str]]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class AppGrant(Table):
    """What a person lets an app do; without an app, a command line of theirs."""

    __tablename__ = "app_grants"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    app_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("apps.id"))
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("accounts.id"), index=True)
    scopes: Mapped[list[str]]
    organisations: Mapped[list[Any]]
    device: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class AppCode(Table):
    """What an app gets in the redirect, and changes for tokens once.

    `redirect_uri` is as the request for it had it: empty where it named none.
    """

    __tablename__ = "app_codes"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    grant_id: Mapped[int] = mapped_column(BigId, ForeignKey("app_grants.id"))
    redirect_uri: Mapped[str]
    challenge: Mapped[str | None] = mapped_column(String(128))
    nonce: Mapped[str | None]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AppToken(Table):
    """To which grant an access token belongs."""

    __tablename__ = "app_tokens"
    token_id: Mapped[int] = mapped_column(BigId, ForeignKey("tokens.id"), primary_key=True)
    grant_id: Mapped[int] = mapped_column(BigId, ForeignKey("app_grants.id"), index=True)


class RefreshToken(Table):
    """What an app changes for a new pair of tokens. One that comes twice was stolen."""

    __tablename__ = "refresh_tokens"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    grant_id: Mapped[int] = mapped_column(BigId, ForeignKey("app_grants.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]


class DeviceCode(Table):
    """A device that waits for somebody to let it in, elsewhere, by typing its short code."""

    __tablename__ = "device_codes"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    user_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    app_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("apps.id"))
    scopes: Mapped[list[str]]
    device: Mapped[str] = mapped_column(default="")
    network: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(String(16))
    grant_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("app_grants.id"))
    interval_seconds: Mapped[int]
    created_at: Mapped[datetime]
    polled_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
