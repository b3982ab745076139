"""A commons with requests for removal leaves: what is held does not spread, and stays held."""

import pytest
from tests.commons.removal.test_removals import Place
from tests.support import server
from tests.support.prepared import Prepared

from iriai.base.db import Table
from iriai.base.errors import Conflict, Denied, Gone
from iriai.base.opening import open_ground
from iriai.commons.exit import exporting, forking, importing, rows, verification
from iriai.commons.removal import queries
from iriai.commons.tlog import replaying
from iriai.identity import queries as people
from iriai.repos.operations import Add
from iriai.settings import load

VILLAGERS = ["ada", "eve", "una", "ivo", "kai", "lea"]


def quiet(_what, _done, _total):
    """Nobody watches."""


def with_requests(ground, clock):
    """Three requests: one was fulfilled, for one a file is held, one was not read yet."""
    made = Place(ground, clock, VILLAGERS, ["bob"]).prepare()
    made.model("ada")
    made.commit(Add("old.csv", b"old,1\n"))
    made.gone = made.data().head
    number, _ = made.ask("old.csv")
    made.acknowledge("ada", number)
    made.decide("ada", number, fulfil=True)
    number, _ = made.ask("bob.csv")
    made.acknowledge("ada", number)
    made.ask("all.csv", by=made.actor("bob"))
    return made


PLACE = Prepared(with_requests)


@pytest.fixture
def place(tmp_path, clock):
    with PLACE.copied(tmp_path, clock) as made:
        yield made


@pytest.fixture
def elsewhere(state, clock, tmp_path):
    """Another hub, on each of the databases."""
    (tmp_path / "there").mkdir()
    environment = server.state_environment(state, tmp_path / "there", is_newest=True)
    made = open_ground(load(environ=environment), now=clock)
    yield made
    made.engine.dispose()


def moved(place, ground, folder):
    """The village on the hub that it has come to."""
    done = importing.bring(ground, folder, quiet)
    lines = list(verification.compare(ground, folder, done, quiet))
    assert all(line.is_good for line in lines), lines
    there = object.__new__(Place)
    there.ground, there.clock, there.id = ground, place.clock, done.commons_id
    with ground.read() as tx:
        there.ids = {name: people.account(tx, name).id for name in VILLAGERS}
    return there


def requests(place):
    with place.ground.read() as tx:
        return [(each.number, each.state) for each in queries.removals(tx, place.id)]


def test_a_move_takes_held_files_along_and_they_stay_held(place, elsewhere, tmp_path):
    export = exporting.export(place.ground, "tales", tmp_path / "out", quiet, private=True)
    assert (export.left_out, export.held_out) == (0, 0)
    there = moved(place, elsewhere, tmp_path / "out")
    assert requests(there) == requests(place)
    assert there.data().head == place.data().head
    with pytest.raises(Denied, match=f"{elsewhere.settings.url}/commons/tales/removals/2"):
        there.read("bob.csv")
    assert there.read("more.txt") == b"more\n"
    with pytest.raises(Gone, match="This revision was removed"):
        there.read("more.txt", place.gone)
    there.decide("ada", 2, fulfil=True)  # it can be decided where it has come to
    assert there.request(2).new_revision == there.data().head
    there.acknowledge("ada", 3)
    with pytest.raises(Denied, match="removals/3"):
        there.read("all.csv")
    assert not replaying.replay(elsewhere, there.id).differences


def test_an_export_for_everybody_has_nothing_of_what_is_held(place, elsewhere, tmp_path):
    export = exporting.export(place.ground, "tales", tmp_path / "out", quiet)
    assert [each.name for each in export.repos] == ["tales/tiny"]
    assert (export.left_out, export.held_out) == (1, 1)
    for path in (tmp_path / "out" / "rows").iterdir():
        for word in (b"my voice", b"bob.csv", b"all.csv"):
            assert word not in path.read_bytes(), path
    there = moved(place, elsewhere, tmp_path / "out")
    assert requests(there) == requests(place)
    for number in (2, 3):
        with pytest.raises(Conflict, match="stayed at the hub"):
            there.decide("ada", number, fulfil=True)
    with pytest.raises(Conflict, match="stayed at the hub"):
        there.acknowledge("ada", 3)
    there.decide("ada", 2, fulfil=False)
    assert there.request(2).state == "refused"
    assert not replaying.replay(elsewhere, there.id).differences


def test_a_file_that_is_served_again_stops_nothing(place, tmp_path):
    place.decide("ada", 2, fulfil=True)
    export = exporting.export(place.ground, "tales", tmp_path / "out", quiet)
    assert (len(export.repos), export.left_out) == (2, 0)


def test_a_fork_has_nothing_that_others_hold(place, tmp_path):
    exporting.export(place.ground, "tales", tmp_path / "out", quiet, private=True)
    done = forking.fork(place.ground, place.actor("bob"), tmp_path / "out", "rebels", quiet)
    assert done.repos == 1
    assert not replaying.replay(place.ground, done.commons_id).differences


def test_whatever_is_private_can_stay_behind(ground):
    """Every private column takes what stands in it where it did not come along."""
    replaying.know_tables()
    dialect = ground.engine.dialect
    for table in Table.metadata.sorted_tables:
        for column in table.columns:
            if not column.info.get("private") or column.nullable:
                continue
            row = {column.name: None}
            assert rows.referred(column) in (None, "accounts"), f"{column}: where would it lead?"
            made = rows._given(table, row, {}, 1)
            bind = column.type.dialect_impl(dialect).bind_processor(dialect) or (lambda each: each)
            assert bind(made[column.name]) is not None, column
