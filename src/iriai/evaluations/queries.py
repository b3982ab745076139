"""What can be seen of scores: those of models that the viewer may know of.

A proposed score shows while its pull request is open, marked as the community's; merged, it is the
model's own, and closed, it is gone.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.cards.tables import FacetRow
from iriai.discussions.rules import Status
from iriai.discussions.tables import DiscussionRow
from iriai.evaluations import rules
from iriai.evaluations.rules import Benchmark, Entry, Fault, Found, Kept, Result, Scored, Task
from iriai.evaluations.tables import BenchmarkRow, EvaluationRow, ReadingRow
from iriai.identity.rules import Actor
from iriai.identity.tables import Account, AccountKind, AccountName
from iriai.repos.rows import COLUMNS, as_repo, listed
from iriai.repos.rules import MAIN, PULLS, Ref, Repo
from iriai.repos.tables import RefRow, RepoName, RepoRow

ROWS_MAX = 20_000

_RESULT = (
    EvaluationRow.filename,
    EvaluationRow.dataset,
    EvaluationRow.task,
    EvaluationRow.value,
    EvaluationRow.revision,
    EvaluationRow.verify_token,
    EvaluationRow.is_verified,
    EvaluationRow.date,
    EvaluationRow.source,
    EvaluationRow.notes,
    EvaluationRow.at,
    EvaluationRow.number,
)


def of_model(tx: Tx, repo: Repo) -> Found:
    """What a model scored, its own results first; whoever asks has got `repo` already."""
    asked = (
        _standing(select(*_RESULT).select_from(EvaluationRow))
        .where(EvaluationRow.repo_id == repo.id)
        .order_by(EvaluationRow.number.is_not(None), EvaluationRow.number, EvaluationRow.id)
        .limit(ROWS_MAX)
    )
    kept = tuple(_kept(repo, row) for row in tx.connection.execute(asked))
    faults = select(ReadingRow.faults).where(ReadingRow.repo_id == repo.id, ReadingRow.ref == MAIN)
    said = tx.connection.execute(faults).scalar_one_or_none() or []
    return Found(kept, tuple(Fault(**each) for each in said))


def benchmark(tx: Tx, repo: Repo) -> Benchmark:
    """A dataset as a benchmark; `Unknown` where it is none."""
    found = find_benchmark(tx, repo)
    if found is None or found.fault is not None:
        raise rules.no_leaderboard()
    return found


def find_benchmark(tx: Tx, repo: Repo) -> Benchmark | None:
    """The same, with what is wrong with its file; None where it has none."""
    asked = select(BenchmarkRow).where(BenchmarkRow.repo_id == repo.id)
    row = tx.session.execute(asked).scalar_one_or_none()
    if row is None:
        return None
    tasks = tuple(Task(**each) for each in row.tasks)
    return Benchmark(row.name, row.description, row.framework, tasks, row.fault)


def leaderboard(
    tx: Tx, viewer: Actor, dataset: Repo, task: str, *, base_models_only: bool = True
) -> list[Entry]:
    """The models that scored on a task of a benchmark, best first, as far as `viewer` may see."""
    asked = _standing(
        select(*COLUMNS, *_RESULT, Account.fullname, Account.kind)
        .select_from(EvaluationRow)
        .join(RepoRow, RepoRow.id == EvaluationRow.repo_id)
        .join(Account, Account.id == RepoRow.owner_id)
    ).where(
        EvaluationRow.dataset_key.in_(_names(tx, dataset)),
        EvaluationRow.task == task,
        RepoRow.disabled_reason.is_(None),
        listed(viewer),
    )
    if base_models_only:
        derived = exists().where(
            FacetRow.repo_id == RepoRow.id, FacetRow.facet.startswith("base_model:")
        )
        asked = asked.where(~derived)
    rows = tx.connection.execute(asked.order_by(EvaluationRow.id).limit(ROWS_MAX))
    return rules.ranked(_scored(row) for row in rows)


def refs_to_read(tx: Tx, repo_id: int) -> list[Ref]:
    """Main, and the newest open pull requests: where results count."""
    open_pulls = (
        select(RefRow.name, RefRow.sha, RefRow.commit_sha, RefRow.opened_by)
        .join(
            DiscussionRow,
            and_(
                DiscussionRow.repo_id == RefRow.repo_id,
                RefRow.name == PULLS + DiscussionRow.number.cast(RefRow.name.type),
            ),
        )
        .where(
            RefRow.repo_id == repo_id,
            DiscussionRow.is_pull_request,
            DiscussionRow.status == Status.OPEN,
            DiscussionRow.base == MAIN,
        )
        .order_by(DiscussionRow.number.desc())
        .limit(rules.PULLS_MAX)
    )
    main = select(RefRow.name, RefRow.sha, RefRow.commit_sha, RefRow.opened_by).where(
        RefRow.repo_id == repo_id, RefRow.name == MAIN
    )
    rows = [*tx.connection.execute(main), *tx.connection.execute(open_pulls)]
    return [Ref(*row) for row in rows]


def readings(tx: Tx, repo_id: int) -> dict[str, str]:
    """At which commit each ref was read."""
    asked = select(ReadingRow.ref, ReadingRow.sha).where(ReadingRow.repo_id == repo_id)
    return {row.ref: row.sha for row in tx.connection.execute(asked)}


def _standing(asked: Select[Any]) -> Select[Any]:
    """Results of main, and those that an open pull request proposes."""
    return asked.outerjoin(
        DiscussionRow,
        and_(
            DiscussionRow.repo_id == EvaluationRow.repo_id,
            DiscussionRow.number == EvaluationRow.number,
        ),
    ).where(_counts())


def _counts() -> ColumnElement[bool]:
    return or_(EvaluationRow.number.is_(None), DiscussionRow.status == Status.OPEN)


def _names(tx: Tx, dataset: Repo) -> list[str]:
    """Every name a dataset has or had: scores that were written under one stay its own."""
    asked = (
        select(AccountName.name_key, RepoName.key)
        .join(AccountName, AccountName.account_id == RepoName.owner_id)
        .where(RepoName.repo_id == dataset.id)
    )
    found = [f"{owner}/{name}" for owner, name in tx.connection.execute(asked)]
    return [*found, fold(dataset.full_name)]


def _scored(row: Sequence[Any]) -> Scored:
    width = len(COLUMNS)
    fullname, kind = row[-2:]
    kept = _kept(as_repo(row, None), row[width:-2])
    return Scored(kept, fullname or kept.model.owner, kind == AccountKind.ORGANISATION)


def _kept(model: Repo, row: Sequence[Any]) -> Kept:
    filename, dataset, task, value, revision, token, is_verified, date, source, notes, at, num = row
    result = Result(dataset, task, value, revision, token, date, source, notes)
    return Kept(model, filename, result, is_verified, at, num)
