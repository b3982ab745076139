"""Governed rows are in the log, and a hand in the database is found and named."""

from datetime import timedelta

import orjson
import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session
from tests.support import server

import iriai.app  # noqa: F401 - the log's parts name tables of all parts of the hub
from iriai.base import events, events_check, ledger
from iriai.base.events import HUB, Event
from iriai.base.jobs import Job
from iriai.base.opening import open_ground
from iriai.commons.breakglass.tables import OperatorAct
from iriai.commons.tlog import replaying
from iriai.settings import load


def act(tx, **changes):
    made = OperatorAct(
        **{
            "commons_id": HUB,
            "act": "freeze",
            "subject": "repo/ada/tiny",
            "basis": "emergency",
            "reason": "malware",
            "undo": {"frozen": False},
            "state": "standing",
            "done_at": tx.now,
            "lapses_at": tx.now + timedelta(days=7),
        }
        | changes
    )
    tx.session.add(made)
    return made


def done(ground, verb="froze", **changes):
    with ground.write() as tx:
        made = act(tx, **changes)
        tx.record(made.commons_id, "ops", verb, "repo/ada/tiny")
    return made


def entries(ground):
    with ground.read() as tx:
        return list(tx.connection.execute(select(Event.entry).order_by(Event.id)).scalars())


def replayed(ground):
    with ground.read() as tx:
        should = replaying.logged(each.encode() for each in entries(ground))
        return list(ledger.differences(should, ledger.live(tx, HUB)))


def test_what_governed_rows_become_is_in_the_log_without_a_word(any_ground):
    made = done(any_ground)
    with any_ground.write() as tx:
        kept = tx.session.get(OperatorAct, made.id)
        kept.state = "lapsed"
        tx.record(HUB, "system", "lapsed", "repo/ada/tiny")
    states = [orjson.loads(each)["state"] for each in entries(any_ground)]
    key, private = f"operator_acts/{made.id}", f"operator_acts.private/{made.id}"
    assert [set(each) for each in states] == [{key, private}, {key}]
    assert states[0][key] != states[1][key]
    assert replayed(any_ground) == []


def test_a_deleted_row_is_null_in_the_log(any_ground):
    made = done(any_ground)
    with any_ground.write() as tx:
        tx.session.delete(tx.session.get(OperatorAct, made.id))
        tx.record(HUB, "system", "forgot", "repo/ada/tiny")
    assert orjson.loads(entries(any_ground)[-1])["state"] == {
        f"operator_acts/{made.id}": None,
        f"operator_acts.private/{made.id}": None,
    }
    assert replayed(any_ground) == []


def test_the_state_stands_in_the_last_event_for_its_commons(ground):
    with ground.write() as tx:
        act(tx)
        tx.record(HUB, "ops", "froze", "repo/ada/tiny")
        tx.record(7, "ops", "noted", "something/else")
        tx.record(HUB, "ops", "told", "stewards")
    written = [orjson.loads(each) for each in entries(ground)]
    assert ["state" in each for each in written] == [False, False, True]
    assert [each["verb"] for each in written] == ["froze", "noted", "told"]


def test_a_change_that_nobody_records_is_a_bug_and_undone(ground):
    with (
        pytest.raises(RuntimeError, match=r"nothing was recorded for commons 1"),
        ground.write() as tx,
    ):
        act(tx)
    with ground.read() as tx:
        assert ledger.live(tx, HUB) == {}


def test_a_change_recorded_for_another_commons_is_a_bug(ground):
    with pytest.raises(RuntimeError, match="commons 1"), ground.write() as tx:
        act(tx)
        tx.record(7, "ops", "froze", "repo/ada/tiny")


@pytest.mark.parametrize("way", ["core", "orm", "bulk"])
def test_a_governed_table_is_not_written_past_the_ledger(ground, way):
    made = done(ground)
    with pytest.raises(RuntimeError, match="written past the ledger"), ground.write() as tx:
        changed = update(OperatorAct).values(state="lapsed")
        if way == "core":
            tx.connection.execute(changed)
        elif way == "orm":
            tx.session.execute(changed)
        else:
            tx.session.bulk_update_mappings(OperatorAct, [{"id": made.id, "state": "lapsed"}])
    assert replayed(ground) == []


def test_a_statement_from_any_session_but_ours_is_refused_too(ground):
    with pytest.raises(RuntimeError, match="past the ledger"), Session(ground.engine) as session:
        session.execute(insert(OperatorAct).values(id=1))


def test_a_hand_in_the_database_is_found_and_named(any_ground):
    made = done(any_ground)
    other = done(any_ground)
    with any_ground.write() as tx:
        tx.connection.execute(text(f"UPDATE operator_acts SET state='ratified' WHERE id={made.id}"))
    found = replayed(any_ground)
    assert [(each.table, each.row) for each in found] == [("operator_acts", str(made.id))]
    with any_ground.write() as tx:
        tx.connection.execute(text(f"DELETE FROM operator_acts WHERE id={other.id}"))
    gone = [each.table for each in replayed(any_ground) if "is gone" in each.message]
    assert gone == ["operator_acts.private", "operator_acts"]


def test_private_columns_are_told_by_a_key_alone_and_can_be_erased(any_ground):
    made = done(any_ground)
    with any_ground.write() as tx:
        tx.session.get(OperatorAct, made.id).reason = "erased"
        tx.record(HUB, "system", "erased", "reason")
    first, second = (orjson.loads(each)["state"] for each in entries(any_ground))
    row, private = f"operator_acts/{made.id}", f"operator_acts.private/{made.id}"
    assert first[row] == second[row]
    assert first[private] != second[private]
    assert replayed(any_ground) == []
    with any_ground.write() as tx:
        tx.connection.execute(text("UPDATE operator_acts SET reason='malware'"))
    found = replayed(any_ground)
    assert [(each.table, each.row) for each in found] == [("operator_acts.private", str(made.id))]


def test_both_hubs_tell_what_is_private_by_keys_of_their_own(tmp_path):
    told = []
    for name in ("one", "other"):
        settings = load(environ=server.state_environment("sqlite+disk", tmp_path / name))
        made = open_ground(settings)
        done(made)
        state = orjson.loads(entries(made)[0])["state"]
        told.append(state["operator_acts.private/1"])
        made.engine.dispose()
    assert told[0] != told[1]


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("done_at='yesterday'", "operator_acts"),
        ("undo='{broken'", "operator_acts"),
        ("reason=CAST(x'ff' AS TEXT)", "operator_acts.private"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_the_others_are_compared(ground, change, table):
    made, other = done(ground), done(ground)
    with ground.write() as tx:
        tx.connection.execute(text(f"UPDATE operator_acts SET {change} WHERE id={made.id}"))
        tx.connection.execute(text(f"UPDATE operator_acts SET state='x' WHERE id={other.id}"))
    found = {each.message for each in replayed(ground)}
    assert f"The row {made.id} of {table} cannot be read any more." in found
    assert f"The row {other.id} of operator_acts was changed past the log." in found


def test_an_attempt_that_fails_is_undone_with_its_notes_and_its_events(any_ground):
    with any_ground.write() as tx:
        act(tx)
        tx.record(HUB, "ops", "froze", "repo/ada/tiny")
        with pytest.raises(ZeroDivisionError), tx.attempt():
            act(tx, subject="repo/ada/other", commons_id=HUB)
            tx.record(HUB, "ops", "froze", "repo/ada/other")
            raise ZeroDivisionError
    written = [orjson.loads(each) for each in entries(any_ground)]
    assert [each["subject"] for each in written] == ["repo/ada/tiny"]
    assert len(written[0]["state"]) == 2
    assert replayed(any_ground) == []


def test_an_attempt_that_succeeds_stays(ground):
    with ground.write() as tx, tx.attempt():
        act(tx)
        tx.record(HUB, "ops", "froze", "repo/ada/tiny")
    assert replayed(ground) == []
    assert len(entries(ground)) == 1


def test_a_change_of_state_asks_for_a_checkpoint_once(ground):
    done(ground)
    done(ground)
    with ground.read() as tx:
        kinds = tx.connection.execute(
            select(Job.key).where(Job.kind == ledger.CHECKPOINT)
        ).scalars()
        assert list(kinds) == [f"checkpoint:{HUB}"]


def test_both_databases_give_a_row_the_same_digest(tmp_path, clock):
    digests = set()
    for number, state in enumerate(server.STATES):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = open_ground(load(environ=server.state_environment(state, folder)), now=clock)
        done(made)
        with made.read() as tx:
            live = ledger.live(tx, HUB)
            assert live.pop("operator_acts.private/1")  # made with this hub's own key
            digests.add(ledger.state_digest(live))
        made.engine.dispose()
    assert len(digests) == 1


def test_the_log_stays_whole_when_a_state_is_added(any_ground):
    for _ in range(5):
        done(any_ground)
    events.seal(any_ground)
    assert list(events_check.check(any_ground)) == []
