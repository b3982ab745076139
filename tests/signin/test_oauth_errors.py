"""What the OAuth door says to an app: of a person what it asked for, of a refusal a word."""

from tests.signin.test_apps import Signing
from tests.support.asgi import ask

from iriai.app import hub
from iriai.identity import actions as identity
from iriai.identity.rules import Reach


def test_a_refusal_has_a_word_for_machines_in_its_header(ground):
    answer = ask(hub(ground), "POST", "/oauth/token", body={"grant_type": "none"})
    assert answer.status == 400
    assert answer.headers["x-error-code"] == answer.json["error"]


def test_metadata_that_is_wrong_is_refused_with_one_too(ground):
    body = {"content": "---\nlicense: 7\n---\n", "repoType": "model"}
    answer = ask(hub(ground), "POST", "/api/validate-yaml", body=body)
    assert (answer.status, answer.headers["x-error-code"]) == (400, "Invalid")


def test_an_app_learns_of_somebody_what_its_scopes_say(ground):
    def told(raw):
        bearer = {"Authorization": f"Bearer {raw}"}
        return set(ask(hub(ground), "GET", "/oauth/userinfo", headers=bearer).json)

    assert told(Signing(ground, scope="openid").change().access) == {"sub"}
    signing = Signing(ground, name="bob", scope="openid profile")
    assert {"sub", "preferred_username", "orgs"} <= told(signing.change().access)
    with ground.write() as tx:
        own = identity.mint_token(tx, signing.ada, name="x", role=Reach.READ)
    assert "preferred_username" in told(own.raw)
