"""Registrations that take long, or much memory, hold up nobody who sends a small one."""

import threading
from concurrent.futures import wait

import pytest
from tests.api.xet_clients import Upload
from tests.support import xet

from iriai.api.xet import lanes
from iriai.blobs.xet import shard

REPEATS = lanes.LONG_FILE_BYTES // 80_000 + 1
SECONDS = 120


def small() -> bytes:
    return Upload.of(1).shard


def over_and_over(table, times) -> bytes:
    """A shard of one file that is the same chunks again and again."""
    claim = xet.claim(table, 0, len(table), None)
    claim.terms *= times
    claim.term_hashes *= times
    return xet.shard([claim], [table])


def long() -> bytes:
    """A gigabyte of them."""
    return over_and_over(Upload.of(1).table, REPEATS)


def many() -> bytes:
    """A million tiny ones."""
    _, table = xet.xorb([b"tiny"] * 8192)
    return over_and_over(table, lanes.LONG_FILE_CHUNKS // 8192 + 1)


def large() -> bytes:
    """A shard that is large itself: what stands behind its sections is not read."""
    return small() + bytes(lanes.LARGE_SHARD_BYTES)


@pytest.fixture
def submitted(tmp_path):
    """Hand in a shard whose registration waits for a gate; what is done is in `order`."""
    order, gate, made = [], threading.Event(), []

    def submit(name, data, sender, *, waits=True):
        path = tmp_path / f"shard-{len(made)}"
        path.write_bytes(data)

        def work():
            assert not waits or gate.wait(SECONDS)
            order.append(name)

        made.append(lanes.submit(path, sender, work))
        return made[-1]

    submit.order, submit.gate = order, gate
    yield submit
    gate.set()
    wait(made, SECONDS)


@pytest.mark.parametrize("slow", [long, many, large])
def test_a_small_registration_is_done_before_those_that_take_long(submitted, slow):
    data = slow()
    waiting = [submitted("slow", data, sender) for sender in range(6)]
    submitted("small", small(), 0, waits=False).result(SECONDS)
    assert submitted.order == ["small"]
    submitted.gate.set()
    wait(waiting, SECONDS)
    assert submitted.order == ["small"] + ["slow"] * 6


def test_who_has_sent_many_long_ones_is_served_in_turn_with_the_others(submitted):
    data = long()
    waiting = [submitted("eve", data, "eve") for _ in range(5)]
    done = submitted("ada", data, "ada", waits=False)
    done.result(SECONDS)
    assert submitted.order == ["ada"]
    submitted.gate.set()
    wait(waiting, SECONDS)
    assert submitted.order == ["ada"] + ["eve"] * 5


def test_what_goes_wrong_in_a_lane_is_told_and_the_next_is_served(tmp_path):
    path = tmp_path / "shard"
    path.write_bytes(long())
    failed = lanes.submit(path, "eve", lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        failed.result(SECONDS)
    assert lanes.submit(path, "eve", lambda: 1).result(SECONDS) == 1


def test_what_a_shard_claims_is_what_its_files_come_to():
    for data in (small(), many(), long()):
        (file,) = shard.parse(data).files
        chunks = sum(term.end - term.start for term in file.terms)
        assert shard.claimed(data) == (file.size, chunks)
    data = small()
    for end in range(0, len(data), 7):
        assert shard.claimed(data[:end]) <= shard.claimed(data)
