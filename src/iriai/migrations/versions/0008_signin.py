"""Signing in: second factors, passkeys, outside providers, apps and devices, trusted publishers."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column(
        "accounts",
        sa.Column("second_factor", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "tokens", sa.Column("via", sa.String(16), nullable=False, server_default=sa.text("''"))
    )
    steps()
    factors()
    outside()
    apps()
    grants()
    publishers()


def _account(table: str, column: str = "account_id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["accounts.id"], name=f"fk_{table}_{column}_accounts")


def steps() -> None:
    op.create_table(
        "sign_in_steps",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("account_id", BigId),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.UniqueConstraint("digest", name="uq_sign_in_steps_digest"),
        _account("sign_in_steps"),
    )
    op.create_index("ix_sign_in_steps_expires_at", "sign_in_steps", ["expires_at"])


def factors() -> None:
    op.create_table(
        "authenticators",
        sa.Column("account_id", BigId, primary_key=True),
        sa.Column("nonce", sa.String, nullable=False),
        sa.Column("confirmed_at", Moment),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failed_at", Moment),
        _account("authenticators"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
        sa.UniqueConstraint("digest", name="uq_recovery_codes_digest"),
        _account("recovery_codes"),
    )
    op.create_index("ix_recovery_codes_account_id", "recovery_codes", ["account_id"])
    op.create_table(
        "passkeys",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("credential_id", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_used_at", Moment),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
        _account("passkeys"),
    )
    op.create_index("ix_passkeys_account_id", "passkeys", ["account_id"])


def outside() -> None:
    op.create_table(
        "outside_identities",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("issuer", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_used_at", Moment),
        sa.UniqueConstraint("issuer", "subject", name="uq_outside_identities_issuer_subject"),
        _account("outside_identities"),
    )
    op.create_index("ix_outside_identities_account_id", "outside_identities", ["account_id"])


def apps() -> None:
    op.create_table(
        "apps",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("client_id", sa.String(36), nullable=False),
        sa.Column("secret_digest", sa.LargeBinary(32)),
        sa.Column("owner_id", BigId, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("homepage", sa.String, nullable=False),
        sa.Column("redirect_uris", sa.JSON, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.UniqueConstraint("client_id", name="uq_apps_client_id"),
        _account("apps", "owner_id"),
    )
    op.create_index("ix_apps_owner_id", "apps", ["owner_id"])


def grants() -> None:
    op.create_table(
        "app_grants",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("app_id", BigId),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("organisations", sa.JSON, nullable=False),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_used_at", Moment),
        sa.Column("ended_at", Moment),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_app_grants_app_id_apps"),
        _account("app_grants"),
    )
    op.create_index("ix_app_grants_account_id", "app_grants", ["account_id"])
    op.create_table(
        "app_codes",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("grant_id", BigId, nullable=False),
        sa.Column("redirect_uri", sa.String, nullable=False),
        sa.Column("challenge", sa.String(128)),
        sa.Column("nonce", sa.String),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
        sa.UniqueConstraint("digest", name="uq_app_codes_digest"),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["app_grants.id"], name="fk_app_codes_grant_id_app_grants"
        ),
    )
    op.create_table(
        "app_tokens",
        sa.Column("token_id", BigId, primary_key=True),
        sa.Column("grant_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name="fk_app_tokens_token_id_tokens"),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["app_grants.id"], name="fk_app_tokens_grant_id_app_grants"
        ),
    )
    op.create_index("ix_app_tokens_grant_id", "app_tokens", ["grant_id"])
    op.create_table(
        "refresh_tokens",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("grant_id", BigId, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("spent_at", Moment),
        sa.UniqueConstraint("digest", name="uq_refresh_tokens_digest"),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["app_grants.id"], name="fk_refresh_tokens_grant_id_app_grants"
        ),
    )
    op.create_index("ix_refresh_tokens_grant_id", "refresh_tokens", ["grant_id"])
    op.create_table(
        "device_codes",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("user_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("app_id", BigId),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("network", sa.String, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("grant_id", BigId),
        sa.Column("interval_seconds", sa.Integer, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("polled_at", Moment),
        sa.Column("expires_at", Moment, nullable=False),
        sa.UniqueConstraint("digest", name="uq_device_codes_digest"),
        sa.UniqueConstraint("user_digest", name="uq_device_codes_user_digest"),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_device_codes_app_id_apps"),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["app_grants.id"], name="fk_device_codes_grant_id_app_grants"
        ),
    )


def publishers() -> None:
    op.create_table(
        "publishers",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("repo_id", BigId),
        sa.Column("issuer", sa.String, nullable=False),
        sa.Column("repository", sa.String, nullable=False),
        sa.Column("repository_key", sa.String, nullable=False),
        sa.Column("repository_number", sa.String),
        sa.Column("workflow", sa.String, nullable=False),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_used_at", Moment),
        _account("publishers"),
    )
    op.create_index("ix_publishers_account_id", "publishers", ["account_id"])
    op.create_index("ix_publishers_issuer", "publishers", ["issuer", "repository_key"])
    op.create_table(
        "spent_assertions",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("expires_at", Moment, nullable=False),
    )
    op.create_index("ix_spent_assertions_expires_at", "spent_assertions", ["expires_at"])
