"""The page of a log: signed, provable, and to be taken home."""

from iriai.base.events import HUB
from iriai.commons.tlog import actions


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
