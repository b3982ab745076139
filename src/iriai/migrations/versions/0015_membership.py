"""Members and seats, and how long what they were given holds."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("terms", sa.JSON))
    op.add_column("memberships", sa.Column("until", Moment))
    op.add_column("memberships", sa.Column("role_after", sa.String(16)))
    terms()
    members()
    seats()
    elections()
    petitions()


def terms() -> None:
    op.create_table(
        "maintainers",
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("repo_id", BigId, nullable=False, autoincrement=False),
        sa.Column("until", Moment, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "repo_id", name="pk_maintainers"),
        sa.ForeignKeyConstraint(["person_id"], ["accounts.id"], name="fk_maintainers_person_id"),
    )
    op.create_table(
        "restrictions",
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("organisation_id", BigId, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("until", Moment),
        sa.Column("appeal_at", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "organisation_id", name="pk_restrictions"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_restrictions_account_id"),
    )


def members() -> None:
    op.create_table(
        "members",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("institution_id", BigId),
        sa.Column("is_founder", sa.Boolean, nullable=False),
        sa.Column("applied_at", Moment),
        sa.Column("since", Moment),
        sa.Column("state_at", Moment, nullable=False),
        sa.Column("until", Moment),
        sa.Column("decision", sa.String),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_members_account_id"),
        sa.ForeignKeyConstraint(["commons_id"], ["commons.id"], name="fk_members_commons_id"),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["accounts.id"], name="fk_members_institution_id"
        ),
        sa.UniqueConstraint("commons_id", "account_id", name="uq_members_commons_id_account_id"),
    )
    op.create_index("ix_members_account_id", "members", ["account_id"])
    op.create_table(
        "member_activity",
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("active_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("commons_id", "account_id", name="pk_member_activity"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_member_activity_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_member_activity_commons_id"
        ),
    )
    op.create_table(
        "sponsors",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("applicant_id", BigId, nullable=False),
        sa.Column("sponsor_id", BigId, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sponsors"),
        sa.ForeignKeyConstraint(["applicant_id"], ["accounts.id"], name="fk_sponsors_applicant_id"),
        sa.ForeignKeyConstraint(["commons_id"], ["commons.id"], name="fk_sponsors_commons_id"),
        sa.ForeignKeyConstraint(["sponsor_id"], ["accounts.id"], name="fk_sponsors_sponsor_id"),
        sa.UniqueConstraint(
            "commons_id",
            "applicant_id",
            "sponsor_id",
            name="uq_sponsors_commons_id_applicant_id_sponsor_id",
        ),
    )


def seats() -> None:
    op.create_table(
        "seats",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("holder_id", BigId, nullable=False),
        sa.Column("repo_id", BigId),
        sa.Column("starts_at", Moment, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.Column("caretaker_until", Moment),
        sa.Column("ended_at", Moment),
        sa.Column("ended_by", sa.String(16)),
        sa.Column("term", sa.Integer, nullable=False),
        sa.Column("decision", sa.String),
        sa.PrimaryKeyConstraint("id", name="pk_seats"),
        sa.ForeignKeyConstraint(["commons_id"], ["commons.id"], name="fk_seats_commons_id"),
        sa.ForeignKeyConstraint(["holder_id"], ["accounts.id"], name="fk_seats_holder_id"),
    )
    op.create_index("ix_seats_commons_id", "seats", ["commons_id", "ended_at"])
    op.create_index("ix_seats_holder_id", "seats", ["holder_id"])


def elections() -> None:
    op.create_table(
        "elections",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("seats", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("nominations_until", Moment, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("proposal", sa.Integer),
        sa.Column("closed_at", Moment),
        sa.Column("outcome", sa.String(16)),
        sa.PrimaryKeyConstraint("id", name="pk_elections"),
        sa.ForeignKeyConstraint(["commons_id"], ["commons.id"], name="fk_elections_commons_id"),
    )
    op.create_index("ix_elections_commons_id", "elections", ["commons_id", "state"])
    op.create_table(
        "nominations",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("election_id", BigId, nullable=False),
        sa.Column("candidate_id", BigId, nullable=False),
        sa.Column("nominated_by_id", BigId, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("accepted_at", Moment),
        sa.Column("withdrawn_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_nominations"),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["accounts.id"], name="fk_nominations_candidate_id"
        ),
        sa.ForeignKeyConstraint(["commons_id"], ["commons.id"], name="fk_nominations_commons_id"),
        sa.ForeignKeyConstraint(
            ["election_id"], ["elections.id"], name="fk_nominations_election_id"
        ),
        sa.ForeignKeyConstraint(
            ["nominated_by_id"], ["accounts.id"], name="fk_nominations_nominated_by_id"
        ),
        sa.UniqueConstraint(
            "election_id", "candidate_id", name="uq_nominations_election_id_candidate_id"
        ),
    )


def petitions() -> None:
    op.create_table(
        "petitions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("seat_id", BigId, nullable=False),
        sa.Column("opened_by_id", BigId, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("proposal", sa.Integer),
        sa.Column("closed_at", Moment),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_petitions"),
        sa.ForeignKeyConstraint(["commons_id"], ["commons.id"], name="fk_petitions_commons_id"),
        sa.ForeignKeyConstraint(
            ["opened_by_id"], ["accounts.id"], name="fk_petitions_opened_by_id"
        ),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], name="fk_petitions_seat_id"),
    )
    op.create_index("ix_petitions_commons_id", "petitions", ["commons_id", "state"])
    op.create_table(
        "signatures",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("petition_id", BigId, nullable=False),
        sa.Column("signer_id", BigId, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_signatures"),
        sa.ForeignKeyConstraint(["commons_id"], ["commons.id"], name="fk_signatures_commons_id"),
        sa.ForeignKeyConstraint(
            ["petition_id"], ["petitions.id"], name="fk_signatures_petition_id"
        ),
        sa.ForeignKeyConstraint(["signer_id"], ["accounts.id"], name="fk_signatures_signer_id"),
        sa.UniqueConstraint("petition_id", "signer_id", name="uq_signatures_petition_id_signer_id"),
    )
