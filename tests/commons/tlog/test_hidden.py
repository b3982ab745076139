"""Rows whose key the log must not tell: no two entries say the same of them, and replay knows all.

What stands in the public half is one digest with a salt of its own; the rest lies beside it.
"""

import random
from datetime import timedelta

import orjson
import pytest
import sqlalchemy as sa
from tests.commons.tlog.operations import Life
from tests.commons.tlog.test_parts import every_difference

from iriai.base import events, events_check
from iriai.base.events import HUB, Event
from iriai.base.ledger_entries import is_hidden, shown
from iriai.commons.tlog import actions, replaying
from iriai.identity import powers
from iriai.identity.rules import Restriction

WAYS = ("keep", "sanction", "let_in", "hold_file", "remove")


def public_entries(ground, after=0):
    with ground.read() as tx:
        asked = sa.select(Event.entry).where(Event.id > after).order_by(Event.id)
        return [orjson.loads(each) for each in tx.connection.execute(asked).scalars()]


def newest(ground):
    with ground.read() as tx:
        return tx.connection.execute(sa.select(sa.func.max(Event.id))).scalar_one()


def restrict(life, kind, subject, *, days=5):
    """Somebody is restricted in the lab, as an operator's open act or as a case has it."""
    with life.ground.write() as tx:
        until = tx.now + timedelta(days=days)
        powers.restrict(tx, life.ids["bob"], life.ids["lab"], kind, until)
        tx.record(HUB, "system:test", "applied", subject)


def long_words(value):
    """Every text in an entry's ledger part that is too long to be there twice by chance."""
    if isinstance(value, dict):
        return {word for pair in value.items() for each in pair for word in long_words(each)}
    return {value.rpartition("/")[2]} if isinstance(value, str) and len(value) >= 32 else set()


def told(entries):
    return [
        {name: each[name] for name in ("state", "hidden") if name in each}
        for each in entries
        if "state" in each or "hidden" in each
    ]


def test_nobody_can_join_what_entries_say_of_one_person(any_ground):
    life = Life(any_ground)
    before = newest(any_ground)
    restrict(life, Restriction.SUSPEND, "person/bob")
    restrict(life, Restriction.WRITE, "case/1")
    restrict(life, Restriction.SUSPEND, "case/2")
    said = told(public_entries(any_ground, before))
    assert len(said) >= 3
    words = [long_words(each) for each in said]
    assert all(words)
    for number, some in enumerate(words):
        for other in words[number + 1 :]:
            assert not some & other
    assert every_difference(any_ground) == []


def test_no_public_answer_names_a_row_whose_key_is_hidden(ground):
    life = Life(ground)
    for way in WAYS:
        life.do(way, random.Random(1))
    for each in public_entries(ground):
        assert not [row for row in each.get("state", {}) if "~" in row]
    with ground.read() as tx:
        rows = replaying.live(tx, HUB)
        assert [row for row in rows if is_hidden(row)]
        assert not [row for row in shown(rows) if "~" in row]


@pytest.mark.parametrize("way", ["forgotten", "changed", "another's"])
def test_a_hand_on_what_lies_beside_an_entry_is_found(any_ground, way):
    life = Life(any_ground)
    restrict(life, Restriction.SUSPEND, "case/1")
    restrict(life, Restriction.WRITE, "case/2")
    with any_ground.write() as tx:
        asked = sa.select(Event.id, Event.hidden, Event.commons_id)
        asked = asked.where(Event.hidden.is_not(None)).order_by(Event.id.desc())
        last, other = tx.connection.execute(asked).all()[:2]
        value = {"forgotten": None, "changed": last.hidden[:-2] + " }}", "another's": other.hidden}
        here = sa.update(Event).where(Event.id == last.id)
        tx.connection.execute(here.values(hidden=value[way]))
    actions.checkpoint(any_ground, last.commons_id)
    found = [each for each in every_difference(any_ground) if each.table == "events"]
    assert len(found) == 1, found
    assert "hidden part" in found[0].message
    checked = [each.message for each in events_check.check(any_ground, last.commons_id)]
    assert bool(checked) == (way != "forgotten")


def test_a_hidden_row_that_a_hand_takes_away_or_brings_back_is_found(any_ground):
    life = Life(any_ground)
    restrict(life, Restriction.SUSPEND, "case/1")
    with any_ground.write() as tx:
        row = tx.connection.execute(sa.text("SELECT * FROM restrictions")).mappings().one()
        tx.connection.execute(sa.text("DELETE FROM restrictions"))
    assert [each.table for each in every_difference(any_ground)] == ["restrictions"]
    with any_ground.write() as tx:
        names = ", ".join(f":{each}" for each in row)
        tx.connection.execute(
            sa.text(f"INSERT INTO restrictions ({', '.join(row)}) VALUES ({names})"), dict(row)
        )
    assert every_difference(any_ground) == []
    with any_ground.write() as tx:
        powers.lift(tx, life.ids["bob"], life.ids["lab"])
        tx.record(HUB, "system:test", "lifted", "case/1")
    assert every_difference(any_ground) == []
    with any_ground.write() as tx:
        tx.connection.execute(
            sa.text(f"INSERT INTO restrictions ({', '.join(row)}) VALUES ({names})"), dict(row)
        )
    found = [(each.table, each.row) for each in every_difference(any_ground)]
    assert found == [("restrictions", f"{life.ids['bob']}/{life.ids['lab']}")]


def test_a_log_from_before_goes_on_and_names_its_rows_no_more(ground):
    """As older hubs wrote: hidden names and digests stood in the public half."""
    life = Life(ground)
    restrict(life, Restriction.SUSPEND, "person/bob")
    with ground.write() as tx:
        for row in tx.connection.execute(
            sa.select(Event.id, Event.entry, Event.hidden).where(Event.hidden.is_not(None))
        ).all():
            entry = orjson.loads(row.entry)
            entry.pop("hidden")
            entry["state"] = entry.get("state", {}) | orjson.loads(row.hidden)["state"]
            here = sa.update(Event).where(Event.id == row.id)
            old = {"entry": events.canonical(entry).decode(), "hidden": None}
            tx.connection.execute(here.values(**old))
    assert every_difference(ground) == []
    before = newest(ground)
    restrict(life, Restriction.WRITE, "case/1")
    assert every_difference(ground) == []
    assert not [row for each in public_entries(ground, before) for row in each.get("state", {})]
    with ground.write() as tx:
        tx.connection.execute(sa.text("UPDATE restrictions SET kind='x'"))
    found = {(each.table, each.row) for each in every_difference(ground)}
    assert found == {("restrictions", f"{life.ids['bob']}/{life.ids['lab']}")}
