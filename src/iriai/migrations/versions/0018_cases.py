"""Cases: reports, sanctions, holds and panels; files and revisions that are not served."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("concern", sa.String(16), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("account_id", BigId),
        sa.Column("repo_id", BigId),
        sa.Column("reporter_id", BigId),
        sa.Column("is_of_office", sa.Boolean, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("ground", sa.String(16)),
        sa.Column("rule", sa.String),
        sa.Column("facts", sa.Text),
        sa.Column("asked", sa.Text),
        sa.Column("answer", sa.Text),
        sa.Column("answered_at", Moment),
        sa.Column("rung", sa.String(16)),
        sa.Column("reasons", sa.Text),
        sa.Column("outcome", sa.String(16)),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("charged_at", Moment),
        sa.Column("decided_at", Moment),
        sa.Column("appeal_until", Moment),
        sa.Column("closed_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("commons_id", "number", name="uq_cases_commons_id_number"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_cases_account_id_accounts"
        ),
        sa.ForeignKeyConstraint(["commons_id"], ["commons.id"], name="fk_cases_commons_id_commons"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_cases_repo_id_repos"),
        sa.ForeignKeyConstraint(
            ["reporter_id"], ["accounts.id"], name="fk_cases_reporter_id_accounts"
        ),
    )
    op.create_index("ix_cases_account_id", "cases", ["account_id"])
    op.create_index("ix_cases_repo_id", "cases", ["repo_id"])
    op.create_index("ix_cases_state", "cases", ["state"])
    op.create_table(
        "case_acts",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("case_id", BigId, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("actor_id", BigId),
        sa.Column("rung", sa.String(16)),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_acts"),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["accounts.id"], name="fk_case_acts_actor_id_accounts"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_acts_case_id_cases"),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_case_acts_commons_id_commons"
        ),
    )
    op.create_index("ix_case_acts_case_id", "case_acts", ["case_id", "id"])
    op.create_table(
        "sanctions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("case_id", BigId, nullable=False),
        sa.Column("account_id", BigId),
        sa.Column("repo_id", BigId),
        sa.Column("rung", sa.String(16), nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("starts_at", Moment, nullable=False),
        sa.Column("until", Moment),
        sa.Column("stayed_at", Moment),
        sa.Column("drops", sa.Integer, nullable=False),
        sa.Column("was_gated", sa.String(16)),
        sa.Column("ended_at", Moment),
        sa.Column("ended_by", sa.String(16)),
        sa.PrimaryKeyConstraint("id", name="pk_sanctions"),
        sa.UniqueConstraint("case_id", name="uq_sanctions_case_id"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_sanctions_account_id_accounts"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_sanctions_case_id_cases"),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_sanctions_commons_id_commons"
        ),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_sanctions_repo_id_repos"),
    )
    op.create_index("ix_sanctions_account_id", "sanctions", ["account_id"])
    op.create_index("ix_sanctions_repo_id", "sanctions", ["repo_id"])
    op.create_table(
        "holds",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("case_id", BigId),
        sa.Column("concern", sa.String(16), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("account_id", BigId),
        sa.Column("repo_id", BigId),
        sa.Column("ground", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("asked_by", BigId, nullable=False),
        sa.Column("seconded_by", BigId),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("placed_at", Moment),
        sa.Column("until", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("ended_by", sa.String(16)),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
        sa.UniqueConstraint("commons_id", "number", name="uq_holds_commons_id_number"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_holds_account_id_accounts"
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["accounts.id"], name="fk_holds_asked_by_accounts"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_holds_case_id_cases"),
        sa.ForeignKeyConstraint(["commons_id"], ["commons.id"], name="fk_holds_commons_id_commons"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_holds_repo_id_repos"),
        sa.ForeignKeyConstraint(
            ["seconded_by"], ["accounts.id"], name="fk_holds_seconded_by_accounts"
        ),
    )
    op.create_index("ix_holds_repo_id", "holds", ["repo_id"])
    op.create_table(
        "panels",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("matter", sa.String(16), nullable=False),
        sa.Column("matter_id", BigId, nullable=False),
        sa.Column("appellant_id", BigId),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("closes_at", Moment, nullable=False),
        sa.Column("appellant_string", sa.String, nullable=False),
        sa.Column("decider_string", sa.String, nullable=False),
        sa.Column("beacon", sa.String, nullable=False),
        sa.Column("form", sa.String(16)),
        sa.Column("bench_id", BigId),
        sa.Column("checkpoint_size", BigId),
        sa.Column("checkpoint_root", sa.String(64)),
        sa.Column("seed", sa.String(64)),
        sa.Column("size", sa.Integer),
        sa.Column("eligible", sa.JSON),
        sa.Column("drawn_at", Moment),
        sa.Column("due_at", Moment),
        sa.Column("verdict", sa.String(16)),
        sa.Column("rung", sa.String(16)),
        sa.Column("reasons", sa.Text),
        sa.Column("answered_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_panels"),
        sa.UniqueConstraint("commons_id", "number", name="uq_panels_commons_id_number"),
        sa.ForeignKeyConstraint(
            ["appellant_id"], ["accounts.id"], name="fk_panels_appellant_id_accounts"
        ),
        sa.ForeignKeyConstraint(["bench_id"], ["commons.id"], name="fk_panels_bench_id_commons"),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_panels_commons_id_commons"
        ),
    )
    op.create_index("ix_panels_matter", "panels", ["matter", "matter_id"])
    op.create_index("ix_panels_state", "panels", ["state"])
    op.create_table(
        "panel_seats",
        sa.Column("id", BigId, nullable=False),
        sa.Column("commons_id", BigId, nullable=False),
        sa.Column("panel_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("verdict", sa.String(16)),
        sa.Column("rung", sa.String(16)),
        sa.Column("reasons", sa.Text),
        sa.Column("answered_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_panel_seats"),
        sa.UniqueConstraint("panel_id", "account_id", name="uq_panel_seats_panel_id_account_id"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_panel_seats_account_id_accounts"
        ),
        sa.ForeignKeyConstraint(
            ["commons_id"], ["commons.id"], name="fk_panel_seats_commons_id_commons"
        ),
        sa.ForeignKeyConstraint(["panel_id"], ["panels.id"], name="fk_panel_seats_panel_id_panels"),
    )
    op.create_index("ix_panel_seats_account_id", "panel_seats", ["account_id"])
    op.create_table(
        "held_files",
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("until", Moment),
        sa.Column("is_gone", sa.Boolean, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.PrimaryKeyConstraint("repo_id", "path", name="pk_held_files"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_held_files_repo_id_repos"),
    )
    op.create_table(
        "gone_commits",
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("sha", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("repo_id", "sha", name="pk_gone_commits"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_gone_commits_repo_id_repos"),
    )
