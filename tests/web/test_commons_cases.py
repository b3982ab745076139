"""Cases by forms alone: reported, answered, decided, appealed, heard."""

import re
from urllib.parse import unquote

from sqlalchemy import select

from iriai.commons.enactment import cases as enacting
from iriai.repos import powers
from iriai.repos.tables import RepoRow
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
    assert "it drops by a rung on 4 July 2026, 09:00 UTC, and has faded on 31 December" in page
    bob.see(f"{case}/appeal")
    bob.send(f"{case}/appeal", step="appeal", words="Once only.", string="moon")
    clock.advance(days=14)
    enacting.due(ada.ground)
    panel = text(ada.see("/commons/tales/panels/1"))
    assert "How it was drawn" in panel
    assert "moon" in panel
    assert "moon" in text(cid.other().see("/commons/tales/panels/1"))
    nothing = text(bob.see(f"{case}/appeal"))
    assert "There is nothing here that you could appeal." in nothing
    assert "will look at it again" not in nothing
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
    answer = ada.send("/report", subject="", words="x", status=400)
    assert "Say what it is about" in text(answer)
    ada.send("/report", subject="nonsense", words="x", status=404)
    ada.see("/commons/tales/cases/99", status=404)
    ada.see("/commons/tales/panels/x", status=404)
    ada.see("/report")


def test_a_repository_and_each_comment_can_be_reported_from_its_page(ada):
    bob = village(ada)
    ada.model()
    page = ada.other().see("/ada/tiny").text
    assert "/report?subject=repo%2Fada%2Ftiny" in page
    ada.send("/ada/tiny/discussions/new", title="Hello", text="Spam.", what="discussion")
    thread = bob.see("/ada/tiny/discussions/1").text
    (link,) = re.findall(r"/report\?subject=(repo[^\"]*comment[^\"]*)", thread)
    assert "the comment by ada" in text(bob.see("/ada/tiny/discussions/1"))
    assert unquote(link) in bob.see(f"/report?subject={link}").text
    sent = bob.send("/report", subject=unquote(link), words="Spam.")
    assert sent.headers["location"].startswith("/commons/")


def test_a_label_is_on_the_page_and_what_is_delisted_is_found_by_its_address(ada):
    village(ada)
    ada.model()
    with ada.ground.write() as tx:
        found = tx.session.scalars(select(RepoRow).where(RepoRow.name == "tiny")).one()
        powers.label(
            tx, found.id, "A warning was put here. See http://hub.test/commons/hub/cases/1"
        )
        powers.delist(tx, found.id, is_delisted=True)
    stranger = ada.other()
    assert "A warning was put here." in text(stranger.see("/ada/tiny"))
    assert "ada/tiny" not in text(stranger.see("/models"))
    assert "ada/tiny" not in text(stranger.see("/ada"))
    assert ada.client.get("/api/models").json() == []
    info = ada.client.get("/api/models/ada/tiny").json()
    assert info["label"].startswith("A warning")
