"""The queue is served by fair shares; unused floor is lent and recalled; cold data is noticed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.commons.pot.test_storage import give, made, send
from tests.commons.pot.test_usage import seen as used

from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Pool as Cut
from iriai.commons.pot import drf, powers, queries, rules, waiting
from iriai.commons.pot.drf import Request
from iriai.commons.pot.rules import Allotment, Gift, Pool, Source, State
from iriai.commons.pot.waiting import Why

KILOBYTE = 1_000


def ask(town, name, amount, unit="bytes_logical", project="corpus"):
    """A single allotment that was decided; it waits in the queue."""
    with town.ground.write() as tx:
        powers.allot(
            tx, "system:test", town.commons_id, "lab", account_id=town.person(name).id,
            holder=name, unit=unit, amount=amount, project=project, source=Source.QUEUE,
            cited={"decision": "lab/9"},
        )  # fmt: skip


def standing(town):
    with town.ground.read() as tx:
        known = queries.allotments(tx, town.commons_id)
    return {
        (each.holder, each.amount): (each.state, each.source)
        for each in sorted(known, key=lambda one: one.id)
    }


def events(town):
    from sqlalchemy import select

    from iriai.base.events import Event

    with town.ground.read() as tx:
        asked = select(Event.verb).where(Event.subject == "pot/lab").order_by(Event.id)
        return list(tx.connection.execute(asked).scalars())


def test_whoever_has_least_is_served_first_and_nothing_overtakes_what_does_not_fit():
    capacity = {"gb": 100, "gpu": 10}
    has = {"ada": {"gb": 50}, "bob": {"gpu": 1}}
    waiting = [
        Request("ada", {"gb": 10}),
        Request("bob", {"gb": 10}),
        Request("cyd", {"gpu": 3}),
        Request("bob", {"gb": 5}),
    ]
    assert drf.in_turn(capacity, {"gb": 30, "gpu": 5}, has, waiting) == [2, 1, 3, 0]
    assert drf.in_turn(capacity, {"gb": 9, "gpu": 5}, has, waiting) == [2]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["gb", "gpu"]), st.integers(1, 9)),
        max_size=12,
    ),
    st.integers(0, 30),
    st.integers(0, 30),
)
def test_what_is_served_fits_and_each_at_most_once(asked, gb, gpu):
    waiting = [Request(name, {unit: amount}) for name, unit, amount in asked]
    free = {"gb": gb, "gpu": gpu}
    served = drf.in_turn({"gb": 30, "gpu": 30}, free, {}, waiting)
    assert len(set(served)) == len(served)
    for unit, there in free.items():
        assert sum(waiting[at].task.get(unit, 0) for at in served) <= there


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 40)), min_size=1, max_size=8),
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 30)),
)
def test_who_is_shown_as_next_is_who_is_served_next(asked, granted):
    now = datetime(2026, 1, 5, tzinfo=UTC)
    cut = rules.slices(Cut(), Pool("gpu", (Gift("lib", 200),)), (), 2)
    known = [
        Allotment(at, "gpu", amount, name, "x", Source.ROUND, State.GRANTED, now)
        for at, (name, amount) in enumerate(granted.items())
    ] + [
        Allotment(at, "gpu", amount, name, "x", Source.QUEUE, State.QUEUED, now)
        for at, (name, amount) in enumerate(asked, 100)
    ]
    line = waiting.line({"gpu": cut}, {"gpu": 200}, known)
    assert [each.why for each in line] == [Why.ROOM] + [Why.TURN] * (len(asked) - 1)
    requests = [Request(name, {"gpu": amount}, 1) for name, amount in asked]
    served = drf.in_turn({"gpu": 200}, {"gpu": 200}, waiting.held(known), requests)
    assert line[0].allotment.id == 100 + served[0]


def test_what_waits_is_served_when_there_is_something_again(town):
    give(town, 1_000, "gpu_hours")  # 402 in the queue, 166 for each member
    ask(town, "ada", 400, "gpu_hours")
    ask(town, "ada", 300, "gpu_hours")
    ask(town, "bob", 200, "gpu_hours")
    town.tick()
    assert standing(town) == {
        ("ada", 400): (State.GRANTED, Source.QUEUE),
        ("bob", 200): (State.GRANTED, Source.FLOOR),
        ("ada", 300): (State.QUEUED, Source.QUEUE),
    }
    with town.ground.write() as tx:
        powers.reclaim(
            tx, "system:test", town.commons_id, "lab", allotment_id=1, cited={"decision": "lab/2"}
        )
    town.tick()
    assert standing(town)["ada", 300] == (State.GRANTED, Source.QUEUE)


def test_what_is_lent_of_the_floor_ends_a_day_after_its_members_need_it(town):
    give(town, 1_000 * KILOBYTE)  # 166 kB for each
    ask(town, "ada", 400 * KILOBYTE)
    ask(town, "bob", 400 * KILOBYTE)
    town.tick()
    assert standing(town)["bob", 400_000] == (State.GRANTED, Source.FLOOR)
    for name in ("ada", "cyd"):
        actor, repo = made(town, f"of-{name}", by=name)
        send(town, actor, repo, 150 * KILOBYTE)
    town.tick(minutes=1)
    assert "recalled" in events(town)
    town.tick(hours=23)
    assert standing(town)["bob", 400_000][0] is State.GRANTED
    town.tick(hours=1)
    assert standing(town)["bob", 400_000][0] is State.RECLAIMED
    assert "reclaimed" in events(town)


def test_cold_storage_is_noticed_then_taken_back_and_nothing_is_deleted(town):
    give(town, 1_000 * KILOBYTE)
    actor, repo = made(town)
    send(town, actor, repo, 10 * KILOBYTE)
    ask(town, "ada", 20 * KILOBYTE)
    town.tick()
    town.tick(days=179)
    assert "noticed" not in events(town)
    town.tick(days=2)
    assert events(town)[-1] == "noticed"
    with town.ground.read() as tx:
        notice = charters.in_force(tx, town.commons_id).pool.notice_days
    town.tick(days=notice - 1)
    assert standing(town)["ada", 20_000][0] is State.GRANTED
    town.tick(days=2)
    assert standing(town)["ada", 20_000][0] is State.RECLAIMED
    with town.ground.read() as tx:
        assert queries.used_bytes(tx, town.commons_id)["ada"] > 10 * KILOBYTE


def test_writing_again_voids_the_notice(town):
    give(town, 1_000 * KILOBYTE)
    actor, repo = made(town)
    ask(town, "ada", 20 * KILOBYTE)
    town.tick()
    town.tick(days=181)
    send(town, actor, repo, KILOBYTE)
    town.tick(minutes=1)
    assert events(town)[-1] == "noticed"  # it was written to in the very second of the notice
    town.ground.clock.advance(days=1)
    send(town, actor, repo, KILOBYTE, "later.txt")
    town.tick()
    assert events(town)[-1] == "renewed"
    town.tick(days=31)
    assert standing(town)["ada", 20_000][0] is State.GRANTED


@pytest.mark.usefixtures("town")
def test_a_pot_without_allotments_costs_the_clock_nothing(town):
    give(town, 1_000)
    before = events(town)
    town.tick(days=400)
    assert events(town) == before
    assert used(town) == {}
