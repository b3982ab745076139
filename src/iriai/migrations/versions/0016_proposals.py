"""Proposals, their options, and the ballots."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    _proposals()
    _options()
    _voices()
    _electors()
    _ballots()
    _tallies()
    _urns()


def _proposals() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("state_at", Moment, nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("charter", sa.String(64), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("fallback", sa.JSON(), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("budget", BigId, nullable=True),
        sa.Column("proposer_id", BigId, nullable=True),
        sa.Column("seconds_needed", sa.Integer(), nullable=False),
        sa.Column("repo_id", BigId, nullable=True),
        sa.Column("discussion", sa.Integer(), nullable=True),
        sa.Column("proposed_at", Moment, nullable=False),
        sa.Column("due_at", Moment, nullable=True),
        sa.Column("opened_at", Moment, nullable=True),
        sa.Column("closed_at", Moment, nullable=True),
        sa.Column("enacted_at", Moment, nullable=True),
        sa.Column("tied", sa.JSON(), nullable=True),
        sa.Column("chosen", sa.Integer(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["commons_id"], ["commons.id"], name="fk_proposals_commons_id"),
        sa.ForeignKeyConstraint(["proposer_id"], ["accounts.id"], name="fk_proposals_proposer_id"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_proposals_repo_id"),
        sa.PrimaryKeyConstraint("id", name="pk_proposals"),
        sa.UniqueConstraint("commons_id", "number", name="uq_proposals_commons_id_number"),
    )
    op.create_index("ix_proposals_due_at", "proposals", ["due_at"], unique=False)
    op.create_index("ix_proposals_repo_id", "proposals", ["repo_id"], unique=False)
    op.create_index("ix_proposals_state", "proposals", ["commons_id", "state"], unique=False)


def _options() -> None:
    op.create_table(
        "proposal_options",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("proposal_id", BigId, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("action", sa.String(64), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=True),
        sa.Column("ratio", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("cost", BigId, nullable=True),
        sa.Column("author_id", BigId, nullable=True),
        sa.Column("added_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["accounts.id"], name="fk_proposal_options_author_id"
        ),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_proposal_options_commons_id"
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name="fk_proposal_options_proposal_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_proposal_options"),
        sa.UniqueConstraint("proposal_id", "place", name="uq_proposal_options_proposal_id_place"),
    )


def _voices() -> None:
    op.create_table(
        "proposal_voices",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("proposal_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_proposal_voices_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_proposal_voices_commons_id"
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name="fk_proposal_voices_proposal_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_proposal_voices"),
        sa.UniqueConstraint(
            "proposal_id",
            "account_id",
            "kind",
            name="uq_proposal_voices_proposal_id_account_id_kind",
        ),
    )


def _electors() -> None:
    op.create_table(
        "proposal_electors",
        sa.Column("proposal_id", BigId, autoincrement=False, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("electors", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_proposal_electors_commons_id"
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name="fk_proposal_electors_proposal_id"
        ),
        sa.PrimaryKeyConstraint("proposal_id", name="pk_proposal_electors"),
    )


def _ballots() -> None:
    op.create_table(
        "ballots",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("proposal_id", BigId, nullable=False),
        sa.Column("voter_id", BigId, nullable=False),
        sa.Column("cast_by_id", BigId, nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("cast_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["cast_by_id"], ["accounts.id"], name="fk_ballots_cast_by_id"),
        sa.ForeignKeyConstraint(["commons_id"], ["commons.id"], name="fk_ballots_commons_id"),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name="fk_ballots_proposal_id"),
        sa.ForeignKeyConstraint(["voter_id"], ["accounts.id"], name="fk_ballots_voter_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ballots"),
        sa.UniqueConstraint("proposal_id", "voter_id", name="uq_ballots_proposal_id_voter_id"),
    )


def _tallies() -> None:
    op.create_table(
        "tallies",
        sa.Column("proposal_id", BigId, autoincrement=False, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("sheet", sa.JSON(), nullable=False),
        sa.Column("count", sa.JSON(), nullable=False),
        sa.Column("counted_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["commons_id"], ["commons.id"], name="fk_tallies_commons_id"),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name="fk_tallies_proposal_id"),
        sa.PrimaryKeyConstraint("proposal_id", name="pk_tallies"),
    )


def _urns() -> None:
    op.create_table(
        "urns",
        sa.Column("proposal_id", BigId, autoincrement=False, nullable=False),
        sa.Column("roll", sa.JSON(), nullable=False),
        sa.Column("ballots", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name="fk_urns_proposal_id"),
        sa.PrimaryKeyConstraint("proposal_id", name="pk_urns"),
    )
