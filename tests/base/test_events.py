"""The log: recorded with the change, sealed in order, and a rewritten past is found."""

import orjson
import pytest
from sqlalchemy import select, update
from tests.support.overlap import overlapping

from iriai.base import events, events_check, merkle
from iriai.base.events import HUB, Event


def recorded(ground, count, commons_id=HUB, **private):
    for number in range(count):
        with ground.write() as tx:
            tx.record(
                commons_id,
                "ada",
                "created",
                f"repo/ada/r{number}",
                private=private or None,
                number=number,
            )


def test_an_undone_change_leaves_no_event(ground):
    with pytest.raises(ZeroDivisionError), ground.write() as tx:
        tx.record(HUB, "ada", "created", "repo/ada/x")
        raise ZeroDivisionError
    assert events.seal(ground) == 0


def test_each_commons_has_its_own_log(any_ground):
    recorded(any_ground, 3)
    recorded(any_ground, 2, commons_id=7)
    assert events.seal(any_ground) == 5
    with any_ground.read() as tx:
        assert events.head(tx, HUB).size == 3
        assert events.head(tx, 7).size == 2


def test_sealing_in_batches_gives_the_tree_of_all_entries(any_ground):
    for count in (1, 4, 2):
        recorded(any_ground, count)
        events.seal(any_ground)
    with any_ground.read() as tx:
        head = events.head(tx, HUB)
        rows = tx.connection.execute(
            select(Event.position, Event.entry).order_by(Event.position)
        ).all()
        nodes = events.nodes(tx, HUB)
        for position, entry in rows:
            proof = merkle.inclusion(position, head.size, nodes)
            leaf = merkle.leaf_hash(entry.encode())
            assert merkle.verify_inclusion(leaf, position, head.size, proof, head.root)
    assert [position for position, _ in rows] == list(range(7))
    assert list(events_check.check(any_ground)) == []


def test_a_rewritten_entry_is_found_and_named(any_ground):
    recorded(any_ground, 5)
    events.seal(any_ground)
    with any_ground.write() as tx:
        forged = select(Event.entry).where(Event.position == 2)
        entry = tx.connection.execute(forged).scalar_one().replace("ada", "bob")
        tx.connection.execute(update(Event).where(Event.position == 2).values(entry=entry))
    found = list(events_check.check(any_ground))
    assert found[0].position == 2


def test_an_erased_payload_leaves_every_proof_valid(any_ground):
    recorded(any_ground, 2, reason="their name and address")
    events.seal(any_ground)
    with any_ground.write() as tx:
        row = tx.connection.execute(select(Event.id, Event.entry).limit(1)).one()
        assert "address" not in row.entry
        assert len(orjson.loads(row.entry)["private"]) == 64
        events.erase(tx, row.id)
    assert list(events_check.check(any_ground)) == []


def test_a_changed_private_part_is_found(ground):
    recorded(ground, 1, reason="spam")
    events.seal(ground)
    with ground.write() as tx:
        tx.connection.execute(update(Event).values(private='{"reason":"none"}'))
    assert "private part of entry 0" in next(iter(events_check.check(ground))).message


def test_the_first_entries_of_a_log_are_sealed_once_by_two_at_once(any_ground):
    sizes = []
    overlapping(
        any_ground,
        lambda tx: sizes.append(events._locked_size(tx, 7)),
        lambda tx: sizes.append(events._locked_size(tx, 7)),
    )
    assert sizes == [0, 0]
