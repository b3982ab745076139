"""The page of the pot, and the same as JSON."""

from datetime import timedelta

import pytest

from iriai.commons import actions as founding
from iriai.commons.pot import powers, queries, usage
from iriai.commons.pot.rules import Source
from iriai.identity import queries as people
from iriai.identity.rules import Actor
from tests.support.commons import Town
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
    ada.send("/new", owner="potlab", name="tiny", licence="", visibility="public")
    alone = text(ada.see("/commons/potlab/pot"))
    assert "Who fills the repositories" in alone
    assert "They are filled" not in alone  # by one, who is alone
    declared(ada.ground, lab)
    page = ada.see("/commons/potlab/pot")
    assert "2 GB" in text(page)
    assert "The library &lt;b&gt;" in page.text
    assert "An administrator decides at once" in text(page)
    found = ada.client.get("/api/commons/potlab/pot").json()
    assert found["pools"][0]["givers"] == {"The library <b>": 2_000_000_000}
    assert found["limits"]["ada"]["bytes_stored"] > 0


@pytest.fixture
def town(ada, clock):
    """A university's commons with 1,000 GPU hours and 4 GB, whose members are ada, bob and cyd."""
    town = Town(ada.ground)
    with ada.ground.read() as tx:
        town.people["ada"] = Actor(id=people.account(tx, "ada").id, name="ada")
    town.found("university", "ada", "bob", "cyd")
    with ada.ground.write() as tx:
        for unit, amount in (("gpu_hours", 1_000), ("bytes_stored", 4_000_000_000)):
            given = {"unit": unit, "by": "The library", "amount": amount, "cited": {}}
            powers.declare(tx, "system:test", town.commons_id, "lab", **given)
    return town


def allot(town, name, amount, project, *, unit="gpu_hours", source=Source.QUEUE):
    with town.ground.write() as tx:
        powers.allot(
            tx, "system:test", town.commons_id, "lab", account_id=town.person(name).id,
            holder=name, unit=unit, amount=amount, project=project, source=source, cited={},
        )  # fmt: skip
    with town.ground.read() as tx:
        return next(
            each for each in queries.allotments(tx, town.commons_id) if project in str(each)
        )


def test_reported_use_is_shown_beside_what_each_may_use_and_how_evenly(ada, town):
    with town.ground.write() as tx:
        usage.report(tx, town.commons_id, {"gpu_hours": {"bob": 90, "cyd": 10}})
    said = text(ada.see("/commons/lab/pot"))
    assert "which members can object to until its date" in said
    assert "bob 90 of" in said
    assert "cyd 10 of" in said
    assert "1 other uses nothing of it." in said
    assert "Gini 0.60: 0 is everybody alike" in said
    found = ada.client.get("/api/commons/lab/pot").json()
    hours = next(each for each in found["uses"] if each["unit"] == "gpu_hours")
    assert hours["amounts"] == {"bob": 90, "cyd": 10}
    assert hours["gini"] == 0.6


def test_the_queue_says_who_is_next_and_what_each_waits_for(ada, town):
    allot(town, "ada", 100, "a corpus", source=Source.ROUND)
    for name, amount, project in (("ada", 60, "more"), ("bob", 5_000, "all"), ("cyd", 700, "some")):
        allot(town, name, amount, project)
    with town.ground.read() as tx:
        line = queries.pot(tx, town.commons_id).waiting
    assert [(each.allotment.holder, each.why) for each in line] == [
        ("bob", "never"),
        ("cyd", "never"),
        ("ada", "room"),
    ]
    allot(town, "ada", 40, "still more")
    page = ada.see("/commons/lab/pot")
    said = text(page)
    assert said.index("all So much is never free for one") < said.index(
        "more It is granted as soon"
    )
    assert "Another request comes before it." in said
    assert "has 10.0% so far" in said
    waiting = ada.client.get("/api/commons/lab/pot").json()["waiting"]
    assert [each["why"] for each in waiting] == ["never", "never", "room", "turn"]


def test_a_granted_request_that_waits_says_so_on_the_page_of_its_proposal(ada, town):
    with town.ground.write() as tx:
        floor = dict.fromkeys(("ada", "bob", "cyd"), 170)
        usage.report(tx, town.commons_id, {"gpu_hours": floor})
    asked = {"unit": "gpu_hours", "name": "bob", "amount": "5", "project": "a tagger"}
    made = town.propose("bob", "pool.allot.small", payload=asked)
    town.second("cyd", made.number)
    theirs = allot(town, "cyd", 400, "the whole queue")
    town.tick(hours=1)
    town.tick(days=5)
    page = ada.see(f"/commons/lab/proposals/{made.number}")
    said = text(page)
    assert "in the queue of the pot. It is granted as soon as 5 GPU hours are free" in said
    assert "nothing more happens" not in said
    assert 'href="/commons/lab/pot#queue"' in page.text
    for listed in ("/commons/lab", "/commons/lab/proposals"):
        assert f"#{made.number} in the queue" in text(ada.see(listed))
    with town.ground.write() as tx:
        powers.reclaim(
            tx, "system:test", town.commons_id, "lab", allotment_id=theirs.id, cited={}
        )  # fmt: skip
    town.tick(days=1)
    page = ada.see(f"/commons/lab/proposals/{made.number}")
    assert "nothing more happens" in text(page)
    assert "#queue" not in page.text


def test_what_is_noticed_or_recalled_says_when_it_ends_and_how_to_keep_it(ada, town, clock):
    lent = allot(town, "bob", 50, "a loan")
    cold = allot(town, "cyd", 1_000, "an archive", unit="bytes_stored")
    with town.ground.write() as tx:
        for one, source in ((lent, Source.FLOOR), (cold, Source.QUEUE)):
            cited = {"one": one, "cited": {}}
            powers.grant(tx, "system:test", town.commons_id, "lab", source=source, **cited)
        powers.recall(tx, "system:test", town.commons_id, "lab", one=lent, cited={})
        powers.notice(tx, "system:test", town.commons_id, "lab", one=cold, cited={})
        now = tx.now
    said = text(ada.see("/commons/lab/pot"))
    assert f"it ends on {(now + timedelta(hours=24)).day} " in said
    assert "unless cyd writes again before; nothing that is stored is deleted." in said
    assert "lent out of what others may use and do not" in said
