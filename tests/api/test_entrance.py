"""What every request passes: declared routes, ids, errors in the words of their door."""

import logging

import pytest
from starlette.responses import Response

import iriai.api
import iriai.web.pages
from iriai import app
from iriai.api import problems
from iriai.base.errors import (
    Conflict,
    Denied,
    Excessive,
    Gone,
    HubError,
    Invalid,
    Unavailable,
    Unknown,
)
from iriai.base.names import RESERVED, is_reserved
from iriai.base.routing import Access, route

ROUTES = [*app.routes_of(iriai.api), *app.routes_of(iriai.web.pages)]


def test_every_route_says_who_may_call_it():
    assert len(ROUTES) > 200
    assert all(isinstance(each.access, Access) for each in ROUTES)


def test_no_account_can_take_the_first_word_of_a_route():
    words = {each.path.split("/")[1] for each in ROUTES}
    words = {word for word in words if word and not word.startswith("{")}
    assert words <= RESERVED
    assert all(is_reserved(word) for word in words)


def test_a_route_with_an_unreserved_word_stops_the_start():
    stray = route("/stray/thing", lambda _: Response(), methods=["GET"], access=Access.ANYONE)
    with pytest.raises(RuntimeError, match="Reserve the word 'stray'"):
        app.require_reserved([stray])


def test_reading_and_changing_never_share_a_handler():
    by_handler = {}
    for each in ROUTES:
        name, module = each.endpoint.__name__, each.endpoint.__module__
        refuses = "unsupported" in module or name.startswith("no_")
        if not refuses and name != "userinfo":  # OpenID Connect reads it by POST too
            by_handler.setdefault(each.endpoint, set()).update(each.methods)
    for handler, methods in by_handler.items():
        assert methods <= {"GET", "HEAD"} or not methods & {"GET", "HEAD"}, handler


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("x"), 400),
        (Denied("x", code="Unauthenticated"), 401),
        (Denied("x"), 403),
        (Unknown("x"), 404),
        (Gone("x", code="RepoNotFound"), 404),
        (Invalid("x", code="MethodNotAllowed"), 405),
        (Conflict("x"), 409),
        (Gone("x"), 410),
        (Conflict("x", code="BranchMoved"), 412),
        (Excessive("x"), 413),
        (Invalid("x", code="RangeNotSatisfiable"), 416),
        (Invalid("x", code="PathRefused"), 422),
        (Excessive("x", code="TooManyRequests"), 429),
        (Unavailable("x", code="NotImplemented"), 501),
        (Unavailable("x"), 503),
    ],
)
def test_each_kind_of_error_has_its_status(error, status):
    answer = problems.answer(error)
    assert answer.status_code == status
    assert answer.headers["X-Error-Code"] == error.code
    assert answer.headers["X-Error-Message"] == "x"
    assert b'"error":"x"' in answer.body


def test_who_has_not_said_who_they_are_is_asked_for_it_where_that_may_help():
    missing, deleted = Unknown("x", code="RepoNotFound"), Gone("x", code="RepoNotFound")
    asked = problems.answer(missing, nobody=True)
    assert (asked.status_code, asked.headers["X-Error-Code"]) == (401, "RepoNotFound")
    assert asked.headers["WWW-Authenticate"].startswith("Bearer ")
    assert asked.headers["X-Error-Message"] == "x. Invalid username or password."
    assert problems.answer(missing).status_code == 404
    assert problems.answer(Denied("x", code="GatedRepo"), nobody=True).status_code == 401
    assert problems.answer(deleted, nobody=True).status_code == 404
    assert problems.answer(Unknown("x"), nobody=True).status_code == 404


def test_a_message_in_any_script_fits_into_a_header():
    answer = problems.answer(Unknown("no 日本\nnor ü\r\nX-Evil: 1"))
    assert answer.headers["X-Error-Message"] == "no ?? nor ü X-Evil: 1"


def test_only_what_is_down_is_worth_another_try():
    for kind in HubError.__subclasses__():
        status = problems.status(kind("x"))
        assert (status >= 500) == (kind is Unavailable)


def test_a_bug_is_logged_once_and_its_answer_tells_nothing(doors, caplog, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(app.door, "authenticate", broken)
    with caplog.at_level(logging.ERROR):
        answer = doors.ask("GET", "/api/models", headers={"X-Request-Id": "r1"})
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert answer.headers["x-request-id"] == "r1"
    assert [each.name for each in caplog.records] == ["iriai.door"]
    assert "r1" in caplog.text


def test_the_access_log_holds_no_secrets(doors, caplog):
    ada, token = doors.person("ada")
    doors.repo(ada, "tiny")
    with caplog.at_level(logging.INFO, logger="iriai.access"):
        doors.ask("GET", "/api/models/ada/tiny?signature=s3cret", token=token)
        doors.ask("GET", "/invite/s3cret")
        doors.ask("GET", "/ada/tiny/resolve/main/%0d%0aevil")
    assert "/api/models/ada/tiny 200" in caplog.text
    assert " ada " in caplog.text
    for secret in ("s3cret", token):
        assert secret not in caplog.text


def test_a_request_id_cannot_forge_headers_or_log_lines(doors):
    answer = doors.ask("GET", "/healthz", headers={"X-Request-Id": "a b\tc" + "x" * 500})
    assert answer.headers["x-request-id"] == ("abc" + "x" * 500)[:200]


def test_a_cookie_signs_nobody_in_on_the_api(doors):
    answer = doors.ask("GET", "/api/whoami-v2", headers={"Cookie": "iriai_session=x"})
    assert answer.status == 401


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer x", "Basic", "Basic !!!", "Basic YTpi", "Digest x", "hf_x", "Bearer hf_é"],
)
def test_bad_credentials_are_told_so_whatever_their_form(doors, authorization):
    answer = doors.ask("GET", "/api/models", headers={"Authorization": authorization})
    assert answer.status == 401
    assert answer.headers["x-error-message"] == "Invalid credentials in Authorization header"


def test_a_token_works_as_the_password_of_basic(doors):
    import base64

    _, token = doors.person("ada")
    basic = base64.b64encode(f"anything:{token}".encode()).decode()
    answer = doors.ask("GET", "/api/whoami-v2", headers={"Authorization": f"Basic {basic}"})
    assert answer.json["name"] == "ada"


@pytest.mark.parametrize(
    "path",
    [
        "/api/spaces/ada/x/runtime",
        "/api/jobs/ada",
        "/api/kernels/ada/x",
    ],
)
def test_what_the_hub_does_not_do_it_says_once(doors, path):
    answer = doors.ask("GET", path)
    assert answer.status == 501
    assert answer.headers["x-error-message"].startswith("This hub does not")


def test_pages_forgive_a_slash_and_pages_fail_as_pages(doors):
    led = doors.ask("GET", "/models/", headers={"Accept": "text/html"})
    assert (led.status, led.headers["location"]) == (308, "/models")
    page = doors.ask("GET", "/a/b/c/d/e/f", headers={"Accept": "text/html"})
    assert page.status == 404
    assert page.headers["content-type"].startswith("text/html")
    data = doors.ask("GET", "/a/b/c/d/e/f")
    assert data.headers["content-type"] == "application/json"
    assert doors.ask("GET", "//evil.example/").status == 404


def test_no_shared_cache_keeps_what_one_asker_was_told(doors):
    ada, token = doors.person("ada")
    doors.repo(ada, "tiny", visibility="private")
    for where in ("/api/models/ada/tiny", "/api/models/ada/tiny/tree/main", "/ada/tiny"):
        for who in ("", token):
            answer = doors.ask("GET", where, token=who)
            assert (
                "private" in answer.headers["cache-control"]
                or answer.headers["cache-control"] == "no-store"
            )


def test_a_request_id_names_no_file(doors):
    ada, token = doors.person("ada")
    doors.repo(ada, "tiny")
    body = b'{"key":"header","value":{"summary":"x"}}\n'
    body += b'{"key":"file","value":{"path":"a","content":"a"}}\n'
    answer = doors.ask(
        "POST",
        "/api/models/ada/tiny/commit/main",
        token=token,
        body=body,
        headers={"X-Request-Id": "../../../../tmp/x"},
    )
    assert answer.status == 200
    assert list(doors.ground.store.staging().iterdir()) == []
