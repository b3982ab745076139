"""`iriai commons panel verify` draws a panel again from what a live hub publishes."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.commons.cases.village import Village

from iriai.base.opening import open_ground
from iriai.commons.cases import queries, records
from iriai.commons.enactment import cases as enacting
from iriai.settings import load

DAYS = 90 + 3 + 14
"""Until all are electors for long enough, the answer was awaited, and the window has closed."""


class Clock:
    """A clock that is moved by hand and ends at the present, where the hub's own goes on."""

    def __init__(self):
        self.moment = datetime.now(UTC) - timedelta(days=DAYS)

    def __call__(self):
        return self.moment

    def advance(self, **by):
        self.moment += timedelta(**by)


@pytest.fixture(scope="module")
def drawn(hub):
    """The address of a panel of five that was drawn on the hub's own state."""
    clock = Clock()
    ground = open_ground(load(environ=hub.settings), now=clock)
    village = Village(ground, clock, ["zoe", "eve", "una", "ivo", "kai", "lea", "max"], ["bob"])
    clock.advance(days=90)
    number = village.sanctioned("bob", "warning", by="zoe")
    village.act(enacting.appeal, "bob", number, words="It was not me.", string="moon")
    village.tick(days=14)
    found, seats = village.panel(number)
    names = [village.name(each.account_id) for each in seats]
    with ground.read() as tx:
        assert queries.panel(tx, village.id, found.number).seed
        whole = records.record_of(tx, village.actor("bob", tx), found)
    ground.engine.dispose()
    return found.number, number, names, whole


def test_a_panel_is_checked_by_its_address_and_drawn_again_by_who_may_see_it(hub, drawn, tmp_path):
    panel, case, names, whole = drawn
    page = f"{hub.url}/commons/tales/panels/{panel}"
    for address in (page, f"{hub.url}/commons/tales/cases/{case}"):
        told = json.loads(hub.run("commons", "panel", "verify", address))
        assert (told["names"], told["faults"], told["whole"]) == ([], [], False)  # it is small
    told = json.loads(hub.run("commons", "panel", "verify", "--hub", hub.url, f"tales/{panel}"))
    assert told["seed"] == whole["seed"]
    kept = tmp_path / "draw.json"
    kept.write_text(json.dumps(whole))
    told = json.loads(hub.run("commons", "panel", "verify", str(kept)))
    assert (told["names"], told["faults"], told["whole"]) == (names, [], True)


def test_an_address_of_nothing_is_said_to_be(hub, drawn):
    assert drawn
    answer = hub.run(
        "commons", "panel", "verify", f"{hub.url}/commons/tales/panels/99", check=False
    )
    assert answer == ""
