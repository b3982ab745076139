"""Where PostgreSQL has no connection left, one is waited for; after the end none stays open."""

import secrets
import threading
import traceback
from dataclasses import replace
from time import monotonic

import psycopg
import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.exc import IntegrityError
from tests.support import postgres
from tests.support.overlap import overlapping

from iriai.base import db, instance, jobs
from iriai.base.errors import Conflict, Unavailable
from iriai.base.instance import InstanceFact
from iriai.base.tx import CHANGED_MEANWHILE


@pytest.fixture
def narrow(ground):
    """A ground on a server with two connections for it, and the address of the same for others."""
    url, role = postgres.fresh_database(), f"narrow_{secrets.token_hex(4)}"
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 2")
    url = url.replace("postgres@", f"{role}@")
    engine = db.connect(url)
    yield replace(ground, engine=engine), url.replace("+psycopg", "")
    engine.dispose()


def answers(ground):
    with ground.read() as tx:
        return tx.connection.execute(text("SELECT 7")).scalar_one() == 7


@pytest.mark.parametrize("is_own", [True, False])
def test_a_connection_that_is_given_back_is_taken(narrow, is_own):
    ground, address = narrow
    with psycopg.connect(address), psycopg.connect(address) as other:
        if is_own:
            other.close()
            held = db.checked_out(ground.engine)  # the server lets go a moment after
        back = held.close if is_own else other.close
        threading.Timer(0.3, back).start()
        began = monotonic()
        assert answers(ground)
        assert 0.2 < monotonic() - began < db.CONNECT_WAIT_SECONDS


def test_it_is_not_waited_for_forever(narrow, monkeypatch):
    ground, address = narrow
    monkeypatch.setattr(db, "CONNECT_WAIT_SECONDS", 0.2)
    with psycopg.connect(address), psycopg.connect(address):
        began = monotonic()
        with pytest.raises(Unavailable, match="try again"):
            answers(ground)
        assert monotonic() - began > 0.2
    monkeypatch.undo()
    assert answers(ground)


def test_a_database_that_is_away_is_said_to_be_at_once(narrow):
    ground, _ = narrow
    gone = replace(ground, engine=db.connect("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    began = monotonic()
    with pytest.raises(Unavailable):
        answers(gone)
    assert monotonic() - began < 1


def test_a_connection_that_comes_back_after_the_end_is_closed(any_ground):
    engine, closed = db.connect(any_ground.settings.database), []
    event.listen(engine, "close", lambda *_: closed.append(1))
    with engine.connect(), engine.connect():
        engine.connect().close()
        engine.dispose()
        assert closed == [1]
    assert closed == [1, 1, 1]


def test_whoever_still_comes_after_the_end_leaves_no_connection_open(any_ground):
    engine, closed = db.connect(any_ground.settings.database), []
    event.listen(engine, "close", lambda *_: closed.append(1))
    engine.dispose()
    for count in (1, 2):
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
        assert len(closed) == count


def test_who_writes_what_another_just_wrote_is_told_to_try_again(any_ground, caplog):
    def write(tx):
        tx.connection.execute(insert(InstanceFact), {"name": "same", "value": ""})

    if any_ground.engine.dialect.name == "postgresql":
        lost = overlapping(any_ground, write, write)
        assert (type(lost), lost.code) == (Conflict, CHANGED_MEANWHILE)
        assert "pk_instance" in caplog.text
        return
    with any_ground.write() as tx:
        write(tx)
    with pytest.raises(IntegrityError), any_ground.write() as tx:
        write(tx)


def test_what_a_constraint_refuses_is_said_without_the_values(any_ground, caplog):
    word = secrets.token_hex(8)

    def twice():
        with any_ground.write() as tx:
            instance.settle(tx, word, word)
            tx.connection.execute(insert(InstanceFact), {"name": word, "value": word})

    def without_a_value():
        with any_ground.write() as tx:
            tx.connection.execute(insert(InstanceFact), {"name": word, "value": None})

    for write in (twice, without_a_value):
        with pytest.raises((IntegrityError, Conflict)) as said:
            write()
        told = "".join(traceback.format_exception(said.value))
        assert "instance" in told
        assert word not in told
    assert word not in caplog.text


def test_who_met_a_constraint_is_in_the_log(any_ground, caplog, monkeypatch):
    def twice(ground, _payload):
        with ground.write() as tx:
            for _ in range(2):
                tx.connection.execute(insert(InstanceFact), {"name": "same", "value": ""})

    monkeypatch.setitem(jobs.KINDS, "twice", jobs.Kind("twice", twice, None))
    with any_ground.write() as tx:
        tx.enqueue("twice", {})
    assert jobs.run_next(any_ground)
    assert "Job 1 (twice) failed" in caplog.text
    if any_ground.engine.dialect.name == "postgresql":
        assert "pk_instance, in iriai.base.jobs.run_next." in caplog.text
