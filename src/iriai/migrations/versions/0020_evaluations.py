"""Evaluation results and benchmarks."""

import sqlalchemy as sa
from alembic import op

from iriai.base.db import BigId, Moment

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "benchmarks",
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("name", sa.String),
        sa.Column("description", sa.Text),
        sa.Column("framework", sa.String),
        sa.Column("tasks", sa.JSON, nullable=False),
        sa.Column("fault", sa.Text),
        sa.PrimaryKeyConstraint("repo_id", name="pk_benchmarks"),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_benchmarks_repo_id_repos"),
    )
    op.create_table(
        "evaluation_readings",
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("ref", sa.String, nullable=False),
        sa.Column("sha", sa.String(40), nullable=False),
        sa.Column("faults", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("repo_id", "ref", name="pk_evaluation_readings"),
        sa.ForeignKeyConstraint(
            ["repo_id"], ["repos.id"], name="fk_evaluation_readings_repo_id_repos"
        ),
    )
    op.create_table(
        "evaluations",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("repo_id", BigId, nullable=False),
        sa.Column("ref", sa.String, nullable=False),
        sa.Column("number", sa.Integer),
        sa.Column("filename", sa.String, nullable=False),
        sa.Column("dataset", sa.String, nullable=False),
        sa.Column("dataset_key", sa.String, nullable=False),
        sa.Column("task", sa.String, nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("revision", sa.String),
        sa.Column("verify_token", sa.Text),
        sa.Column("is_verified", sa.Boolean, nullable=False),
        sa.Column("date", sa.String),
        sa.Column("source", sa.JSON),
        sa.Column("notes", sa.Text),
        sa.Column("at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["repo_id"], ["repos.id"], name="fk_evaluations_repo_id_repos"),
    )
    op.create_index("ix_evaluations_dataset_key", "evaluations", ["dataset_key", "task"])
    op.create_index("ix_evaluations_repo_id", "evaluations", ["repo_id", "ref"])
