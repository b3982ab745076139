"""Results and benchmarks, read from real repositories on both databases."""

import threading
import time

import pytest
from sqlalchemy import select
from tests.repos.conftest import settled
from tests.support.overlap import overtaken

from iriai.evaluations import actions, queries
from iriai.evaluations.tables import EvaluationRow

BENCHMARK = b"name: Exam\ntasks:\n- id: easy\n"
RESULTS = b"- dataset: {id: ada/exam, task_id: easy}\n  value: 0.5\n"


@pytest.fixture
def any_town(any_ground):
    return settled(any_ground)


@pytest.fixture
def slowly(monkeypatch):
    """Whoever keeps what was read takes a moment before it is committed."""
    keep = actions._keep

    def linger(*given):
        keep(*given)
        time.sleep(0.2)

    monkeypatch.setattr(actions, "_keep", linger)


def at_once(town, repo, count=3):
    """What went wrong where so many read one repository at once."""
    went_wrong, ready = [], threading.Barrier(count)

    def read():
        ready.wait()
        try:
            actions.refresh(town.ground, repo.id)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            went_wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return went_wrong


def test_a_benchmark_and_scores_may_be_read_by_many_at_once(any_town, slowly):
    exam, model = any_town.repo("exam", kind="dataset"), any_town.repo("model")
    for value in (b"0.5", b"0.25"):
        any_town.commit(exam, {"eval.yaml": BENCHMARK + b"# " + value})
        any_town.commit(model, {".eval_results/exam.yaml": RESULTS.replace(b"0.5", value)})
        assert at_once(any_town, exam) + at_once(any_town, model) == []
        with any_town.ground.read() as tx:
            values = list(tx.connection.execute(select(EvaluationRow.value)).scalars())
            assert values == [float(value)]
            assert queries.benchmark(tx, exam).name == "Exam"
    any_town.commit(exam, {"eval.yaml": b"tasks: 1"})
    assert at_once(any_town, exam) == []
    with any_town.ground.read() as tx:
        found = queries.find_benchmark(tx, exam)
    assert found is None or found.fault


def test_an_older_reading_never_takes_the_place_of_a_newer(any_town, monkeypatch):
    model = any_town.repo("model")
    any_town.commit(model, {".eval_results/exam.yaml": RESULTS})

    def read():
        actions.refresh(any_town.ground, model.id)

    def changed():
        any_town.commit(model, {".eval_results/exam.yaml": RESULTS.replace(b"0.5", b"0.25")})
        read()

    overtaken(monkeypatch, actions, read, changed)
    with any_town.ground.read() as tx:
        assert list(tx.connection.execute(select(EvaluationRow.value)).scalars()) == [0.25]
