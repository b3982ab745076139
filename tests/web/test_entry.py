"""Coming in and going out."""

from dataclasses import replace
from datetime import datetime, timedelta

from starlette.testclient import TestClient

from iriai.api.limits import SIGN_IN, WRONG_ANYWHERE, WRONG_PASSWORDS
from iriai.base import credentials
from iriai.identity import actions as identity
from iriai.identity.rules import OPERATOR
from iriai.signin import devices
from tests.web.conftest import ADDRESS, PASSWORD, Visitor, text


def test_the_first_account_is_made_with_the_link_once(ground, first_link):
    visitor = Visitor(ground)
    assert "first account" in text(visitor.see(f"/welcome/{first_link}"))
    fields = {"name": "ada", "fullname": "", "email": "", "password": PASSWORD}
    visitor.send(f"/welcome/{first_link}", **fields)
    assert "ada" in text(visitor.see("/settings/profile"))
    visitor.other().see(f"/welcome/{first_link}", status=410)


def test_the_first_link_is_over_when_the_first_account_was_made_by_command(ground, first_link):
    identity.add_person(ground, OPERATOR, name="ada")
    page = Visitor(ground).see(f"/welcome/{first_link}", status=410)
    assert "The first account was made already" in text(page)


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
    assert turned.headers["location"] == "/login?next=/settings/tokens&first=yes"
    why = "That page is for people who are signed in."
    assert why in text(bob.see(turned.headers["location"]))
    assert why not in text(bob.see("/login?next=/settings/tokens"))
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


def test_wrong_passwords_are_counted_for_the_account_where_they_come_from_and_in_all(ada):
    app = ada.client.app

    def at(address):
        visitor = ada.other()
        visitor.client = TestClient(
            app, base_url=ADDRESS, follow_redirects=False, client=(address, 5)
        )
        visitor.client.headers.update({"Origin": ADDRESS, "Accept": "text/html"})
        return visitor

    guesser, elsewhere = at("10.0.0.8"), at("10.0.0.9")
    assert WRONG_PASSWORDS.anonymous < SIGN_IN.anonymous < WRONG_ANYWHERE.anonymous
    for _ in range(WRONG_PASSWORDS.anonymous):
        guesser.send("/login", status=403, name="ada", password="not this one")
    refused = guesser.send("/login", status=429, name="Ada", password=PASSWORD)
    assert 0 < int(refused.headers["Retry-After"]) <= WRONG_PASSWORDS.window_seconds + 1
    assert "try again in" in text(refused)
    guesser.send("/login", status=403, name="bob", password="not this one")
    ada.see("/settings/profile")
    elsewhere.send("/login", name="ada", password=PASSWORD)
    tried = f"name:{credentials.digest('ada').hex()}"
    for _ in range(WRONG_ANYWHERE.anonymous - WRONG_PASSWORDS.anonymous):
        app.limits.spend(WRONG_ANYWHERE, tried, signed_in=False)
    at("10.0.0.10").send("/login", status=429, name="ada", password=PASSWORD)
    elsewhere.send("/login", name="ADA", password=PASSWORD)
    elsewhere.client.cookies.delete("iriai_device")
    elsewhere.send("/login", status=429, name="ada", password=PASSWORD)
    app.limits = type(app.limits)()  # the quarter of an hour is over
    guesser.send("/login", name="ada", password=PASSWORD)


def test_a_browser_that_signed_in_before_has_so_many_tries_of_its_own(ada):
    ada.send("/logout")
    for _ in range(WRONG_PASSWORDS.anonymous):
        ada.send("/login", status=403, name="ada", password="not this one")
    ada.send("/login", status=429, name="ada", password=PASSWORD)
    ada.other().send("/login", status=403, name="ada", password="not this one")
    sent = ada.other().send("/login", name="ada", password=PASSWORD)
    (cookie,) = (each for each in sent.headers.get_list("set-cookie") if "iriai_device" in each)
    assert "; HttpOnly; Max-Age=31536000; Path=/login; SameSite=lax" in cookie


def test_a_browser_is_known_for_the_name_that_signed_in_there_and_for_a_year(clock):
    secret = b"s" * 32
    cookie = devices.sealed(secret, "Ada", clock())
    device = devices.known(secret, "ada", cookie, clock())
    assert len(device) == 2 * devices.ID_BYTES
    assert devices.known(secret, "bob", cookie, clock()) is None
    assert devices.known(b"t" * 32, "ada", cookie, clock()) is None
    for wrong in ("", ".", "..", cookie[1:], cookie.replace(".", "..", 1), "\ud800.1.\u00e9"):
        assert devices.known(secret, "ada", wrong, clock()) is None
    assert devices.known(secret, "ada", cookie, clock() + timedelta(days=364, hours=23)) == device
    assert devices.known(secret, "ada", cookie, clock() + timedelta(days=365)) is None


def test_whoever_runs_the_hub_can_be_written_to_where_they_said_how(ground):
    nobody = Visitor(ground)
    for path in ("/.well-known/security.txt", "/security.txt"):
        nobody.see(path, status=404)
    assert "mailto:" not in nobody.see("/login").text
    settings = replace(ground.settings, contact="holes@hub.example")
    told = Visitor(replace(ground, settings=settings))
    assert 'href="mailto:holes@hub.example"' in told.see("/login").text
    answers = [told.see(path) for path in ("/.well-known/security.txt", "/security.txt")]
    assert answers[0].text == answers[1].text
    assert answers[0].headers["content-type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answers[0].text.splitlines())
    assert fields["Contact"] == "mailto:holes@hub.example"
    left = datetime.fromisoformat(fields["Expires"]) - ground.clock()
    assert timedelta(days=100) < left < timedelta(days=365)
