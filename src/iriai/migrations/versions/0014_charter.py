"""Charters, and an account for the hub's own commons, under which its charter is kept."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment
from iriai.base.events import HUB

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "charters",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("decision", sa.String, nullable=False),
        sa.Column("enacted_at", Moment, nullable=False),
        sa.Column("holds_from", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_charters"),
        sa.UniqueConstraint("commons_id", "number", name="uq_charters_commons_id_number"),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_charters_commons_id_commons"
        ),
    )
    if op.get_bind().dialect.name == "postgresql":  # presets have longer names than `owners`
        op.alter_column("commons", "preset", type_=sa.String(32))
    hub_account()


def hub_account() -> None:
    """The hub is an organisation like any other, whose name nobody can take."""
    accounts = sa.table(
        "accounts",
        *map(sa.column, ("id", "kind", "name", "name_key", "fullname", "bio", "homepage")),
        *map(sa.column, ("is_operator", "private_by_default", "commons_id")),
        sa.column("created_at", Moment),
    )
    names = sa.table(
        "account_names",
        *map(sa.column, ("name_key", "name_look", "name", "account_id")),
        sa.column("given_at", Moment),
    )
    commons = sa.table("commons", sa.column("id"), sa.column("account_id"))
    connection = op.get_bind()
    connection.execute(
        sa.insert(accounts).values(
            kind="organisation",
            name="hub",
            name_key="hub",
            fullname="This hub",
            bio="",
            homepage="",
            is_operator=False,
            private_by_default=False,
            commons_id=HUB,
            created_at=sa.func.now(),
        )
    )
    account_id = connection.execute(
        sa.select(accounts.c.id).where(accounts.c.name_key == "hub")
    ).scalar_one()
    connection.execute(
        sa.insert(names).values(
            name_key="hub",
            name_look="hub",
            name="hub",
            account_id=account_id,
            given_at=sa.func.now(),
        )
    )
    connection.execute(sa.update(commons).where(commons.c.id == HUB).values(account_id=account_id))
