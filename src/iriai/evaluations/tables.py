"""What is kept of evaluation results and benchmarks. All of it can be made anew from git."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table


class BenchmarkRow(Table):
    """A dataset's `eval.yaml`, read from the newest commit of its main branch."""

    __tablename__ = "benchmarks"
    repo_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("repos.id"), primary_key=True, autoincrement=False
    )
    name: Mapped[str | None]
    description: Mapped[str | None] = mapped_column(Text)
    framework: Mapped[str | None]
    tasks: Mapped[list[Any]]
    fault: Mapped[str | None] = mapped_column(Text)


class ReadingRow(Table):
    """How far a repository was read: each of its refs that counts, and at which commit."""

    __tablename__ = "evaluation_readings"
    repo_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("repos.id"), primary_key=True, autoincrement=False
    )
    ref: Mapped[str] = mapped_column(String, primary_key=True)
    sha: Mapped[str] = mapped_column(String(40))
    faults: Mapped[list[Any]]


class EvaluationRow(Table):
    """One score of a model on one task. `number` is the pull request that proposes it."""

    __tablename__ = "evaluations"
    __table_args__ = (
        Index("ix_evaluations_dataset_key", "dataset_key", "task"),
        Index("ix_evaluations_repo_id", "repo_id", "ref"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    repo_id: Mapped[int] = mapped_column(BigId, ForeignKey("repos.id"))
    ref: Mapped[str]
    number: Mapped[int | None]
    filename: Mapped[str]
    dataset: Mapped[str]
    dataset_key: Mapped[str]
    task: Mapped[str]
    value: Mapped[float] = mapped_column(Float(53))
    revision: Mapped[str | None]
    verify_token: Mapped[str | None] = mapped_column(Text)
    is_verified: Mapped[bool]
    date: Mapped[str | None]
    source: Mapped[dict[str, Any] | None]
    notes: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime]
