"""A refusal of access: with a reason, appealed, and undone by a panel; or asked for anew."""

import pytest
from sqlalchemy import update

from iriai.base.errors import Conflict, Denied, Invalid
from iriai.base.events import HUB
from iriai.commons.cases import gating
from iriai.commons.cases import queries as cases
from iriai.commons.enactment import case_steps
from iriai.commons.enactment import cases as enacting
from iriai.gates import actions, queries
from iriai.gates.rules import Status
from iriai.repos import queries as repo_queries
from iriai.repos import rules as repo_rules
from iriai.repos.tables import RepoRow
from tests.commons.cases.village import Village

SIX = ["ada", "eve", "una", "ivo", "kai", "lea"]


@pytest.fixture
def village(ground, clock):
    made = Village(ground, clock, SIX, ["cid"])
    made.model("cid", "gated")
    from iriai.identity import actions as identity
    from iriai.identity.rules import OPERATOR

    made.ids["bob"] = identity.add_person(ground, OPERATOR, name="bob").id
    with ground.write() as tx:
        tx.connection.execute(update(RepoRow).values(gated="manual", held_by="commons"))
        tx.record(HUB, "system:test", "gated", "repos")
    clock.advance(days=90)
    return made


def repo_for(village, tx, name):
    return repo_queries.repo(tx, village.actor(name, tx), "model", "tales/gated")


def refuse(village, reason):
    with village.ground.write() as tx:
        repo = repo_for(village, tx, "ada")
        found = queries.request_of(tx, repo, "bob")
        actions.answer(
            tx, village.actor("ada", tx), repo, found, status=Status.REJECTED, reason=reason
        )


def ask(village):
    with village.ground.write() as tx:
        gating.ask(tx, village.actor("bob", tx), repo_for(village, tx, "bob"), given={})


def appeal(village, words="It was a slip."):
    with village.ground.write() as tx:
        repo = repo_for(village, tx, "bob")
        return case_steps.appeal_refusal(tx, village.actor("bob", tx), repo, words=words).number


def test_what_a_commons_holds_is_not_refused_without_a_reason(village):
    ask(village)
    with pytest.raises(Invalid) as refused:
        refuse(village, " ")
    assert refused.value.code == "ReasonRequired"
    refuse(village, "The affiliation says asdf.")


def test_a_panels_yes_opens_the_gate(village):
    ask(village)
    with pytest.raises(Conflict):
        appeal(village)
    refuse(village, "The affiliation says asdf.")
    number = appeal(village)
    with pytest.raises(Conflict, match="already"):
        appeal(village)
    village.tick(days=14)
    with village.ground.read() as tx:
        seats = cases.seats(tx, cases.panel(tx, village.id, number).id)
    names = [village.name(each.account_id) for each in seats]
    assert len(names) == 5
    assert "ada" not in names
    for name in names[:3]:
        with village.ground.write() as tx:
            found = cases.panel(tx, village.id, number)
            enacting.say(
                tx, village.actor(name, tx), found, verdict="overturned", reasons="A slip."
            )
    with village.ground.read() as tx:
        repo_rules.require_read(village.actor("bob", tx), repo_for(village, tx, "bob"))


def test_after_thirty_days_one_asks_anew(village):
    ask(village)
    refuse(village, "The affiliation says asdf.")
    village.clock.advance(days=29)
    with pytest.raises(Denied):
        ask(village)
    village.clock.advance(days=1)
    ask(village)


def test_the_charter_in_force_says_how_long_one_waits_and_when_an_answer_is_late(village):
    from iriai.commons.charter import presets, register

    text = presets.text("owners", "tales") + "gates: {answer_days: 2, reapply_days: 7}\n"
    with village.ground.write() as tx:
        register.enter(tx, village.id, text, decision="founding")
        tx.record(village.id, "system:test", "founded", "charter/tales")
    ask(village)

    def late():
        with village.ground.read() as tx:
            return gating.overdue(tx, repo_for(village, tx, "ada"))

    village.clock.advance(days=2)
    assert late() == 0
    village.clock.advance(seconds=1)
    assert late() == 1
    refuse(village, "The affiliation says asdf.")
    assert late() == 0
    village.clock.advance(days=6)
    with pytest.raises(Denied, match="You may ask again from"):
        ask(village)
    village.clock.advance(days=1)
    ask(village)


def test_a_refusal_is_not_undone_by_taking_the_request_back(village):
    ask(village)
    refuse(village, "The affiliation says asdf.")
    with village.ground.write() as tx, pytest.raises(Conflict):
        actions.withdraw(tx, village.actor("bob", tx), repo_for(village, tx, "bob"))
