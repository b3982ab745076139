"""Members and offices by the API: what the pages show, and the same verbs."""

import pytest
from tests.support.asgi import ask

from iriai.app import hub as app_of
from iriai.commons import enactment
from iriai.commons.charter.rules import Preset
from iriai.identity import actions as identity
from iriai.identity import queries as accounts
from iriai.identity.rules import OPERATOR, Reach

WHERE = "/api/commons/lab/members"
STEWARDS = "/api/commons/lab/seats/steward"


@pytest.fixture
def hub_app(ground):
    return app_of(ground)


@pytest.fixture
def tokens(ground):
    found = {}
    for name in ("ada", "bob"):
        identity.add_person(ground, OPERATOR, name=name)
        with ground.write() as tx:
            actor = accounts.actor_named(tx, name)
            for reach in (Reach.READ, Reach.WRITE):
                made = identity.mint_token(tx, actor, name=reach, role=reach)
                found[name, reach] = made.raw
    with ground.read() as tx:
        ada = accounts.actor_named(tx, "ada")
    enactment.found(ground, ada, name="lab", preset=Preset.UNIVERSITY)
    return found


def test_a_newcomer_applies_and_is_vouched_for(hub_app, tokens):
    made = ask(hub_app, "POST", f"{WHERE}/apply", token=tokens["bob", "write"], body={"text": "Hi"})
    assert made.status == 200
    assert made.json["me"]["state"] == "applicant"
    assert made.json["applicants"][0]["sponsorsNeeded"] == 1
    vouched = ask(
        hub_app, "POST", f"{WHERE}/sponsor", token=tokens["ada", "write"], body={"name": "bob"}
    )
    assert vouched.json["applicants"][0]["decision"] == "lab/1"
    assert ask(hub_app, "GET", WHERE).json["electors"] == 1


def test_a_token_that_only_reads_changes_nothing(hub_app, tokens):
    for verb in ("apply", "sponsor", "leave", "rest"):
        refused = ask(
            hub_app, "POST", f"{WHERE}/{verb}", token=tokens["ada", "read"], body={"name": "bob"}
        )
        assert refused.status == 403, verb
    assert ask(hub_app, "POST", f"{WHERE}/apply", body={}).status == 401
    assert ask(hub_app, "GET", WHERE, token=tokens["ada", "read"]).json["me"]["elector"]


def test_an_office_and_its_election(hub_app, tokens):
    token = tokens["ada", "write"]
    assert ask(hub_app, "POST", f"{STEWARDS}/call", token=token, body={}).status == 200
    again = ask(hub_app, "POST", f"{STEWARDS}/call", token=token, body={})
    assert again.status == 409
    ask(hub_app, "POST", f"{STEWARDS}/nominate", token=token, body={"name": "ada"})
    found = ask(hub_app, "GET", STEWARDS).json
    assert found["election"]["candidates"] == [
        {"name": "ada", "nominatedBy": "ada", "accepted": True}
    ]
    assert ask(hub_app, "POST", f"{STEWARDS}/dance", token=token, body={}).status == 400
    sign = ask(hub_app, "POST", f"{STEWARDS}/sign", token=token, body={"petition": "x"})
    assert sign.status == 400
