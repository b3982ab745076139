"""The page of a log: signed, provable, and to be taken home."""

from iriai.base.events import HUB
from iriai.commons import enactment
from iriai.commons.breakglass.rules import Act, Basis
from iriai.commons.tlog import actions
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
