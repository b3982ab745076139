"""Cases by forms alone: reported, answered, decided, appealed, heard."""

from iriai.commons.enactment import cases as enacting
from tests.web.conftest import text


def village(ada):
    """An organisation of ada's, and bob who is in it."""
    bob = ada.other().join("bob")
    ada.send("/organizations/new", name="tales", fullname="")
    return bob


def test_from_report_to_appeal(ada, clock):
    bob = village(ada)
    cid = ada.other().join("cid")
    sent = cid.send("/report", subject="account/bob", words="He is rude.", commons="tales")
    case = sent.headers["location"]
    assert case == "/commons/tales/cases/1"
    cid.other().see(case, status=404)
    assert "He is rude." in text(ada.see(case))
    ada.send(case, step="charge", facts="He was rude.", rule="Be kind", asked="Be kind.")
    assert "He was rude." in text(bob.see(case))
    assert "He was rude." not in text(cid.other().see(case))
    bob.send(case, step="answer", words="I was tired.")
    ada.send(case, step="decide", rung="expel", reasons="No.", status=403)
    ada.send(case, step="decide", rung="warning", reasons="Twice.")
    page = text(bob.see(case))
    assert "may appeal on this page until" in page
    bob.see(f"{case}/appeal")
    bob.send(f"{case}/appeal", step="appeal", words="Once only.", string="moon")
    clock.advance(days=14)
    enacting.due(ada.ground)
    panel = text(ada.see("/commons/tales/panels/1"))
    assert "How it was drawn" in panel
    assert "moon" in panel
    listed = text(cid.other().see("/commons/tales/cases"))
    assert "fewer than 3" in listed
    assert "bob" not in listed


def test_a_hold_is_placed_and_lifted_by_forms(ada):
    village(ada)
    cases = "/commons/tales/cases"
    ada.send(cases, subject="account/bob", ground="malware", reason="He spreads it.")
    page = text(ada.other().see(cases))
    assert "Hold 1: malware" in page
    assert "bob" not in page
    ada.send(cases, hold="1", step="lift")
    assert "Hold 1" not in text(ada.see(cases))


def test_what_makes_no_sense_is_said_on_the_page(ada):
    village(ada)
    answer = ada.send("/report", subject="nonsense", words="x", status=400)
    assert "Say what it is about" in text(answer)
    ada.see("/commons/tales/cases/99", status=404)
    ada.see("/commons/tales/panels/x", status=404)
    ada.see("/report")
