"""The pages of what concerns one, and the links in mail."""

import re
from dataclasses import replace

import pytest

from iriai.base import cursors, events
from iriai.base.opening import open_ground
from iriai.identity import queries as people
from iriai.notifications import actions, noticing
from iriai.settings import Settings
from tests.support.mailserver import MailServer
from tests.web.conftest import Visitor, text


def read_log(ground):
    events.seal(ground)
    cursors.read_on(ground, "notifications", noticing.take)


@pytest.fixture
def talk(ada):
    """Ada's model, in which bob has asked something."""
    ada.model()
    bob = ada.other().join("bob")
    where = "/ada/tiny/discussions/new"
    bob.send(where, title="A <b>question</b>", text="Why, @ada?", kind="discussion")
    read_log(ada.ground)
    return ada, bob


def test_what_concerns_one_is_listed_opened_and_read(talk):
    ada, bob = talk
    page = ada.see("/notifications")
    assert "bob began a discussion" in text(page)
    assert "<b>question" not in page.text
    assert "names you" in text(page)
    assert 'aria-label="Notifications, 1 unread"' in ada.see("/").text
    number = re.search(r"/notifications/(\d+)", page.text)[1]
    bob.see(f"/notifications/{number}", 404)
    there = ada.see(f"/notifications/{number}", 303).headers["location"]
    assert there.startswith("/ada/tiny/discussions/1#event-")
    assert "Nothing unread" in text(ada.see("/notifications"))
    assert "bob began" in text(ada.see("/notifications?show=all"))
    ada.send("/notifications", act="unread", id=number)
    assert "bob began" in text(ada.see("/notifications"))
    ada.send("/notifications", act="all", id=number)
    assert "Nothing unread" in text(ada.see("/notifications"))


def test_a_thread_is_muted_by_a_form_and_heard_again(talk):
    ada, bob = talk
    about = "/notifications/about?repo=ada/tiny&number=1"
    assert about.replace("&", "&amp;") in ada.see("/ada/tiny/discussions/1").text
    assert "This thread" in text(ada.see(about))
    ada.send("/notifications/about", repo="ada/tiny", number="1", level="mute")
    assert "muted" in text(ada.see("/settings/notifications"))
    bob.send("/ada/tiny/discussions/1", act="say", text="Anybody?")
    read_log(ada.ground)
    assert "commented" not in text(ada.see("/notifications"))
    ada.send("/notifications/about", repo="ada/tiny", number="1", level="")
    assert "muted" not in text(ada.see("/settings/notifications"))


def test_a_repository_is_watched_by_its_name(talk):
    ada, bob = talk
    bob.send("/settings/notifications", 200, act="watch", repo="ada/tiny", level="watch")
    assert "watched since" in text(bob.see("/settings/notifications"))
    bob.send("/settings/notifications", 404, act="watch", repo="ada/none", level="watch")
    bob.send("/settings/notifications", 400, act="watch", repo="ada/tiny", level="love")
    ada.send("/new", owner="ada", name="hidden", visibility="private")
    bob.see("/notifications/about?repo=ada/hidden", 404)


def test_the_twin_says_the_same(talk):
    ada, _bob = talk
    made = ada.send("/settings/tokens", 200, act="mint", name="x", role="write", days="90")
    head = {"Authorization": "Bearer " + re.search(r'id="token">(hf_\w+)<', made.text)[1]}
    found = ada.other().client.get("/api/notifications", headers=head).json()
    (one,) = found["notifications"]
    assert (found["unread"], one["reason"], one["actor"]) == (1, "mentioned", "bob")
    answer = ada.other().client.post(
        "/api/notifications/read", headers=head, json={"ids": [one["id"]]}
    )
    assert answer.json() == {"read": 1}
    left = ada.other().client.get("/api/notifications?unread=true", headers=head).json()
    assert left == {"notifications": [], "unread": 0}


def test_nobody_in_particular_has_none(visitor):
    visitor.see("/notifications", 303)
    assert visitor.client.get("/api/notifications").status_code == 401


@pytest.fixture
def office():
    made = MailServer()
    yield made
    made.stop()


@pytest.fixture
def mailing(tmp_path, clock, office):
    """Ada, on a hub that sends mail."""
    settings = Settings(data=tmp_path / "data", sign_up="open", smtp_url=office.url)
    ground = open_ground(replace(settings, base_url="http://testserver"), now=clock)
    ada = Visitor(ground)
    ada.send(
        "/join", name="ada", fullname="", email="ada@example.org", password="a long enough password"
    )
    yield ada
    ground.engine.dispose()


def link_in(letter):
    return re.search(r"http://testserver(/\S+/mail/\S+)", letter.get_content())[1]


def test_an_address_is_confirmed_by_a_button_not_by_opening_the_link(mailing, office):
    assert "Send me a letter" in text(mailing.see("/settings/notifications"))
    mailing.send("/settings/notifications", 200, act="confirm")
    where = link_in(office.letters[0])
    anybody = mailing.other()
    assert "ada@example.org" in text(anybody.see(where))
    assert "Send me a letter" in text(mailing.see("/settings/notifications"))
    anybody.send(where, 200)
    assert "Once a day at most" in text(mailing.see("/settings/notifications"))
    mailing.send("/settings/notifications", 200, act="digest", digest="hourly")
    anybody.see(where[:-1] + ("A" if where[-1] != "A" else "B"), 403)


def test_one_click_in_a_mail_program_stops_mail(mailing, office):
    mailing.send("/settings/notifications", 200, act="confirm")
    mailing.other().send(link_in(office.letters[0]), 200)
    with mailing.ground.read() as tx:
        ada = people.person(tx, "ada").id
        found = actions.queries.mailbox(tx, ada)
    token = actions.rules.sealed(mailing.ground.secret, "stop", ada, found.address, 0)
    where = f"/notifications/mail/stop/{token}"
    elsewhere = mailing.other().client
    elsewhere.headers.pop("origin", None)
    assert "ada@example.org" in elsewhere.get(where).text
    answer = elsewhere.post(where, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    page = mailing.see("/settings/notifications").text
    assert re.search(r'value="off" checked', page)
