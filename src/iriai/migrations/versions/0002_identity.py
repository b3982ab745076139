"""Identity: accounts and every name ever given out, roles, tokens, sessions, invitations."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    accounts()
    memberships()
    tokens()
    sessions()
    invites()


def accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("name_key", sa.String, nullable=False),
        sa.Column("fullname", sa.String, nullable=False),
        sa.Column("bio", sa.Text, nullable=False),
        sa.Column("homepage", sa.String, nullable=False),
        sa.Column("email", sa.String),
        sa.Column("password", sa.String),
        sa.Column("is_operator", sa.Boolean, nullable=False),
        sa.Column("private_by_default", sa.Boolean, nullable=False),
        sa.Column("commons_id", BigId),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("name_key", name="uq_accounts_name_key"),
    )
    op.create_table(
        "account_names",
        sa.Column("name_key", sa.String, nullable=False),
        sa.Column("name_look", sa.String),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("given_at", Moment, nullable=False),
        sa.Column("retired_at", Moment),
        sa.PrimaryKeyConstraint("name_key", name="pk_account_names"),
        sa.UniqueConstraint("name_look", name="uq_account_names_name_look"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_account_names_account_id"
        ),
    )
    op.create_index("ix_account_names_account_id", "account_names", ["account_id"])


def memberships() -> None:
    op.create_table(
        "memberships",
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("organisation_id", BigId, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "organisation_id", name="pk_memberships"),
        sa.ForeignKeyConstraint(["person_id"], ["accounts.id"], name="fk_memberships_person_id"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["accounts.id"], name="fk_memberships_organisation_id"
        ),
    )
    op.create_index("ix_memberships_organisation_id", "memberships", ["organisation_id"])


def tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("hint", sa.String(8), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("grants", sa.JSON, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment),
        sa.Column("last_used_at", Moment),
        sa.Column("revoked_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_tokens_account_id"),
    )
    op.create_index("ix_tokens_account_id", "tokens", ["account_id"])


def sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("digest", name="uq_sessions_digest"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_sessions_account_id"),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])


def invites() -> None:
    op.create_table(
        "invites",
        sa.Column("id", BigId, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("is_first", sa.Boolean, nullable=False),
        sa.Column("invited_by_id", BigId),
        sa.Column("organisation_id", BigId),
        sa.Column("role", sa.String(16)),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
        sa.Column("used_by_id", BigId),
        sa.PrimaryKeyConstraint("id", name="pk_invites"),
        sa.UniqueConstraint("digest", name="uq_invites_digest"),
        sa.ForeignKeyConstraint(
            ["invited_by_id"], ["accounts.id"], name="fk_invites_invited_by_id"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["accounts.id"], name="fk_invites_organisation_id"
        ),
        sa.ForeignKeyConstraint(["used_by_id"], ["accounts.id"], name="fk_invites_used_by_id"),
    )
