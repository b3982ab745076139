"""Cases and removals from beginning to end, and who hears of each step; on both databases."""

from dataclasses import replace

import pytest
from tests.commons.cases.village import Village
from tests.support.mailserver import MailServer

from iriai.base import cursors, events, jobs
from iriai.commons import jobs as _clock  # noqa: F401 - the clock of the commons, as the worker has it
from iriai.commons.cases import actions, panels, queries
from iriai.commons.enactment import cases as enacting
from iriai.commons.enactment import commit, removals
from iriai.commons.removal import actions as requests
from iriai.commons.removal import letters
from iriai.commons.removal import queries as removal_queries
from iriai.identity.rules import ANYONE
from iriai.notifications import noticing, wording
from iriai.notifications import queries as notifications
from iriai.repos import actions as repos
from iriai.repos import queries as repo_queries
from iriai.repos.operations import Add

SIX = ["ada", "eve", "una", "ivo", "kai", "lea"]


@pytest.fixture
def village(any_ground, clock):
    return Village(any_ground, clock, SIX, ["bob", "cid"])


def told(village, name):
    """What somebody hears that they have not read, in words and with where it leads."""
    events.seal(village.ground)
    cursors.read_on(village.ground, "notifications", noticing.take)
    with village.ground.read() as tx:
        found = notifications.notifications(tx, village.actor(name, tx))
        return [(wording.sentence(each), wording.path(each)) for each in found[::-1]]


def newest(village, name):
    return told(village, name)[-1]


def test_a_case_from_report_to_verdict_and_who_hears_of_it(village):
    village.clock.advance(days=90)
    number = village.report("cid", "account/bob")
    said, where = newest(village, "ada")
    assert said.startswith("Something was reported: case 1 of tales. Next a steward says")
    assert where == "/commons/tales/cases/1"
    assert told(village, "bob") == []
    village.act(actions.triage, "ada", number)
    assert newest(village, "cid")[0].startswith("Ada looks at what you reported: case 1 of tales")
    village.charge("ada", number)
    said, _ = newest(village, "bob")
    assert "whoever it is about may answer" in said
    assert "can answer here until 8 April 2026" in said
    village.act(actions.answer, "bob", number, words="I am sorry.")
    assert newest(village, "eve")[0].startswith("There is an answer in case 1 of tales")
    village.decide("ada", number, "warning")
    said, _ = newest(village, "bob")
    assert "may appeal on this page until 19 April 2026" in said
    assert newest(village, "cid")[0].startswith("Case 1 of tales was decided")
    village.act(enacting.appeal, "bob", number, words="It was not me.", string="")
    assert newest(village, "eve")[0].startswith("A panel was asked for")
    village.tick(days=14)
    found, seats = village.panel(number)
    names = [village.name(each.account_id) for each in seats]
    assert len(names) == 5
    said, where = newest(village, names[0])
    assert said.startswith("You were drawn by lot for panel 1 of tales: say there whether you sit")
    assert where == "/commons/tales/panels/1"
    for name in names[:3]:
        with village.ground.write() as tx:
            panels.respond(
                tx, village.actor(name, tx), queries.panel(tx, village.id, 1), accepts=True
            )
    assert newest(village, names[0])[0].startswith("You sit on panel 1 of tales. The panel answers")
    assert newest(village, names[3])[0].startswith(
        "You were drawn by lot for panel 1 of tales: say"
    )
    for name in names[:3]:
        village.say(name, number, "overturned")
    assert newest(village, names[0])[0] == (
        "Panel 1 of tales has answered; its word is the last, and its reasons are on its page."
    )
    drawn = [said for said, _ in told(village, names[3]) if said.startswith("You were")]
    assert drawn == ["You were drawn by lot for panel 1 of tales, which is over."]
    with village.ground.read() as tx:
        left = notifications.notifications(tx, village.actor(names[3], tx), unread=True)
    assert "drew" not in [each.notification.verb for each in left]
    sentences = [said for said, _ in told(village, "bob")]
    assert any(
        each.startswith("The decision in case 1 of tales does not stand. A panel has heard")
        for each in sentences
    )
    assert found.number == 1


def test_a_hold_is_known_to_whom_it_is_about_with_its_end(village):
    subject = village.model("bob")
    with village.ground.write() as tx:
        actor = village.actor("ada", tx)
        made = enacting.hold(tx, actor, subject=subject, ground="malware", reason="It runs code.")
    assert newest(village, "eve")[0].startswith("Ada asks a second steward to agree to hold 1")
    with village.ground.write() as tx:
        found = queries.hold(tx, village.id, made.number)
        enacting.second_hold(tx, village.actor("eve", tx), found)
    said, where = newest(village, "bob")
    assert "Hold 1 of tales was placed. It lapses by itself by 8 January 2026, 09:00 UTC" in said
    assert where == "/commons/tales/cases"


@pytest.fixture
def office():
    made = MailServer()
    yield made
    made.stop()


def test_who_asks_for_a_removal_gets_letters_with_the_link_to_follow_it(village, office):
    settings = replace(village.ground.settings, smtp_url=office.url)
    ground = village.ground = replace(village.ground, settings=settings)
    repos.create(ground, village.actor("ada"), kind="dataset", owner="tales", name="voices")
    with ground.read() as tx:
        repo = repo_queries.repo(tx, village.actor("ada", tx), "dataset", "tales/voices")
    files = [Add("bob.csv", b"bob,1\n")]
    commit(ground, village.actor("ada"), repo, operations=files, title="Add")

    def ask(contact="zoe@example.org"):
        with ground.write() as tx:
            asked = repo_queries.repo(tx, ANYONE, "dataset", "tales/voices")
            made, code = requests.ask(
                tx, ANYONE, asked, paths="bob.csv", words="Mine.", contact=contact
            )
            return made.number, code

    def posted():
        jobs.run_due(ground)
        found, office.letters = office.letters, []
        return [(each["To"], each.get_content()) for each in found]

    number, code = ask()
    ((to, text),) = posted()
    assert to == "zoe@example.org"
    assert f"/commons/tales/removals/{number}?code={code}" in text
    assert "What happens next: A steward looks at it by 8 January 2026" in text
    assert "Mine." not in text
    assert newest(village, "eve")[1] == f"/commons/tales/removals/{number}"
    with ground.write() as tx:
        found = removal_queries.row(tx, village.id, number)
        removals.acknowledge(tx, village.actor("eve", tx), found)
    assert "the files are not served from now on" in posted()[0][1]
    removals.decide(ground, village.actor("eve"), village.id, number, fulfil=True, reason="Yes.")
    ((_, text),) = posted()
    assert "gone from every revision" in text
    for _ in range(letters.rules.LETTERS_A_DAY):
        ask()
    assert len(posted()) == letters.rules.LETTERS_A_DAY - 1
    ask("by the door")
    assert posted() == []
