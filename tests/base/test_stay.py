"""While a backup is taken nothing is deleted, and a backup that died holds nobody up for long."""

import threading

import pytest

from iriai.base import backup, stay
from iriai.base.backup import take
from iriai.base.errors import Unavailable
from iriai.base.jobs import PutOffError
from iriai.base.stay import LEASE, Stay


def silent(_what, _done, _total):
    pass


def may_delete(ground) -> bool:
    try:
        with ground.write() as tx:
            stay.require_none(tx)
    except PutOffError as later:
        return later.until <= ground.clock()
    return True


def test_deletions_wait_for_a_backup_and_not_for_one_that_died(any_ground, clock):
    assert may_delete(any_ground)
    died = Stay(any_ground)
    died.renew()
    assert not may_delete(any_ground)
    clock.advance(seconds=LEASE.total_seconds() - 1)
    assert not may_delete(any_ground)
    died.renew()
    clock.advance(seconds=LEASE.total_seconds() - 1)
    assert not may_delete(any_ground)
    clock.advance(seconds=1)
    assert may_delete(any_ground)


def test_a_backup_does_not_shorten_the_stay_of_another_whose_clock_is_ahead(ground, clock):
    ahead, behind = Stay(ground), Stay(ground)
    clock.advance(minutes=1)
    ahead.renew()
    clock.advance(minutes=-1)
    behind.renew()
    clock.advance(seconds=LEASE.total_seconds() + 30)
    assert not may_delete(ground)


def test_a_backup_begins_after_those_who_are_deciding_on_deletions_have_decided(any_ground):
    order = []

    def begin():
        Stay(any_ground).renew()
        order.append("stayed")

    waiting = threading.Thread(target=begin)
    with any_ground.write() as tx:
        stay.require_none(tx)
        waiting.start()
        waiting.join(0.3)  # long enough for one that would not wait
        order.append("decided")
    waiting.join()
    assert order == ["decided", "stayed"]


def test_a_backup_that_stood_still_for_too_long_does_not_count(ground, clock, tmp_path):
    first = take(ground, tmp_path / "backup", silent).head

    def pause(what, _done, _total):
        if what == "rows":
            clock.advance(seconds=LEASE.total_seconds() / 4)

    with pytest.raises(Unavailable, match="Take it again"):
        take(ground, tmp_path / "backup", pause)
    assert backup.head(tmp_path / "backup") == first


def test_a_stay_is_renewed_while_a_backup_runs(ground, clock, monkeypatch):
    monkeypatch.setattr(stay, "RENEWAL_SECONDS", 0.01)
    with stay.held(ground) as held:
        for _ in range(3):
            clock.advance(seconds=LEASE.total_seconds() / 2)
            until = clock() + LEASE
            renewed = threading.Event()
            for _ in range(1000):
                if held._until == until:
                    break
                renewed.wait(0.01)
            assert not may_delete(ground)
    clock.advance(seconds=LEASE.total_seconds())
    assert may_delete(ground)
