"""What a refusal of the OAuth door carries, for clients that read `X-Error-Code` first."""

from tests.support.asgi import ask

from iriai.app import hub


def test_a_refusal_has_a_word_for_machines_in_its_header(ground):
    answer = ask(hub(ground), "POST", "/oauth/token", body={"grant_type": "none"})
    assert answer.status == 400
    assert answer.headers["x-error-code"] == answer.json["error"]


def test_metadata_that_is_wrong_is_refused_with_one_too(ground):
    body = {"content": "---\nlicense: 7\n---\n", "repoType": "model"}
    answer = ask(hub(ground), "POST", "/api/validate-yaml", body=body)
    assert (answer.status, answer.headers["x-error-code"]) == (400, "Invalid")
