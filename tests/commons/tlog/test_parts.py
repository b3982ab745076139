"""Rows governed in part: a hand on any of their columns is found, and what is legal is not.

Columns come from the tables' own declaration, so that none is forgotten here.
"""

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import orjson
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from tests.commons.tlog.operations import Life
from tests.support import server

from iriai.base import events, instance, ledger, ledger_parts
from iriai.base.db import GOVERNED, Moment, connect
from iriai.base.errors import HubError
from iriai.base.events import HUB
from iriai.base.jobs import Job
from iriai.base.ledger_entries import read_beside
from iriai.base.migrate import migrate
from iriai.base.opening import open_ground
from iriai.cli.main import iriai
from iriai.commons import queries
from iriai.commons.tables import Commons
from iriai.commons.tlog import adopting, jobs, replaying
from iriai.discussions import actions as discussions
from iriai.discussions import powers as holding
from iriai.gates import actions as gates
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.tables import Account
from iriai.repos import actions as repos
from iriai.repos import powers
from iriai.repos import queries as known
from iriai.repos.tables import HeldFile, RepoRow
from iriai.settings import load

TOLD = ("state", "hidden")
"""What an entry says of rows."""
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def every_difference(ground):
    with ground.read() as tx:
        commons = [each.id for each in queries.all_commons(tx)]
    return [each for number in commons for each in replaying.replay(ground, number).differences]


def lived(ground):
    """A hub on which each legal operation was done, so that every part has rows."""
    made, dice = Life(ground), random.Random(6)
    made.create("lab")
    made.create("lab", visibility="private")
    for name in made.ways():
        made.do(name, dice)
    for name in ("hold_file", "keep", "sanction", "remove"):
        made.do(name, random.Random(1))
    made.create("lab")
    with ground.write() as tx:
        repo = known.by_id(tx, made.repos[-1])
        gates._let(tx, repo, made.ids["eve"], open_=True)
        made.said(tx, repo, "let somebody into")
        number = discussions.open_pull_request(tx, made.ada, repo, title="Better").number
        key = discussions.comment(tx, made.ada, repo, number, text="So.").key
        discussions.hide_comment(tx, made.ada, repo, number, key)
        holding.hold_comment(tx, key, reason="asked for", until=tx.now + timedelta(days=3))
        powers.limit_storage(tx, HUB, "hub", {("bytes_stored", 0): (1, 0)})
        tx.record(HUB, "system:test", "shared out", "pot/hub")
    return made


@pytest.fixture
def life(ground):
    return lived(ground)


@pytest.fixture
def any_life(any_ground):
    return lived(any_ground)


def bare(table):
    """A table that the ledger does not know: what is written to it is written by hand."""
    return sa.table(table.name, *(sa.column(each.name, each.type) for each in table.columns))


def another(column, value, numbers):
    """A value that this column does not have."""
    if column.foreign_keys or column.name in {"organisation_id", "commons_id"}:
        return next(each for each in numbers if each != value)
    if isinstance(column.type, Moment):
        return (value or DAY) + timedelta(days=1)
    if isinstance(column.type, sa.JSON):
        return {"keeps": {"1": "2999-01-01"}, "bound": {"0": ["suspend"]}}
    if isinstance(column.type, sa.Boolean):
        return not value
    return f"{value or ''}x"[-16:] if isinstance(column.type, sa.String) else (value or 0) + 1


def by_hand(tx, part, statement, should):
    """What replays find of a part after a statement past the ledger; it is taken back."""
    with tx.connection.begin_nested() as point:
        tx.connection.execute(statement)
        found = [
            each
            for number, state in should.items()
            for each in ledger.differences(state, ledger.live(tx, number))
        ]
        point.rollback()
    return {each.row for each in found if each.table == part.name}


def test_a_hand_on_any_column_of_any_row_is_found_and_named(any_life):
    ground = any_life.ground
    assert every_difference(ground) == []
    columns = 0
    with ground.read() as tx:
        should = {each.id: ledger.live(tx, each.id) for each in queries.all_commons(tx)}
        persons = sa.select(Account.id).where(Account.kind == "person")
        accounts = list(tx.connection.execute(persons).scalars())
        for table, part in open_parts():
            plain, keys = bare(table), [each.name for each in table.primary_key.columns]
            row = tx.connection.execute(sa.select(table).order_by(*map(sa.desc, keys))).first()
            assert row is not None, f"{part.name} has no row to try"
            here = sa.and_(*(plain.c[name] == getattr(row, name) for name in keys))
            key = [getattr(row, name) for name in keys]
            name = ledger_parts.row_name(ledger_parts.key(tx), table, part, tuple(key))
            for column in part.columns:
                numbers = [*should] if column == "commons_id" else accounts
                value = another(table.c[column], getattr(row, column), numbers)
                changed = sa.update(plain).where(here).values({column: value})
                found = by_hand(tx, part, changed, should)
                assert name.partition("/")[2] in found, (part.name, column)
                columns += 1
            if not any(table.name == each.column.table.name for each in referring(table)):
                found = by_hand(tx, part, sa.delete(plain).where(here), should)
                assert name.partition("/")[2] in found, part.name
    assert columns > 30


def open_parts():
    """The parts that classes declare; the private columns of governed tables are the others."""
    return [each for each in ledger_parts.known() if GOVERNED not in each[0].info]


def first_value(column, rows):
    """A value for a column of a row made by hand."""
    for key in column.foreign_keys:
        return rows[key.column.table.name]
    if isinstance(column.type, Moment):
        return DAY
    if column.name in rows or isinstance(column.type, sa.JSON):
        return rows.get(column.name, {})
    if isinstance(column.type, sa.LargeBinary):
        return b"x"
    return "x" if isinstance(column.type, sa.String) else True if is_bool(column) else 1


def is_bool(column):
    return isinstance(column.type, sa.Boolean)


def fill(tx, rows):
    """One row in each governed table that has none, with something in every column."""
    for table in Account.metadata.sorted_tables:
        if GOVERNED in table.info:
            found = tx.connection.execute(sa.select(*table.primary_key.columns)).first()
            if found is None:
                made = {each.name: first_value(each, rows) for each in table.columns}
                tx.connection.execute(sa.insert(bare(table)).values(made))
                found = tx.connection.execute(sa.select(*table.primary_key.columns)).first()
            rows[table.name] = found[0]


def test_a_hand_on_any_private_column_of_a_governed_row_is_found_and_named(any_life):
    replaying.know_tables()
    columns = 0
    with any_life.ground.write() as tx:
        ids = any_life.ids
        fill(tx, {"accounts": ids["ada"], "repos": any_life.repos[0], "commons": HUB})
        should = {HUB: ledger.live(tx, HUB)}
        should |= {each.id: ledger.live(tx, each.id) for each in queries.all_commons(tx)}
        for table, part in ledger_parts.known():
            if GOVERNED not in table.info:
                continue
            row = tx.connection.execute(sa.select(table)).first()
            plain, keys = bare(table), list(table.primary_key.columns)
            here = sa.and_(*(plain.c[each.name] == row._mapping[each] for each in keys))
            for column in part.columns:
                numbers = any_life.repos if column == "repo_id" else [ids["bob"], ids["eve"]]
                value = another(table.c[column], getattr(row, column), numbers)
                changed = sa.update(plain).where(here).values({column: value})
                named = "/".join(str(row._mapping[each]) for each in keys)
                home = {row.commons_id: should[row.commons_id]}
                assert by_hand(tx, part, changed, home) == {named}, (part.name, column)
                columns += 1
    assert columns > 30


def referring(table):
    return [key for each in table.metadata.tables.values() for key in each.foreign_keys]


def test_the_row_is_named_as_the_database_has_it_and_never_in_the_log(life):
    ground = life.ground
    with ground.write() as tx:
        row = tx.connection.execute(sa.select(HeldFile.repo_id, HeldFile.path)).first()
        powers.hold_file(tx, row.repo_id, "a/secret name", reason="asked for", until=None)
        life.said(tx, known.by_id(tx, row.repo_id), "held a file of")
        entry = tx.connection.execute(
            sa.select(events.Event.entry).order_by(events.Event.id.desc())
        ).scalars()
        assert "secret" not in "".join(entry)
    with ground.write() as tx:
        tx.connection.execute(sa.text("UPDATE held_files SET reason='no' WHERE path LIKE 'a/%'"))
    found = [each.message for each in every_difference(ground)]
    assert found == [f"The row {row.repo_id}/a/secret name of held_files was changed past the log."]


def test_what_moves_is_told_in_both_logs_with_all_that_is_in_it(any_life):
    life, ground, dice = any_life, any_life.ground, random.Random(2)
    with ground.write() as tx:
        repo = known.by_id(tx, life.repos[1])
        powers.move(tx, life.ada, repo, to_owner="lab", to_name="here", by_decision=True)
    with ground.write() as tx:
        repo = known.by_id(tx, repo.id)
        life.do_hold_file(tx, repo, dice)
    with ground.write() as tx:
        powers.move(tx, life.ada, repo, to_owner="guild", to_name="there", by_decision=True)
        after = known.by_id(tx, repo.id).commons_id
    with ground.read() as tx:
        asked = sa.select(events.Event).order_by(events.Event.id.desc()).limit(2)
        last = [(orjson.loads(each.entry), each.hidden) for each in tx.session.scalars(asked)]
    assert {each["commons"] for each, _ in last} == {repo.commons_id, after}
    told = {each["commons"]: each["state"] | read_beside(each, kept) for each, kept in last}
    assert told[repo.commons_id].keys() == told[after].keys()
    assert set(told[repo.commons_id].values()) == {None}
    assert {each.partition("/")[0] for each in told[after]} >= {"repos", "held_files"}
    assert None not in told[after].values()
    assert every_difference(ground) == []


def test_a_commit_and_a_statement_on_other_columns_say_nothing(ground):
    life = Life(ground)
    with ground.write() as tx:
        tx.connection.execute(sa.update(RepoRow).values(likes=3, updated_at=tx.now))
        assert tx._notes.is_empty
    with ground.read() as tx:
        repo = known.by_id(tx, life.repos[0])
    repos.commit(ground, life.ada, repo, [repos.Add("a.txt", b"a")], title="plain")
    with ground.read() as tx:
        asked = sa.select(events.Event.entry).order_by(events.Event.id.desc()).limit(1)
        assert b"state" not in tx.connection.execute(asked).scalar_one().encode()
    assert every_difference(ground) == []


def test_a_change_that_is_taken_back_or_changes_nothing_is_not_told(any_ground):
    life = Life(any_ground)
    number = life.repos[0]
    with any_ground.write() as tx:
        powers.gate(tx, number, None)
        powers.freeze(tx, number, "a quarrel")
        powers.freeze(tx, number, None)
        with suppress(ZeroDivisionError), tx.attempt():
            powers.freeze(tx, number, "another")
            raise ZeroDivisionError
    assert every_difference(any_ground) == []


def test_what_nobody_records_is_told_all_the_same(ground):
    life = Life(ground)
    with ground.write() as tx:
        powers.freeze(tx, life.repos[0], "a quarrel")
    with ground.read() as tx:
        asked = sa.select(events.Event.entry).order_by(events.Event.id.desc()).limit(1)
        entry = orjson.loads(tx.connection.execute(asked).scalar_one())
    assert (entry["actor"], entry["verb"]) == ("system:log", "changed")
    assert entry["state"].keys() == {"repos/1"}
    assert every_difference(ground) == []


def test_what_cannot_be_heeded_is_a_bug_and_undone(ground):
    Life(ground)
    with pytest.raises(RuntimeError, match="outside a transaction"), ground.engine.begin() as by:
        by.execute(sa.update(RepoRow).values(gated="manual"))
    with pytest.raises(RuntimeError, match="without their keys"), ground.write() as tx:
        tx.connection.execute(sa.insert(Commons).values(preset="solo", founded_at=tx.now))
    assert every_difference(ground) == []


def test_a_deleted_account_and_the_hub_as_it_begins_are_what_the_log_says(any_ground):
    assert every_difference(any_ground) == []
    with any_ground.read() as tx:
        assert ledger.live(tx, HUB) == {}
    Life(any_ground)
    with any_ground.write() as tx:
        identity.delete_account(tx, people.actor_named(tx, "eve"), account="eve")
    assert every_difference(any_ground) == []
    with any_ground.write() as tx:
        tx.connection.execute(sa.text("UPDATE commons SET preset='owners' WHERE id=1"))
    assert [each.table for each in every_difference(any_ground)] == ["commons"]


def test_a_hub_from_before_is_adopted_once(life):
    """As the migration leaves it: rows and events, and no word of these rows in any log."""
    ground = life.ground
    replaying.know_tables()
    with ground.write() as tx:
        fill(tx, {"accounts": life.ids["ada"], "repos": life.repos[0], "commons": HUB})
        instance.settle(tx, "ledger_adopted/private", "as it was when buckets were told nowhere")
        for number, entry in tx.connection.execute(
            sa.select(events.Event.id, events.Event.entry)
        ).all():
            kept = {key: said for key, said in orjson.loads(entry).items() if key not in TOLD}
            tx.connection.execute(
                sa.update(events.Event)
                .where(events.Event.id == number)
                .values(entry=events.canonical(kept).decode(), hidden=None)
            )
        tx.enqueue(adopting.KIND, {}, key="adopt")
    parts = {part.name for _, part in ledger_parts.known()}
    assert {each.table for each in every_difference(ground)} >= parts
    jobs.adopt(ground, {})
    assert [each for each in every_difference(ground) if each.table in parts] == []
    with ground.write() as tx:
        tx.connection.execute(sa.text("UPDATE repos SET gated='x' WHERE id=1"))
        row = tx.connection.execute(sa.select(HeldFile.__table__)).mappings().first()
        again = sa.insert(bare(HeldFile.__table__)).values({**row, "path": "by hand"})
        tx.connection.execute(again)
    jobs.adopt(ground, {})
    adopting.finish(ground)
    named = {each.table for each in every_difference(ground) if each.table in parts}
    assert named == {"repos", "held_files"}


def test_an_upgrade_asks_for_the_adoption_where_something_was_done(tmp_path):
    for number, asked in ((0, 0), (1, 1)):
        folder = tmp_path / str(number)
        environment = server.state_environment("sqlite+disk", folder)
        settings = load(environ=environment)
        engine = connect(settings.database)
        migrate(engine, "0026")
        if asked:
            with engine.begin() as connection:
                row = {"commons_id": 1, "at": "2026-01-01 00:00:00", "entry": "{}"}
                said = {"actor": "ada", "verb": "did", "subject": "it"}
                plain = sa.table("events", *map(sa.column, row | said))
                connection.execute(sa.insert(plain).values(row | said))
        engine.dispose()
        ground = open_ground(settings)
        with ground.read() as tx:
            waiting = tx.connection.execute(sa.select(Job.id).where(Job.kind == adopting.KIND))
            assert len(waiting.all()) == asked
        words = ["commons", "log", "replay", "hub", "--data", str(settings.data)]
        told = CliRunner().invoke(iriai, words)
        assert told.exit_code == 0, told.output
        ground.engine.dispose()


def test_an_operation_that_is_refused_leaves_no_trace(life):
    with suppress(HubError), life.ground.write() as tx:
        identity.rename_account(tx, life.ada, account="ada", name="bob")
    assert every_difference(life.ground) == []
