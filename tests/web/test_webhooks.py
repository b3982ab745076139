"""The pages of webhooks: by their owner alone, and nothing on them is markup."""

import re
from dataclasses import replace

import pytest

from iriai.base import cursors, events
from iriai.webhooks import telling
from iriai.webhooks.sending import send_due
from tests.support.receiver import Receiver
from tests.web.conftest import text

FIELDS = {"watched": "ada", "domain": ["repo", "discussion"], "secret": ""}


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


def tell(ground):
    settings = replace(ground.settings, outbound_allow="127.0.0.0/8")
    ground = replace(ground, settings=settings)
    events.seal(ground)
    cursors.read_on(ground, "webhooks", telling.take)
    send_due(ground)


def made(ada, receiver=None, **fields):
    url = "https://example.org/hook"
    where = ada.send("/settings/webhooks", url=url, **FIELDS | fields).headers["location"]
    if receiver is not None:
        from sqlalchemy import update

        from iriai.webhooks.tables import WebhookRow

        with ada.ground.write() as tx:  # as if the operator had allowed it when it was made
            tx.connection.execute(update(WebhookRow).values(url=receiver.url))
    return where


def test_a_webhook_is_made_changed_disabled_and_deleted_by_forms_alone(ada):
    where = made(ada, watched="ada ada/tiny\ndatasets/ada/x", secret="hush")
    page = ada.see(where)
    assert "ada/tiny\ndatasets/ada/x</textarea>" in page.text
    assert 'value="hush"' in page.text
    ada.send(where, 200, act="change", url="https://example.org/2", **FIELDS)
    assert "https://example.org/2" in ada.see("/settings/webhooks").text
    assert "told nothing" in text(ada.send(where, 200, act="disable"))
    assert "told nothing" not in text(ada.send(where, 200, act="enable"))
    ada.send(where, act="delete")
    ada.see(where, 404)
    assert "No webhook yet" in text(ada.see("/settings/webhooks"))


def test_what_makes_no_sense_is_said_in_the_form_and_nothing_is_lost(ada):
    page = ada.send("/settings/webhooks", 400, url="http://127.0.0.1/", **FIELDS)
    assert "not on the public internet" in text(page)
    assert 'value="http://127.0.0.1/"' in page.text
    where = made(ada)
    moved = ada.send(where, 400, act="change", url="http://localhost:8700/", **FIELDS)
    assert "not on the public internet" in text(moved)
    assert "at least one" in text(
        ada.send("/settings/webhooks", 400, url="https://example.org", **FIELDS | {"watched": ""})
    )


def test_a_delivery_is_shown_and_sent_again(ada, receiver):
    where = made(ada, receiver)
    receiver.answer = lambda _heard: 410
    ada.model()
    tell(ada.ground)
    page = ada.see(where)
    assert "given up" in text(page)
    assert "not today" in text(page)
    assert "ada/tiny" in text(page)
    key = re.search(r"msg_[0-9a-f]{32}", page.text)[0]
    ada.send(where, 200, act="enable")
    receiver.answer = None
    assert "on its way" in text(ada.send(where, 200, act="resend", delivery=key))
    tell(ada.ground)
    assert receiver.received[0].id == key
    assert "noted" in text(ada.see(where))


def test_nobody_elses_webhook_has_a_page(ada):
    where = made(ada)
    bob = ada.other().join("bob")
    bob.see(where, 404)
    bob.send(where, 404, act="delete")
    assert ada.other().see("/settings/webhooks", 303).headers["location"].startswith("/login")


def test_an_organisations_administrators_see_to_its_webhooks(ada):
    ada.send("/organizations/new", name="lab", fullname="The lab")
    base = "/organizations/lab/settings/webhooks"
    assert base in ada.see("/organizations/lab/settings").text
    assert ">lab</textarea>" in ada.see(base).text
    where = ada.send(base, url="https://example.org/lab", **FIELDS | {"watched": "lab"})
    ada.see(where.headers["location"])
    bob = ada.other().join("bob")
    bob.see(base, 403)
    bob.see(where.headers["location"], 403)


def test_what_a_receiver_answers_is_text_never_markup(ada, receiver):
    where = made(ada, receiver, secret='"><script>alert(1)</script>')
    receiver.hear = lambda *_all: 400
    ada.model()
    tell(ada.ground)
    assert "<script>alert" not in ada.see(where).text
