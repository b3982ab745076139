"""One's own settings, an organisation's, and the log that tells of them."""

import re

from iriai.base import events, merkle
from tests.web.conftest import PASSWORD, text


def test_a_token_is_shown_once_and_works(ada):
    made = ada.send(
        "/settings/tokens", status=200, act="mint", name="laptop", role="write", days="90"
    )
    raw = re.search(r'id="token">(hf_\w+)<', made.text)[1]
    assert made.headers["cache-control"] == "no-store"
    asked = ada.other().client.get("/api/whoami-v2", headers={"Authorization": f"Bearer {raw}"})
    assert asked.json()["name"] == "ada"
    page = ada.see("/settings/tokens")
    assert raw not in page.text
    number = re.search(r'name="token" value="(\d+)"', page.text)[1]
    ada.send("/settings/tokens", status=200, act="revoke", token=number)
    again = ada.other().client.get("/api/whoami-v2", headers={"Authorization": f"Bearer {raw}"})
    assert again.status_code == 401


def test_a_limited_token_is_limited_to_what_was_ticked_and_opens_no_settings(ada):
    ada.send("/new", owner="ada", name="one", visibility="private")
    ada.send("/new", owner="ada", name="two", visibility="private")
    ada.send("/settings/profile", status=200, email="ada@example.org", fullname="Ada")
    made = ada.send(
        "/settings/tokens",
        status=200,
        act="mint",
        name="one only",
        role="fineGrained",
        repositories="ada/one",
        act_of="repo.content.read",
        days="30",
    )
    head = {"Authorization": "Bearer " + re.search(r'id="token">(hf_\w+)<', made.text)[1]}
    asking = ada.other().client
    assert asking.get("/api/models/ada/one", headers=head).status_code == 200
    assert asking.get("/api/models/ada/two", headers=head).status_code == 404
    for page in ("profile", "notifications", "tokens", "account", "applications"):
        answer = asking.get(f"/settings/{page}", headers=head)
        assert answer.status_code == 403, page
        assert "ada@example.org" not in answer.text
    assert "ada@example.org" in ada.see("/settings/profile").text


def test_a_token_that_makes_no_sense_is_refused_in_the_form(ada):
    for fields in (
        {"name": "", "role": "read"},
        {"name": "x", "role": "all of it"},
        {"name": "x", "role": "fineGrained"},
        {"name": "x", "role": "fineGrained", "repositories": "ada/none", "act_of": "repo.write"},
    ):
        answer = ada.client.post("/settings/tokens", data={"act": "mint", **fields})
        assert answer.status_code in (400, 404)
        assert 'role="alert"' in answer.text
    assert "No token yet" in text(ada.see("/settings/tokens"))


def test_nobody_revokes_anothers_token(ada):
    made = ada.send("/settings/tokens", status=200, act="mint", name="laptop", role="read")
    number = re.search(r'name="token" value="(\d+)"', made.text)[1]
    bob = ada.other().join("bob")
    bob.send("/settings/tokens", status=404, act="revoke", token=number)
    assert "laptop" in text(ada.see("/settings/tokens"))


def test_a_changed_password_signs_one_out_everywhere(ada):
    elsewhere = ada.other()
    elsewhere.send("/login", name="ada", password=PASSWORD, next="/")
    ada.send("/settings/account", status=403, act="password", old="wrong", new="another long one")
    ada.send("/settings/account", act="password", old=PASSWORD, new="another long one")
    elsewhere.see("/settings/tokens", status=303)
    ada.other().send("/login", name="ada", password="another long one", next="/")


def test_an_account_is_deleted_with_its_password_once_it_owns_nothing(ada):
    ada.model()
    asked = {"act": "delete", "confirm": "ada", "password": PASSWORD}
    assert "still own" in text(ada.send("/settings/account", status=409, **asked))
    ada.send("/ada/tiny/settings", act="delete", confirm="ada/tiny")
    ada.send("/settings/account", status=403, **{**asked, "password": "wrong"})
    ada.send("/settings/account", status=400, **{**asked, "confirm": "bob"})
    ada.send("/settings/account", **asked)
    ada.other().see("/ada", status=410)


def test_a_profile_is_text_never_markup(ada):
    ada.send(
        "/settings/profile",
        status=200,
        fullname="<b>Ada</b>",
        bio="<script>alert(1)</script>",
        homepage="https://example.org/?<x>",
        email="",
    )
    page = ada.other().see("/ada").text
    assert "<b>Ada" not in page
    assert "<script>alert" not in page
    ada.send("/settings/profile", status=400, homepage="javascript:alert(1)", fullname="", bio="")


def test_an_administrator_sees_to_people_and_others_do_not(ada):
    ada.send("/organizations/new", name="lab", fullname="The Lab")
    bob = ada.other().join("bob")
    bob.see("/organizations/lab/settings", status=403)
    bob.send("/organizations/lab/settings", status=403, act="role", person="bob", role="admin")
    where = "/organizations/lab/settings"
    ada.send(where, status=200, act="role", person="bob", role="write")
    assert "bob write" in text(ada.see("/lab"))
    ada.send(where, status=409, act="role", person="ada", role="")
    ada.send(where, status=200, act="role", person="bob", role="")
    assert "bob" not in text(ada.see("/lab"))
    ada.send(where, status=404, act="role", person="nobody", role="read")


def test_the_proof_that_a_page_shows_holds(ada):
    ada.model()
    ada.send("/settings/tokens", status=200, act="mint", name="secret name", role="read")
    events.seal(ada.ground)
    with ada.ground.read() as tx:
        head = events.head(tx, events.HUB)
    for position in range(head.size):
        page = ada.other().see(f"/commons/hub/log/{position}")
        proven = page.text.partition('id="proof"')[2]
        digests = [bytes.fromhex(each) for each in re.findall(r'digest">(\w{64})<', proven)]
        leaf, *proof, root = digests
        assert root == head.root
        assert merkle.verify_inclusion(leaf, position, head.size, proof, root)
        assert "secret name" not in page.text
    ada.see(f"/commons/hub/log/{head.size}", status=404)
    ada.see("/commons/hub/log/x", status=404)
    ada.see("/commons/none/log", status=404)
