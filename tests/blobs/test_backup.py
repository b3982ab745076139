"""A backup holds all bytes that its rows speak of, whatever is swept while it is taken."""

from sqlalchemy import select
from tests.blobs.conftest import ADA, BOB, sha256
from tests.blobs.test_sweeping import RAWS, WHOLE, release, send

from iriai.base import jobs
from iriai.base.backup import take
from iriai.base.jobs import Job
from iriai.base.opening import open_ground
from iriai.base.restore import restore
from iriai.base.stay import LEASE
from iriai.blobs import check, rules
from iriai.blobs import jobs as blob_jobs
from iriai.settings import Settings

EVERYTHING = (1, 1)


def working(ground):
    """Called as a backup goes on: by then a worker has done what is due."""
    return lambda _what, _done, _total: jobs.run_due(ground)


def test_bytes_that_would_go_while_a_backup_is_taken_are_in_it(any_sender, clock, tmp_path):
    ada, bob = any_sender(ADA), any_sender(BOB)
    ground = ada.ground
    ada.by_lfs(WHOLE)
    send(ada)
    bob.by_lfs(b"held by nobody")
    release(ground, BOB)
    clock.advance(days=31)
    due = {"blobs.drop": {"sha256": sha256(WHOLE)}, "blobs.sweep": {}}
    assert {jobs.KINDS[kind].run for kind in due} == {blob_jobs.drop, blob_jobs.sweep}
    with ground.write() as tx:
        for kind, payload in due.items():
            tx.enqueue(kind, payload)
    gone = [rules.blob_key(sha256(each)) for each in (WHOLE, b"held by nobody")]

    take(ground, tmp_path / "backup", working(ground))
    assert all(ground.store.exists(key) for key in gone)
    settings = Settings(data=tmp_path / "other")
    restore(settings, tmp_path / "backup", working(ground), now=clock)
    again = open_ground(settings, now=clock)
    try:
        assert list(check.findings(again, read_data=EVERYTHING)) == []
        assert again.store.read(gone[0]) == b"".join(RAWS)
    finally:
        again.engine.dispose()

    clock.advance(seconds=LEASE.total_seconds())
    jobs.run_due(ground)
    assert not any(ground.store.exists(key) for key in gone)
    with ground.read() as tx:
        left = tx.connection.execute(select(Job.kind, Job.attempts, Job.error)).all()
    assert left == []
