"""The page of a log: signed, provable, and to be taken home."""

import orjson

from iriai.base.events import HUB
from iriai.commons import enactment, queries
from iriai.commons.breakglass.rules import Act, Basis
from iriai.commons.tlog import actions
from iriai.commons.tlog import queries as log
from iriai.identity import powers
from iriai.identity import queries as identity
from iriai.identity.rules import Restriction
from tests.web.conftest import text


def test_the_page_shows_what_was_signed_and_proves_that_the_log_only_grew(visitor):
    with visitor.ground.write() as tx:
        tx.record(HUB, "ada", "created", "repo/ada/1")
    first = actions.checkpoint(visitor.ground, HUB)
    for number in range(5):
        with visitor.ground.write() as tx:
            tx.record(HUB, "ada", "created", f"repo/ada/{number}")
    signed = actions.checkpoint(visitor.ground, HUB)
    shown = visitor.see(f"/commons/hub/log?first={first.size}&second={signed.size}").text
    assert "Signed by the hub" in shown
    assert signed.root.hex() in shown
    assert first.root.hex() in shown
    assert "iriai commons log verify hub --url" in shown


def test_what_the_operator_did_stands_under_the_log(ada):
    ada.send("/organizations/new", name="tales", fullname="")
    assert "has done nothing here with their own hands" in text(ada.see("/commons/tales/log"))
    assert ada.client.get("/api/commons/tales/operator").json() == {"acts": [], "legalOrders": 0}
    with ada.ground.write() as tx:
        enactment.operator.break_glass(
            tx, "tales", Act.SUSPEND, "ada", reason="It spreads malware.", basis=Basis.EMERGENCY
        )
    page = text(ada.other().see("/commons/tales/log"))
    assert "The operator suspended the account ada in force It spreads malware." in page
    assert "It is undone on" in page
    (told,) = ada.client.get("/api/commons/tales/operator").json()["acts"]
    assert (told["act"], told["reason"], told["state"]) == (
        "suspend",
        "It spreads malware.",
        "standing",
    )


def test_the_page_says_what_hidden_means_and_leads_to_where_it_is_written(ada):
    ada.send("/organizations/new", name="tales", fullname="")
    with ada.ground.write() as tx:
        commons_id = queries.commons(tx, "tales").id
        row = identity.person(tx, "ada").id
        powers.restrict(tx, row, None, Restriction.SUSPEND, None)  # a row that the log hides
        tx.record(commons_id, "system:test", "changed", "commons/tales")
    actions.checkpoint(ada.ground, HUB)
    page = ada.other().see("/commons/hub/log")
    assert "An entry that says “hidden” changed rows that not everybody may know of" in text(page)
    place = "/docs/format#card-what-the-log-says-of-rows"
    assert place in page.text
    assert 'id="card-what-the-log-says-of-rows"' in ada.other().see("/docs/format").text
    with ada.ground.read() as tx:
        entries = [orjson.loads(each) for _, each in log.entries(tx, HUB)]
    position, hidden = next(
        (at, each["hidden"]) for at, each in enumerate(entries) if "hidden" in each
    )
    entry = ada.other().see(f"/commons/hub/log/{position}")
    assert hidden in entry.text
    assert place in entry.text
