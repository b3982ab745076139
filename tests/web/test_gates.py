"""A gate, by forms alone."""

from tests.web.conftest import text


def gated(ada, gate="manual"):
    model = ada.model()
    ada.send(f"{model}/settings", act="change", visibility="public", gated=gate, discussions="on")
    return model


def test_asking_waiting_and_being_let_in(ada):
    model = gated(ada)
    bob = ada.other().join("bob")
    assert "Ask for access" in text(bob.see(model))
    bob.see(f"{model}/tree/main", status=403)
    bob.send(f"{model}/ask-access")
    assert "You have asked" in text(bob.see(f"{model}/ask-access"))
    assert "bob" in text(ada.see(f"{model}/settings/access"))
    ada.client.post(f"{model}/settings/access", data={"who": "bob", "status": "accepted"})
    bob.see(f"{model}/tree/main")
    assert "You have access" in text(bob.see(f"{model}/ask-access"))


def test_a_refusal_says_why_and_when_to_ask_again(ada, clock):
    model = gated(ada)
    bob = ada.other().join("bob")
    bob.send(f"{model}/ask-access")
    page = f"{model}/settings/access"
    refused = ada.client.post(page, data={"who": "bob", "status": "rejected", "reason": " "})
    assert (refused.status_code, "Say why" in refused.text) == (400, True)
    ada.client.post(page, data={"who": "bob", "status": "rejected", "reason": "Who are you?"})
    told = text(bob.see(f"{model}/ask-access"))
    assert "Who are you?" in told
    assert "ask again from" in told
    clock.advance(days=29)
    bob = bob.other()
    bob.send("/login", name="bob", password="a long enough password")
    bob.send(f"{model}/ask-access", status=403)
    clock.advance(days=1)
    bob.send(f"{model}/ask-access")


def test_an_automatic_gate_opens_at_once_and_can_be_given_up(ada):
    model = gated(ada, "auto")
    bob = ada.other().join("bob")
    bob.send(f"{model}/ask-access")
    bob.see(f"{model}/tree/main")
    bob.send(f"{model}/ask-access", withdraw="yes")
    bob.see(f"{model}/tree/main", status=403)


def test_who_only_reads_does_not_see_who_asked(ada):
    model = gated(ada)
    bob = ada.other().join("bob")
    bob.see(f"{model}/settings/access", status=403)
    answer = bob.client.post(f"{model}/settings/access", data={"who": "bob", "grant": "yes"})
    assert answer.status_code == 403


def test_the_page_says_where_a_request_stands_and_promises_no_charter_for_a_persons_own(ada):
    model = gated(ada)
    bob = ada.other().join("bob")
    bob.send(f"{model}/ask-access")
    waiting = text(bob.see(f"{model}/ask-access"))
    assert "ada, who alone says whom they let in" in waiting
    assert "charter" not in waiting
    assert "appeal" not in waiting
    banner = text(bob.see(model))
    assert "wait for an answer. See your request" in banner
    assert "charter" not in text(ada.see(f"{model}/settings/access"))
    refused = {"who": "bob", "status": "rejected", "reason": "Who are you?"}
    ada.client.post(f"{model}/settings/access", data=refused)
    assert "was refused: Who are you? See the refusal" in text(bob.see(model))
    assert "Appeal" not in text(bob.see(f"{model}/ask-access"))


CHOICES = """---
extra_gated_fields:
  Purpose:
    type: select
    options: [Research, {label: Something else, value: other}]
---
"""


def test_an_option_is_read_by_its_label_and_kept_by_its_value(ada):
    model = gated(ada)
    ada.send(f"{model}/new/main", path="README.md", text=CHOICES, way="commit", title="Asks")
    bob = ada.other().join("bob")
    assert '<option value="other">Something else</option>' in bob.see(f"{model}/ask-access").text
    bob.send(f"{model}/ask-access", status=400, **{"answer-Purpose": "Something else"})
    bob.send(f"{model}/ask-access", **{"answer-Purpose": "other"})
    assert "Purpose other" in text(ada.see(f"{model}/settings/access"))
