"""Coming in and going out."""

from tests.web.conftest import PASSWORD, Visitor, text


def test_the_first_account_is_made_with_the_link_once(ground, first_link):
    visitor = Visitor(ground)
    assert "first account" in text(visitor.see(f"/welcome/{first_link}"))
    fields = {"name": "ada", "fullname": "", "email": "", "password": PASSWORD}
    visitor.send(f"/welcome/{first_link}", **fields)
    assert "ada" in text(visitor.see("/settings/profile"))
    visitor.other().see(f"/welcome/{first_link}", status=410)


def test_a_closed_hub_says_how_one_gets_in(ground):
    visitor = Visitor(ground)
    page = visitor.see("/join")
    assert "by invitation" in text(page)
    assert 'name="password"' not in page.text
    visitor.send("/join", status=403, name="eve", password=PASSWORD)


def test_an_invitation_makes_an_account(ground, first_link):
    ada = Visitor(ground)
    ada.send(f"/welcome/{first_link}", name="ada", password=PASSWORD)
    page = ada.send("/settings/account", status=200, act="invite")
    link = page.text.partition('id="invite-link">')[2].partition("<")[0]
    assert link.startswith(ground.settings.url + "/invite/")
    bob = ada.other()
    bob.send(link.removeprefix(ground.settings.url), name="bob", password=PASSWORD)
    bob.see("/settings/tokens")


def test_a_wrong_password_and_a_wrong_name_read_the_same(ada):
    def told(name: str) -> str:
        page = ada.other().send("/login", status=403, name=name, password="not this one")
        return text(page).replace(name, "")

    assert told("ada") == told("nobody-here")


def test_signing_in_goes_on_where_one_was_going_and_nowhere_else(ada):
    bob = ada.other()
    turned = bob.see("/settings/tokens", status=303)
    assert turned.headers["location"] == "/login?next=/settings/tokens"
    for where, there in (
        ("/settings/tokens", "/settings/tokens"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
    ):
        sent = ada.other().send("/login", name="ada", password=PASSWORD, next=where)
        assert sent.headers["location"] == there


def test_the_session_is_a_cookie_that_scripts_cannot_read(ada):
    sent = ada.other().send("/login", name="ada", password=PASSWORD, next="/")
    cookie = sent.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_each_sign_in_has_a_session_of_its_own(ada):
    before = ada.client.cookies["iriai_session"]
    ada.send("/login", name="ada", password=PASSWORD, next="/")
    after = ada.client.cookies["iriai_session"]
    assert before != after
    old = ada.other()
    old.client.cookies.set("iriai_session", before)
    old.see("/settings/tokens", status=303)


def test_signing_out_ends_the_session_for_good(ada):
    raw = ada.client.cookies["iriai_session"]
    ada.send("/logout")
    old = ada.other()
    old.client.cookies.set("iriai_session", raw)
    old.see("/settings/tokens", status=303)


def test_no_form_is_taken_from_another_site(ada):
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ):
        for path in ("/logout", "/settings/tokens", "/settings/account", "/new", "/login", "/join"):
            answer = ada.client.post(path, data={"act": "mint"}, headers=headers)
            assert answer.status_code == 403, (path, headers)
    ada.see("/settings/tokens")
