"""Reading results and benchmarks anew, whenever a branch that counts has moved; vouching for one.

All is made from git, so it can be done again at any time. Reading (trees, YAML in the sandbox)
happens outside the transaction, and is kept only if the ref still is where it was read: until that
is done no ref moves, and of two readers one waits for the other.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert

from iriai.base import sandbox
from iriai.base.errors import HubError, Invalid, Unavailable
from iriai.base.names import fold
from iriai.base.tx import Ground, Tx
from iriai.evaluations import queries, rules, vouching
from iriai.evaluations.rules import Benchmark, Fault, Result
from iriai.evaluations.tables import BenchmarkRow, EvaluationRow, ReadingRow
from iriai.identity.rules import Actor
from iriai.repos import queries as repos
from iriai.repos.git.entries import File
from iriai.repos.git.objects import Objects
from iriai.repos.landing import lock
from iriai.repos.rules import MAIN, PULLS, Kind, Ref, Repo, require_write

FILE_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of one ref: each file's results and since when they stand there."""

    ref: Ref
    results: tuple[tuple[str, Result, datetime], ...] = ()
    faults: tuple[Fault, ...] = ()
    benchmark: Benchmark | None = None


def refresh(ground: Ground, repo_id: int) -> None:
    """Read what a model or dataset says of evaluations, where it moved since it was last read."""
    with ground.read() as tx:
        repo = repos.by_id(tx, repo_id)
        if repo.kind is Kind.SPACE:
            return
        refs = queries.refs_to_read(tx, repo_id)
        known = queries.readings(tx, repo_id)
    if repo.kind is Kind.DATASET:
        refs = [each for each in refs if each.name == MAIN]
    behind = [each for each in refs if known.get(each.name) != each.commit]
    gone = set(known) - {each.name for each in refs}
    if not behind and not gone:
        return
    objects = repos.objects(ground, repo_id)
    read = [_read(objects, repo, each) for each in sorted(behind, key=lambda ref: ref.name)]
    with ground.write() as tx:
        lock(tx, repo_id)
        for each in read:
            now = repos.ref(tx, repo_id, each.ref.name)
            if now is not None and now.commit == each.ref.commit:
                _keep(tx, repo, each)
        for name in sorted(gone):
            _forget(tx, repo_id, name)


def vouch(tx: Tx, actor: Actor, dataset: Repo, *, task: str, model: str, value: float) -> str:
    """A token with which a model's score on this benchmark counts as verified."""
    require_write(actor, dataset)
    known = queries.benchmark(tx, dataset).task(task)
    cleaned = rules.clean_results(
        [{"dataset": {"id": dataset.full_name, "task_id": known.id}, "value": value}]
    )[0]
    scored = repos.repo(tx, actor, Kind.MODEL, model)
    tx.record(
        dataset.commons_id,
        actor.name,
        "vouched for a score on",
        dataset.subject,
        private={"task": known.id, "model": scored.address, "value": cleaned.value},
    )
    return vouching.token(
        tx.ground.secret,
        dataset=dataset.full_name,
        task=known.id,
        model=scored.full_name,
        value=cleaned.value,
    )


# -- reading -------------------------------------------------------------------------------------


def _read(objects: Objects, repo: Repo, ref: Ref) -> _Read:
    if repo.kind is Kind.DATASET:
        return _Read(ref, benchmark=_benchmark(objects, ref.commit))
    results: list[tuple[str, Result, datetime]] = []
    faults: list[Fault] = []
    since = objects.last_commits(ref.commit, rules.RESULTS_FOLDER) if _has(objects, ref) else {}
    for file in _files(objects, repo, ref):
        try:
            found = rules.clean_results(_yaml(objects, file))
        except Unavailable:
            raise
        except HubError as error:
            faults.append(Fault(file.path, error.message))
            continue
        commit = since.get(file.path.rpartition("/")[2]) or objects.commit(ref.commit)
        results += [(file.path, each, commit.committer.at) for each in found]
    return _Read(ref, tuple(results), tuple(faults))


def _has(objects: Objects, ref: Ref) -> bool:
    found = objects.find_entry(ref.commit, rules.RESULTS_FOLDER)
    return found is not None and not isinstance(found, File)


def _files(objects: Objects, repo: Repo, ref: Ref) -> Iterable[File]:
    """The files of results of a ref; of a pull request, those that it changes."""
    if not _has(objects, ref):
        return
    entries = objects.tree(ref.commit, rules.RESULTS_FOLDER).entries
    files = [
        each for each in entries if isinstance(each, File) and rules.is_results_file(each.path)
    ]
    if ref.name.startswith(PULLS) and repo.head is not None:
        changed = set(objects.changed(objects.fork(repo.head, ref.commit), ref.commit))
        files = [each for each in files if each.path in changed]
    yield from files[: rules.FILES_MAX]


def _benchmark(objects: Objects, sha: str) -> Benchmark | None:
    file = objects.find_entry(sha, rules.BENCHMARK_FILE)
    if not isinstance(file, File):
        return None
    try:
        return rules.clean_benchmark(_yaml(objects, file))
    except Unavailable:
        raise
    except HubError as error:
        return Benchmark(fault=error.message)


def _yaml(objects: Objects, file: File) -> Any:
    """A file of YAML, read by the confined process."""
    if file.lfs is not None or file.size > FILE_BYTES_MAX:
        raise Invalid(f"A file of results takes at most {FILE_BYTES_MAX // 1024} KiB.")
    return sandbox.call("yaml", objects.blob(file.oid, size_max=FILE_BYTES_MAX))


# -- keeping -------------------------------------------------------------------------------------


def _keep(tx: Tx, repo: Repo, read: _Read) -> None:
    name = read.ref.name
    reading = {
        "repo_id": repo.id,
        "ref": name,
        "sha": read.ref.commit,
        "faults": [asdict(each) for each in read.faults],
    }
    _forget(tx, repo.id, name)
    tx.connection.execute(insert(ReadingRow), reading)
    if read.results:
        rows = [_row(tx, repo, name, each) for each in read.results]
        tx.connection.execute(insert(EvaluationRow), rows)
    if name == MAIN and read.benchmark is not None:
        found = read.benchmark
        row = {
            "repo_id": repo.id,
            "name": found.name,
            "description": found.description,
            "framework": found.framework,
            "tasks": [asdict(each) for each in found.tasks],
            "fault": found.fault,
        }
        tx.connection.execute(insert(BenchmarkRow), row)


def _forget(tx: Tx, repo_id: int, ref: str) -> None:
    for table in (EvaluationRow, ReadingRow):
        tx.connection.execute(delete(table).where(table.repo_id == repo_id, table.ref == ref))
    if ref == MAIN:
        tx.connection.execute(delete(BenchmarkRow).where(BenchmarkRow.repo_id == repo_id))


def _row(tx: Tx, repo: Repo, ref: str, found: tuple[str, Result, datetime]) -> dict[str, Any]:
    filename, result, at = found
    token = result.verify_token
    return {
        "repo_id": repo.id,
        "ref": ref,
        "number": int(ref.removeprefix(PULLS)) if ref.startswith(PULLS) else None,
        "filename": filename,
        "dataset": result.dataset,
        "dataset_key": fold(result.dataset),
        "task": result.task,
        "value": result.value,
        "revision": result.revision,
        "verify_token": token,
        "is_verified": token is not None
        and vouching.holds(
            tx.ground.secret,
            token,
            dataset=result.dataset,
            task=result.task,
            model=repo.full_name,
            value=result.value,
        ),
        "date": result.date,
        "source": dict(result.source) if result.source else None,
        "notes": result.notes,
        "at": at,
    }
