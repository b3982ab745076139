"""An export is judged by its log, row by row; and it names nobody whom the log does not."""

import hashlib

import orjson
import pytest
from tests.commons.cases.test_panels import EIGHT, appealed, drawn
from tests.commons.cases.village import Village
from tests.support import schema
from tests.support.prepared import Prepared

from iriai.base.errors import Invalid
from iriai.base.opening import open_ground
from iriai.commons.cases import queries
from iriai.commons.cases.tables import PanelRow, PanelSeat
from iriai.commons.enactment import cases as enacting
from iriai.commons.exit import exporting, importing, judging, rules, verification
from iriai.commons.tlog import replaying
from iriai.settings import Settings


def quiet(_what, _done, _total):
    """Nobody watches."""


def sitting(ground, clock, more=()):
    """A commons in which a panel was asked to sit; `names` are whom it asked."""
    made = Village(ground, clock, [*EIGHT, *more], ["bob", "cid"])
    made.case_number = appealed(made)
    made.names = drawn(made, made.case_number)[1]
    return made


SITTING = Prepared(sitting)


@pytest.fixture
def village(tmp_path, clock):
    with SITTING.copied(tmp_path, clock) as made:
        yield made


@pytest.fixture
def elsewhere(tmp_path, clock):
    made = open_ground(Settings(data=schema.newest_sqlite(tmp_path / "there")), now=clock)
    yield made
    made.engine.dispose()


def rows(folder, table):
    lines = (folder / rules.ROWS / f"{table}.jsonl").read_bytes().splitlines()
    return [orjson.loads(line) for line in lines]


def forge(folder, table, change):
    """Rows as somebody wants them, and an `export.json` that fits."""
    path = f"{rules.ROWS}/{table}.jsonl"
    body = b"".join(orjson.dumps(row) + b"\n" for row in change(rows(folder, table)))
    (folder / path).write_bytes(body)
    head = orjson.loads((folder / rules.HEAD).read_bytes())
    head["files"][path] |= {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    (folder / rules.HEAD).write_bytes(orjson.dumps(head))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: [rows[0] | {"rung": "nudge"}], "sanctions/1 is not what its log says"),
        (lambda rows: [*rows, rows[0] | {"id": 9}], "sanctions/9 is not what its log says"),
        (lambda _: [], "sanctions/1 is missing"),
    ],
)
def test_a_row_that_the_log_does_not_have_so_is_refused(village, elsewhere, tmp_path, change, said):
    folder = tmp_path / "out"
    exporting.export(village.ground, "tales", folder, quiet)
    judging.require_sound(folder, judging.opened(folder))
    forge(folder, "sanctions", change)
    with pytest.raises(Invalid, match=said):
        importing.bring(elsewhere, folder, quiet)
    with elsewhere.read() as tx:
        assert importing.account(tx, "tales") is None


def test_who_was_asked_to_sit_stays_where_few_may_know_it(village, elsewhere, tmp_path):
    folder, whole = tmp_path / "out", tmp_path / "whole"
    exporting.export(village.ground, "tales", folder, quiet)
    assert rows(folder, "panel_seats") == []
    assert len(rows(folder, "panels")) == 1
    exporting.export(village.ground, "tales", whole, quiet, private=True)
    asked = {village.ids[name] for name in village.names}
    assert {row["account_id"] for row in rows(whole, "panel_seats")} == asked
    done = importing.bring(elsewhere, folder, quiet)
    assert all(line.is_good for line in verification.compare(elsewhere, folder, done, quiet))
    assert replaying.replay(elsewhere, done.commons_id).differences == []
    with elsewhere.read() as tx:
        found = queries.panel(tx, done.commons_id, 1)
        assert (found.state, list(queries.seats(tx, found.id))) == ("sitting", [])
    village.clock.advance(days=40)
    enacting.due(elsewhere)
    with elsewhere.read() as tx:  # another is asked, of those who are here
        found = queries.panel(tx, done.commons_id, 1)
        assert queries.panel_of(tx, found.matter, found.matter_id).round == 2


def test_a_list_that_older_hubs_kept_in_the_open_stays_too(village, tmp_path):
    with village.ground.write() as tx:
        found = tx.session.query(PanelRow).one()
        found.eligible = [{"id": 1, "name": "ada"}]
        tx.record(village.id, "system:test", "drew", "panel/tales/1")
    folder = tmp_path / "out"
    exporting.export(village.ground, "tales", folder, quiet)
    assert rows(folder, "panels") == rows(folder, "panel_seats") == []
    judging.require_sound(folder, judging.opened(folder))


def test_where_everybody_may_know_it_an_export_has_it(ground, clock, tmp_path):
    village = sitting(ground, clock, ["oda", "pia", "rut"])
    folder = tmp_path / "out"
    exporting.export(ground, "tales", folder, quiet)
    with ground.read() as tx:
        seats = tx.session.query(PanelSeat).count()
    assert len(rows(folder, "panel_seats")) == seats == len(village.names)
