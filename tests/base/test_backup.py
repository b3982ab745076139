"""A backup holds the whole hub, from either database and store into either."""

import hashlib
import os
import threading

import pytest
from sqlalchemy import insert, inspect, text
from tests.support import server

from iriai.base import backup, events, events_check, instance
from iriai.base.backup import place_of, take
from iriai.base.db import connect
from iriai.base.errors import Conflict, Invalid, Unknown
from iriai.base.opening import open_ground
from iriai.base.restore import restore
from iriai.identity import actions, queries
from iriai.identity.rules import OPERATOR, Reach, Role
from iriai.repos.tables import ServedDay
from iriai.settings import Settings, load


def silent(_what, _done, _total):
    pass


def lived_in(ground):
    """Something in every kind of column, and some bytes."""
    actions.add_person(ground, OPERATOR, name="ada", password="correct horse", fullname="Ada Ł 🐎")
    with ground.write() as tx:
        actions.add_organisation(tx, OPERATOR, name="lab", members={"ada": Role.ADMIN})
        raw = actions.mint_token(tx, OPERATOR, name="ci", role=Reach.WRITE, person="ada").raw
        tx.record(1, "ada", "tested", "backup/1", private={"why": "because", "none": None})
        tx.enqueue("nothing.at-all", {"a": [1, None, "ü"]})
        day = {"holder_id": 1, "day": tx.now.date(), "bytes_served": 5}
        tx.connection.execute(insert(ServedDay).values(**day))
    events.seal(ground)
    for number in range(20):
        ground.store.put(f"xorbs/{number:02x}/{number:064x}", bytes([number]) * (number * 1000))
    return raw


def rows(ground):
    """All rows of all tables, as text, but for what a restore adds."""
    from iriai.base import portable

    with ground.read() as tx:
        return {
            table.name: sorted(
                str(tuple(row))
                for row in tx.connection.execute(
                    table.select().with_only_columns(
                        *(column for column in table.columns if column.name != "value")
                    )
                )
                if "'operator', 'restored'" not in str(row) and "'took'" not in str(row)
            )
            for table in portable.tables(tx.connection)
        }


@pytest.fixture(params=server.STATES)
def other(request, tmp_path) -> Settings:
    """Settings of another, empty machine."""
    return load(environ=server.state_environment(request.param, tmp_path / "other"))


def test_a_hub_comes_back_whole_on_either_pair_of_state(any_ground, other, tmp_path, clock):
    raw = lived_in(any_ground)
    taken = take(any_ground, tmp_path / "backup", silent)
    assert taken.head.objects == taken.fresh == 20
    restore(other, tmp_path / "backup", silent, now=clock)
    again = open_ground(other, now=clock)
    try:
        with again.read() as tx:
            assert queries.actor_by_token(tx, raw).name == "ada"
            assert queries.person(tx, "ada").fullname == "Ada Ł 🐎"
        assert again.secret == any_ground.secret
        assert list(events_check.check(again)) == []
        for entry in any_ground.store.entries(""):
            assert again.store.read(entry.key) == any_ground.store.read(entry.key)
        actions.add_person(again, OPERATOR, name="bob")
    finally:
        again.engine.dispose()


def test_every_row_comes_back_as_it_was(ground, tmp_path, clock):
    lived_in(ground)
    take(ground, tmp_path / "backup", silent)
    settings = Settings(data=tmp_path / "other")
    restore(settings, tmp_path / "backup", silent, now=clock)
    again = open_ground(settings, now=clock)
    try:
        assert rows(again) == rows(ground)
    finally:
        again.engine.dispose()


def test_a_restored_hub_is_another_xet_generation(ground, tmp_path, clock):
    with ground.read() as tx:
        before = instance.fact(tx, instance.GENERATION)
    take(ground, tmp_path / "backup", silent)
    seen = {before}
    for number in range(2):
        clock.advance(seconds=1)
        settings = Settings(data=tmp_path / f"other-{number}")
        restore(settings, tmp_path / "backup", silent, now=clock)
        again = open_ground(settings, now=clock)
        with again.read() as tx:
            seen.add(instance.fact(tx, instance.GENERATION))
        again.engine.dispose()
    assert len(seen) == 3


def test_a_second_backup_brings_only_what_is_new_and_drops_what_is_gone(ground, tmp_path):
    lived_in(ground)
    take(ground, tmp_path / "backup", silent)
    ground.store.put("lfs/aa/bb/new", b"new")
    ground.store.delete(f"xorbs/01/{1:064x}")
    taken = take(ground, tmp_path / "backup", silent)
    assert (taken.head.objects, taken.fresh, taken.fresh_bytes) == (20, 1, 3)
    assert not place_of(tmp_path / "backup", f"xorbs/01/{1:064x}").exists()
    assert len(list((tmp_path / "backup").glob("tables-*"))) == 1


def test_a_second_backup_brings_what_was_damaged_and_put_there_anew(ground, tmp_path, clock):
    lived_in(ground)
    take(ground, tmp_path / "backup", silent)
    key = f"xorbs/13/{19:064x}"
    place = ground.store.local_path(key)
    sound = place.read_bytes()
    with place.open("r+b") as file:  # as a disk does it: in the backup's hard link too
        file.write(b"rotten")
    ground.store.delete(key)
    ground.store.put(key, sound)
    later = place.stat().st_mtime + 2
    os.utime(place, (later, later))
    taken = take(ground, tmp_path / "backup", silent)
    assert (taken.fresh, taken.fresh_bytes) == (1, len(sound))
    assert place_of(tmp_path / "backup", key).read_bytes() == sound
    restore(Settings(data=tmp_path / "other"), tmp_path / "backup", silent, now=clock)


def test_a_backup_taken_while_others_write_is_of_one_moment(any_ground, tmp_path, clock):
    lived_in(any_ground)
    stop = threading.Event()
    troubles = []

    def write():
        number = 0
        while not stop.wait(0.002):
            number += 1
            try:
                with any_ground.write() as tx:
                    tx.record(1, "ada", "counted", f"number/{number}")
                    instance.change(tx, "number", str(number))
            except Exception as trouble:  # noqa: BLE001 - the test looks at it
                troubles.append(trouble)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        taken = [take(any_ground, tmp_path / "backup", silent) for _ in range(2)]
    finally:
        stop.set()
        writer.join()
    assert troubles == []
    settings = Settings(data=tmp_path / "other")
    restore(settings, tmp_path / "backup", silent, now=clock)
    again = open_ground(settings, now=clock)
    try:
        with again.read() as tx:
            counted = tx.connection.execute(
                text("SELECT count(*) FROM events WHERE verb = 'counted'")
            ).scalar_one()
            assert instance.fact(tx, "number") == str(counted)
    finally:
        again.engine.dispose()
    assert taken[-1].head.rows > taken[0].head.rows


@pytest.mark.parametrize("what", ["object", "short object", "table", "listing", "missing object"])
def test_a_damaged_backup_is_found_before_anybody_relies_on_it(ground, tmp_path, clock, what):
    lived_in(ground)
    folder = tmp_path / "backup"
    made = take(ground, folder, silent).head
    place = {
        "table": folder / f"tables-{made.stamp}" / "events.jsonl",
        "listing": folder / f"objects-{made.stamp}.jsonl",
    }.get(what, place_of(folder, f"xorbs/13/{19:064x}"))
    whole = place.read_bytes()
    place.unlink()
    if what != "missing object":
        place.write_bytes(whole[:-1] if what == "short object" else b"X" + whole[1:])
    with pytest.raises(Invalid, match="damaged"):
        restore(Settings(data=tmp_path / "other"), folder, silent, now=clock)
    left = {path.name for path in (tmp_path / "other").rglob("*") if path.is_file()}
    assert left <= {f"{n:064x}" for n in range(20)}, "Objects that came may stay, and no database."
    assert (tmp_path / "other").exists() == (what == "object")


@pytest.mark.parametrize("what", ["object", "short object", "missing object"])
def test_a_damaged_object_can_be_left_out_and_all_else_comes_back(ground, tmp_path, clock, what):
    lived_in(ground)
    folder = tmp_path / "backup"
    made = take(ground, folder, silent).head
    key = f"xorbs/13/{19:064x}"
    place = place_of(folder, key)
    whole = place.read_bytes()
    place.unlink()
    if what != "missing object":
        place.write_bytes(whole[:-1] if what == "short object" else b"X" + whole[1:])
    left_out: list[str] = []
    there = Settings(data=tmp_path / "other")
    restore(there, folder, silent, left_out=left_out.append, now=clock)
    again = open_ground(there, now=clock)
    assert left_out == [key]
    assert sum(1 for _ in again.store.entries("xorbs/")) == made.objects - 1
    again.engine.dispose()


def test_rows_that_do_not_fit_leave_no_hub_behind(ground, other, tmp_path, clock):
    lived_in(ground)
    folder = tmp_path / "backup"
    made = take(ground, folder, silent).head
    place = folder / f"tables-{made.stamp}" / "account_names.jsonl"
    whole, head = place.read_bytes(), (folder / backup.HEAD).read_bytes()
    place.write_bytes(whole + whole.splitlines(keepends=True)[-1])
    forged = hashlib.sha256(place.read_bytes()).hexdigest()
    (folder / backup.HEAD).write_bytes(
        head.replace(made.tables["account_names"]["sha256"].encode(), forged.encode())
    )
    with pytest.raises(Invalid, match="do not fit"):
        restore(other, folder, silent, now=clock)
    assert not (other.data / "iriai.db").exists()
    if other.database_url:
        engine = connect(other.database)
        assert inspect(engine).get_table_names() == []
        engine.dispose()
    place.write_bytes(whole)
    (folder / backup.HEAD).write_bytes(head)
    restore(other, folder, silent, now=clock)


def test_a_restore_that_was_interrupted_goes_on(ground, tmp_path, clock):
    lived_in(ground)
    folder = tmp_path / "backup"
    take(ground, folder, silent)
    settings = Settings(data=tmp_path / "other")

    def interrupt(what, done, _total):
        if (what, done) == ("objects", 12):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(settings, folder, interrupt, now=clock)
    store = tmp_path / "other" / "store" / "xorbs"
    came = {path: path.stat().st_ino for path in store.rglob("*") if path.is_file()}
    assert len(came) >= 12
    restore(settings, folder, silent, now=clock)
    assert {path: path.stat().st_ino for path in came} == came
    assert len([path for path in store.rglob("*") if path.is_file()]) == 20


def test_nothing_is_restored_over_a_hub_that_lives(ground, tmp_path, clock):
    lived_in(ground)
    take(ground, tmp_path / "backup", silent)
    with pytest.raises(Conflict, match="empty"):
        restore(ground.settings, tmp_path / "backup", silent, now=clock)


def test_a_folder_of_something_else_is_neither_written_to_nor_read(ground, tmp_path, clock):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to-bob.txt").write_text("Dear Bob")
    with pytest.raises(Conflict, match="other things"):
        take(ground, tmp_path / "letters", silent)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(Unknown, match="no finished backup"):
        restore(Settings(data=tmp_path / "other"), tmp_path / "nothing", silent, now=clock)


def test_an_id_that_was_given_once_is_not_given_again_after_a_restore(any_ground, tmp_path, clock):
    with any_ground.write() as tx:
        tx.connection.execute(text("INSERT INTO repo_ids (taken_at) VALUES ('2026-01-01')"))
        tx.connection.execute(text("INSERT INTO repo_ids (taken_at) VALUES ('2026-01-01')"))
        tx.connection.execute(text("DELETE FROM repo_ids WHERE id = 2"))
    take(any_ground, tmp_path / "backup", silent)
    settings = Settings(data=tmp_path / "other")
    restore(settings, tmp_path / "backup", silent, now=clock)
    again = open_ground(settings, now=clock)
    try:
        with again.write() as tx:
            given = tx.connection.execute(
                text("INSERT INTO repo_ids (taken_at) VALUES ('2026-01-02') RETURNING id")
            ).scalar_one()
    finally:
        again.engine.dispose()
    assert given == 3


def test_only_its_owner_can_look_into_a_backup(ground, tmp_path):
    take(ground, tmp_path / "backup", silent)
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    assert backup.head(tmp_path / "backup").rows > 0
