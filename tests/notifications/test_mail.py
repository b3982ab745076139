"""Mail goes to those who confirmed their address, in digests, and stops at one click."""

import re
from dataclasses import replace

import pytest
from tests.support.mailserver import MailServer

from iriai.base import mail
from iriai.base.errors import Conflict, Denied, Excessive, Gone, HubError, Invalid, Unavailable
from iriai.base.mail import Mail, Undeliverable
from iriai.identity import actions as identity
from iriai.notifications import actions, jobs, queries, rules
from iriai.notifications.rules import Digest
from iriai.repos import actions as repos
from iriai.settings import Settings


@pytest.fixture
def office():
    made = MailServer()
    yield made
    made.stop()


@pytest.fixture
def mailing(village, office):
    settings = replace(village.ground.settings, smtp_url=office.url, mail_from="hub@example.org")
    village.ground = replace(village.ground, settings=settings)
    return village


def link_in(letter, purpose):
    return re.search(rf"/notifications/mail/{purpose}/(\S+)", letter.get_content())[1]


def confirmed(village, office, name="ada"):
    actions.ask_to_confirm(village.ground, village.actor(name))
    with village.ground.write() as tx:
        return actions.confirm(tx, link_in(office.letters.pop(), "confirm"))


def digests(village, office):
    village.read_log()
    jobs.mail_digests(village.ground, {})
    found, office.letters = office.letters, []
    return found


def test_an_address_is_confirmed_by_the_link_that_was_sent_to_it(mailing, office):
    actions.ask_to_confirm(mailing.ground, mailing.actor("ada"))
    (letter,) = office.letters
    assert (letter["To"], letter["From"]) == ("ada@example.org", "hub@example.org")
    token = link_in(letter, "confirm")
    for wrong in (token[:-1], token.replace(".", "x", 1), "2." + token, "", "1.0.x", token + "é"):
        with mailing.ground.write() as tx, pytest.raises(HubError):
            actions.confirm(tx, wrong)
    with mailing.ground.write() as tx:
        assert actions.confirm(tx, token) == "ada@example.org"
    with pytest.raises(Conflict):
        actions.ask_to_confirm(mailing.ground, mailing.actor("ada"))


def test_a_link_is_for_one_purpose_one_address_and_three_days(mailing, office, clock):
    ada = mailing.actor("ada")
    actions.ask_to_confirm(mailing.ground, ada)
    token = link_in(office.letters[0], "confirm")
    with mailing.ground.write() as tx, pytest.raises(Denied):
        actions.stop_mail(tx, token)
    with mailing.ground.write() as tx:
        identity.change_profile(tx, ada, account="ada", email="new@example.org")
    with mailing.ground.write() as tx, pytest.raises(Denied):
        actions.confirm(tx, token)
    with mailing.ground.write() as tx:
        identity.change_profile(tx, ada, account="ada", email="ada@example.org")
    clock.advance(days=rules.CONFIRM_DAYS, seconds=1)
    with mailing.ground.write() as tx, pytest.raises(Gone):
        actions.confirm(tx, token)


def test_few_letters_go_to_an_address_that_is_not_confirmed(mailing, office, clock):
    ada = mailing.actor("ada")
    for _ in range(rules.CONFIRM_MAILS_PER_DAY_MAX):
        actions.ask_to_confirm(mailing.ground, ada)
    with pytest.raises(Excessive):
        actions.ask_to_confirm(mailing.ground, ada)
    clock.advance(hours=24)
    actions.ask_to_confirm(mailing.ground, ada)
    assert len(office.letters) == rules.CONFIRM_MAILS_PER_DAY_MAX + 1


def test_what_is_unread_comes_once_in_a_digest_and_not_before_its_time(mailing, office, clock):
    confirmed(mailing, office)
    number = mailing.open("bob", title="Größe & more")
    mailing.say("bob", number)
    (letter,) = digests(mailing, office)
    assert letter["Subject"].startswith("bob began a discussion – ada/tiny #1: Größe & more")
    assert letter["Auto-Submitted"] == "auto-generated"
    text = letter.get_content()
    assert "/ada/tiny/discussions/1#event-" in text
    mailing.say("bob", number)
    assert digests(mailing, office) == []
    clock.advance(hours=24)
    (second,) = digests(mailing, office)
    assert second.get_content().count("bob commented") == 1
    assert second["Message-ID"] != letter["Message-ID"]


def test_nothing_that_was_read_or_became_private_is_mailed(mailing, office):
    confirmed(mailing, office, "cleo")
    number = mailing.open("bob")
    mailing.say("cleo", number)
    mailing.say("bob", number)
    (one,) = mailing.noted("cleo")
    with mailing.ground.write() as tx:
        actions.mark_read(tx, mailing.actor("cleo"), [one.notification.id])
    assert digests(mailing, office) == []
    mailing.say("bob", number)
    mailing.read_log()
    with mailing.ground.write() as tx:
        repos.change_settings(tx, mailing.actor("ada"), mailing.repo(), visibility="private")
    assert digests(mailing, office) == []


def test_nobody_gets_mail_who_did_not_confirm_or_does_not_want_it(mailing, office):
    mailing.open("bob")
    assert digests(mailing, office) == []
    confirmed(mailing, office)
    with mailing.ground.write() as tx:
        actions.choose_digest(tx, mailing.actor("ada"), Digest.OFF)
    assert digests(mailing, office) == []
    with mailing.ground.write() as tx:
        identity.change_profile(tx, mailing.actor("ada"), account="ada", email="x@example.org")
        actions.choose_digest(tx, mailing.actor("ada"), Digest.HOURLY)
    assert digests(mailing, office) == []


def test_every_digest_says_how_to_stop_and_one_click_does(mailing, office, clock):
    confirmed(mailing, office)
    mailing.open("bob")
    (letter,) = digests(mailing, office)
    where = letter["List-Unsubscribe"].strip("<>")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert where in letter.get_content()
    with mailing.ground.write() as tx:
        actions.stop_mail(tx, where.rpartition("/")[2])
        assert queries.mailbox(tx, mailing.actor("ada").id).digest is Digest.OFF
    clock.advance(hours=48)
    mailing.open("bob")
    assert digests(mailing, office) == []


def test_an_address_that_nobody_has_gets_no_more(mailing, office):
    confirmed(mailing, office)
    office.unknown.add("ada@example.org")
    mailing.open("bob")
    assert digests(mailing, office) == []
    with mailing.ground.read() as tx:
        assert not queries.mailbox(tx, mailing.actor("ada").id).is_confirmed


def test_mail_waits_for_a_server_that_is_away(mailing, office):
    confirmed(mailing, office)
    mailing.open("bob")
    mailing.read_log()
    there = mailing.ground
    away = replace(there.settings, smtp_url="smtp://127.0.0.1:1")
    mailing.ground = replace(there, settings=away)
    with pytest.raises(Unavailable):
        jobs.mail_digests(mailing.ground, {})
    mailing.ground = there
    assert len(digests(mailing, office)) == 1


def test_without_a_server_there_is_no_mail_and_that_is_said(village):
    with pytest.raises(Invalid, match="sends no mail"):
        actions.ask_to_confirm(village.ground, village.actor("ada"))
    jobs.mail_digests(village.ground, {})


def test_a_header_never_becomes_two(clock):
    settings = Settings(smtp_url="smtp://127.0.0.1", mail_from="hub@example.org")
    made = mail.composed(settings, Mail("a@example.org", "One\r\nBcc: x@y", "t", "k"), clock())
    assert made["Bcc"] is None
    with pytest.raises(Undeliverable):
        mail.send(settings, Mail("a@example.org\r\nBcc: x@y", "s", "t", "k"), clock())


def test_a_password_is_not_sent_in_the_clear(office, clock, monkeypatch):
    monkeypatch.setattr(mail, "LOCAL", ())
    url = office.url.replace("//", "//ada:secret@")
    with pytest.raises(Unavailable):
        mail.send(Settings(smtp_url=url), Mail("a@example.org", "s", "t", "k"), clock())
    assert office.letters == []
