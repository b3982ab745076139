"""A null character is refused at every door alike: PostgreSQL takes none, and nobody means one."""

import base64

import pytest
from tests.api.conftest import Door

from iriai import app
from iriai.base.errors import Invalid, Unavailable

SIGN_IN = {"content-type": "application/x-www-form-urlencoded", "origin": "http://hub.test"}


@pytest.fixture
def doors(any_ground):
    return Door(any_ground, app.hub(any_ground))


def test_an_address_a_form_and_a_body_are_refused(doors):
    ada, token = doors.person("ada")
    doors.repo(ada, "tiny")
    for path in (
        "/%00",
        "/models?author=%00",
        "/api/models?author=a%00&search=b",
        "/api/collections?owner=%00",
        "/oauth/authorize?client_id=%00",
        "/commons/%00",
        "/ada/tiny/commit/%00",
        "/ada/tiny/resolve/main/a%00b",
        "/buckets/ada/tiny/tree?after=%00",
        "/api/buckets/ada?search=a%00",
        "/api/buckets/ada?cursor=%00",
    ):
        assert doors.ask("GET", path).status == 400, path
    for body in (b"name=a%00&password=b", b"name=ada&password=b&%00=c"):
        assert doors.ask("POST", "/login", body=body, headers=SIGN_IN).status == 400
    for body in ({"name": "a\0"}, {"name": "a", "tags": [{"deep\0": 1}]}):
        assert doors.ask("POST", "/api/repos/create", body=body, token=token).status == 400
    line = b'{"key": "header", "value": {"summary": "a\\u0000b"}}\n'
    kind = {"content-type": "application/x-ndjson"}
    where = "/api/models/ada/tiny/commit/main"
    answer = doors.ask("POST", where, body=line, token=token, headers=kind)
    assert (answer.status, "null" in answer.json["error"]) == (400, True)
    spelled = line.replace(b"u0000", b"\\u0000")  # a backslash, and what comes behind it
    answer = doors.ask("POST", where, body=spelled, token=token, headers=kind)
    assert answer.status == 200, answer.body
    form = {"content-type": "application/x-www-form-urlencoded"}
    info = "/api/models/ada/tiny/paths-info/main"
    assert doors.ask("POST", info, body=b"paths=a%00b", headers=form).status == 400


def test_one_that_comes_by_another_way_is_no_fault_of_the_hub(doors):
    secret = base64.b64encode(b"an\0app:secret").decode()
    headers = {
        "authorization": f"Basic {secret}",
        "content-type": "application/x-www-form-urlencoded",
    }
    body = b"grant_type=authorization_code&code=x"
    assert doors.ask("POST", "/oauth/token", body=body, headers=headers).status in (400, 401)


def test_what_cannot_be_printed_stands_in_no_header(doors):
    ada, token = doors.person("ada")
    doors.repo(ada, "tiny")
    unprintable = "".join(map(chr, (*range(1, 32), *range(127, 160))))
    body = {f"a{unprintable}b": []}
    answer = doors.ask("POST", "/api/models/ada/tiny/ask-access", body=body, token=token)
    told = answer.headers["x-error-message"]
    assert (answer.status, told.isprintable(), told[-1]) == (400, True, "b")


def test_a_question_that_makes_no_sense_is_not_the_databases_absence(doors):
    with pytest.raises(Exception, match="nowhere") as wrong, doors.ground.read() as tx:
        tx.connection.exec_driver_sql("select nothing from nowhere")
    assert not isinstance(wrong.value, Unavailable | Invalid)
