"""The page of the pot, and the same as JSON."""

from iriai.commons import actions as founding
from iriai.commons.pot import powers
from iriai.identity import queries as people
from iriai.identity.rules import Actor
from tests.web.conftest import text


def declared(ground, lab):
    with ground.write() as tx:
        powers.declare(
            tx,
            "system:test",
            lab.commons_id,
            "potlab",
            unit="bytes_stored",
            by="The library <b>",
            amount=2_000_000_000,
            cited={},
        )


def test_everybody_sees_what_there_is_who_gives_and_who_may_use_it(ada):
    with ada.ground.write() as tx:
        actor = Actor(id=people.account(tx, "ada").id, name="ada")
        lab = founding.found_organisation(tx, actor, name="potlab")
    assert "nobody is limited" in text(ada.see("/commons/potlab/pot"))
    declared(ada.ground, lab)
    page = ada.see("/commons/potlab/pot")
    assert "2 GB" in text(page)
    assert "The library &lt;b&gt;" in page.text
    assert "members can object" in text(page)
    found = ada.client.get("/api/commons/potlab/pot").json()
    assert found["pools"][0]["givers"] == {"The library <b>": 2_000_000_000}
    assert found["limits"]["ada"]["bytes_stored"] > 0
