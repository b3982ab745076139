"""Jobs are done at least once, by one worker at a time, and a hopeless one is kept for a person."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from iriai.base import jobs
from iriai.base.jobs import Job, job


@pytest.fixture
def kind(monkeypatch):
    """A name for a kind of job, the only one that there is."""
    monkeypatch.setattr(jobs, "KINDS", {})
    return "test.kind"


def rows(ground):
    with ground.read() as tx:
        return tx.connection.execute(select(Job.state, Job.attempts, Job.error)).all()


def test_a_job_exists_exactly_when_its_change_does(any_ground, kind):
    done = []
    job(kind)(lambda _, payload: done.append(payload["n"]))
    with pytest.raises(ZeroDivisionError), any_ground.write() as tx:
        tx.enqueue(kind, {"n": 1})
        raise ZeroDivisionError
    with any_ground.write() as tx:
        tx.enqueue(kind, {"n": 2})
    jobs.run_due(any_ground)
    assert done == [2]
    assert rows(any_ground) == []


def test_one_waiting_job_for_a_key_is_enough(any_ground, kind):
    done = []
    job(kind)(lambda _, payload: done.append(payload["n"]))
    with any_ground.write() as tx:
        for n in range(3):
            tx.enqueue(kind, {"n": n}, key="same")
    jobs.run_due(any_ground)
    assert done == [0]


def test_a_job_waits_for_its_time(ground, clock, kind):
    done = []
    job(kind)(lambda _, payload: done.append(payload))
    with ground.write() as tx:
        tx.enqueue(kind, {}, delay=timedelta(hours=1))
    assert jobs.run_due(ground) == 0
    clock.advance(hours=1)
    assert jobs.run_due(ground) == 1


def test_a_poisonous_job_is_given_up_and_kept(ground, clock, kind):
    @job(kind)
    def fail(_ground, _payload):
        raise RuntimeError("never works")

    with ground.write() as tx:
        tx.enqueue(kind, {}, key="poison")
    for _ in range(10):
        jobs.run_due(ground)
        clock.advance(hours=1)
    ((state, attempts, error),) = rows(ground)
    assert (state, attempts) == ("dead", jobs.ATTEMPTS_MAX)
    assert "never works" in error


def test_a_job_that_must_wait_is_put_off_as_often_as_it_must_and_has_not_failed(
    any_ground, clock, kind
):
    tries = []

    @job(kind)
    def wait(ground, _payload):
        tries.append(ground.clock())
        if len(tries) == 1:
            with ground.write() as tx:
                tx.enqueue(kind, {}, key="one", delay=timedelta(days=1))
        if len(tries) <= jobs.ATTEMPTS_MAX + 1:
            raise jobs.PutOffError(ground.clock() + timedelta(minutes=1))

    with any_ground.write() as tx:
        tx.enqueue(kind, {}, key="one")
    for _ in range(jobs.ATTEMPTS_MAX + 1):
        assert jobs.run_due(any_ground) == 1
        assert rows(any_ground) == [("waiting", 0, None)] * 2
        clock.advance(minutes=1)
    assert jobs.run_due(any_ground) == 1
    assert rows(any_ground) == [("waiting", 0, None)]


def test_the_job_of_a_dead_worker_is_taken_over(ground, clock, kind):
    done = []
    job(kind)(lambda _, payload: done.append(payload["n"]))
    with ground.write() as tx:
        tx.enqueue(kind, {"n": 1})
    with ground.write() as tx:
        tx.connection.execute(
            update(Job).values(state="running", claimed_by="dead", claimed_until=tx.now)
        )
    assert jobs.run_due(ground) == 0
    clock.advance(seconds=1)
    jobs.run_due(ground)
    assert done == [1]


@pytest.mark.parametrize(("every", "state"), [(None, "dead"), (timedelta(minutes=5), "waiting")])
def test_a_job_that_no_worker_outlives_is_given_up(ground, clock, kind, every, state):
    tries = []

    @job(kind, every=every)
    def kill(_ground, _payload):
        tries.append(1)
        raise KeyboardInterrupt  # as far as the rows go, what `kill -9` leaves

    with ground.write() as tx:
        tx.enqueue(kind, {}, key=f"every:{kind}")
    for _ in range(jobs.ATTEMPTS_MAX):
        with pytest.raises(KeyboardInterrupt):
            jobs.run_next(ground)
        clock.advance(seconds=jobs.LEASE.total_seconds() + 1)
    assert not jobs.run_next(ground)
    jobs.bury(ground)
    ((now, attempts, error),) = rows(ground)
    assert (now, attempts) == (state, jobs.ATTEMPTS_MAX)
    assert "Every worker that did this ended" in error
    assert not jobs.run_next(ground)
    assert len(tries) == jobs.ATTEMPTS_MAX


def test_a_job_that_waits_is_not_taken_before_a_change_that_counts_on_it(any_ground, kind):
    done = []
    job(kind)(lambda *_: done.append(1))
    with any_ground.write() as tx:
        tx.enqueue(kind, {}, key="same")
    worker = threading.Thread(target=jobs.run_next, args=(any_ground,))
    with any_ground.write() as tx:
        tx.enqueue(kind, {}, key="same")
        tx.close()
        worker.start()
        worker.join(0.2)  # SQLite's waits for us, PostgreSQL's finds nothing to do
        assert not done
    worker.join()
    jobs.run_due(any_ground)
    assert done == [1]


def test_a_job_taken_while_a_change_is_under_way_is_done_again(any_ground, kind):
    done = []
    job(kind)(lambda *_: done.append(1))
    with any_ground.write() as tx:
        tx.enqueue(kind, {}, key="same")
    with any_ground.write() as tx:
        tx.enqueue(kind, {}, key="same")
        if tx.connection.dialect.name == "postgresql":
            assert jobs.run_next(any_ground)
    jobs.run_due(any_ground)
    assert done == ([1, 1] if any_ground.engine.dialect.name == "postgresql" else [1])


def test_a_recurring_job_comes_round_again(ground, clock, kind):
    done = []
    job(kind, every=timedelta(minutes=5))(lambda *_: done.append(1))
    jobs.schedule(ground)
    jobs.schedule(ground)
    jobs.run_due(ground)
    assert len(done) == 1
    clock.advance(minutes=5)
    jobs.run_due(ground)
    assert len(done) == 2


def test_a_recurring_job_that_fails_is_one_row_and_waits_its_pauses(any_ground, clock, kind):
    tries, is_up = [], False

    @job(kind, every=timedelta(hours=24))
    def sweep(_ground, _payload):
        tries.append(clock())
        if not is_up:
            raise OSError("The store is away.")

    for _ in range(120):
        jobs.schedule(any_ground)
        jobs.run_due(any_ground)
        clock.advance(minutes=1)
    assert len(rows(any_ground)) == 1
    assert len(tries) == 7  # at once, twice in the first minutes, after five, then by half hours
    is_up = True
    for _ in range(35):
        jobs.schedule(any_ground)
        jobs.run_due(any_ground)
        clock.advance(minutes=1)
    assert len(tries) == 8
    ((state, attempts, error),) = rows(any_ground)
    assert (state, attempts, error) == ("waiting", 0, None)


def test_a_recurring_job_that_runs_is_not_begun_beside_itself(any_ground, clock, kind):
    at_once, most = [], []

    @job(kind, every=timedelta(hours=24))
    def sweep(_ground, _payload):
        at_once.append(1)
        most.append(len(at_once))
        jobs.schedule(any_ground)
        clock.advance(seconds=20)
        jobs.run_next(any_ground, "another")
        at_once.pop()

    jobs.schedule(any_ground)
    jobs.run_due(any_ground)
    assert most == [1]
    assert len(rows(any_ground)) == 1


def test_what_a_clock_that_was_ahead_put_off_is_pulled_in(any_ground, clock, kind):
    done = []

    @job(kind, every=timedelta(hours=1))
    def sweep(_ground, _payload):
        done.append("round")

    @job("test.failing")
    def fail(_ground, _payload):
        done.append("once")
        if len(done) < 3:
            raise OSError("Not yet.")

    jobs.schedule(any_ground)
    with any_ground.write() as tx:
        tx.enqueue("test.failing", {})
        tx.enqueue("test.failing", {}, delay=timedelta(days=90))  # asked for: it stays there
    clock.advance(days=60)
    jobs.run_due(any_ground)
    clock.advance(days=-60)
    jobs.schedule(any_ground)
    clock.advance(hours=1)
    jobs.schedule(any_ground)
    jobs.run_due(any_ground)
    assert sorted(done) == ["once", "once", "round", "round"]
    assert len(rows(any_ground)) == 2


def test_however_many_kinds_come_round_they_are_asked_about_at_once(ground, kind):
    for number in range(20):
        job(f"{kind}.{number}", every=timedelta(hours=number + 1))(lambda *_: None)
    jobs.schedule(ground)
    asked = []

    def note(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    event.listen(ground.engine, "before_cursor_execute", note)
    jobs.schedule(ground)
    assert sum("jobs" in each for each in asked) == 3


def test_rows_that_were_too_many_of_a_recurring_job_come_down_to_one(any_ground, clock, kind):
    done = []
    job(kind, every=timedelta(hours=24))(lambda *_: done.append(1))
    with any_ground.write() as tx:
        for n in range(3):
            tx.enqueue(kind, {}, key=f"every:{kind}" + "#7" * n)
        tx.enqueue(kind, {}, key="asked for")
    jobs.run_due(any_ground)
    assert len(done) == 4
    assert len(rows(any_ground)) == 1


def test_eight_workers_do_each_job_once(any_ground, kind):
    done, lock = [], threading.Lock()

    @job(kind)
    def run(_ground, payload):
        with lock:
            done.append(payload["n"])

    with any_ground.write() as tx:
        for n in range(40):
            tx.enqueue(kind, {"n": n})
    workers = [threading.Thread(target=jobs.run_due, args=(any_ground,)) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(done) == list(range(40))
