"""The pages of proposals: each says what happens next; a ballot is one small form."""

import re
from html import unescape

import pytest

from iriai.commons.charter import presets, rights, words
from iriai.commons.charter.rules import PANEL, Action
from iriai.commons.proposals import forms, telling
from iriai.commons.proposals.actions import Choice, Motion, call
from tests.commons.proposals.test_institutions import institution
from tests.support.commons import Town
from tests.web.conftest import text

BALLOT_BYTES_MAX = 50_000


@pytest.fixture
def lab(ada, clock):
    """A university's commons, whose first member is ada; bob and cyd belong to it too."""
    town = Town(ada.ground)
    town.people["ada"] = _actor(ada, "ada")
    town.found("university", "ada", "bob", "cyd")
    ada.town = town
    return ada


def _actor(visitor, name):
    from iriai.identity import queries as identity
    from iriai.identity.rules import Actor

    with visitor.ground.read() as tx:
        return Actor(id=identity.account(tx, name).id, name=name)


def test_a_statement_is_proposed_seconded_and_objected_to_on_pages(lab):
    assert "No proposal runs now" in text(lab.see("/commons/lab/proposals"))
    assert "Say something together" in text(lab.see("/commons/lab/proposals/new"))
    form = lab.see("/commons/lab/proposals/new?action=statement")
    assert 'name="p_text"' in form.text
    made = proposed(lab, "statement", p_text="We like tea.", text="Because.")
    assert made.headers["location"] == "/commons/lab/proposals/1"
    said = text(lab.see("/commons/lab/proposals/1"))
    assert "passes on 9 January 2026, 09:00 UTC" in said
    assert "no member objects with a reason by then" in said
    refused = lab.send("/commons/lab/proposals/1", status=400, act="object", reason="no")
    assert "needs its reason" in text(refused)
    lab.send("/commons/lab/proposals/1", act="object", reason="It would stain the books.")
    said = text(lab.see("/commons/lab/proposals/1"))
    assert "It would stain the books." in said
    assert "being discussed" in said
    assert "being discussed" in text(lab.see("/commons/lab/proposals"))
    first_page = lab.see("/")
    assert "Being decided now" in text(first_page)
    assert 'href="/commons/lab/proposals/1"' in first_page.text


def test_where_nobody_else_could_second_no_rule_asks_for_it(ada):
    town = Town(ada.ground)
    town.people["ada"] = _actor(ada, "ada")
    town.found("university", "ada")
    page = text(ada.see(f"/commons/lab/proposals/{town.propose('ada').number}"))
    assert "it is done after 96 hours if nobody objects with a reason" in page


def test_a_ballot_is_small_needs_no_script_and_gives_a_receipt(lab):
    town = lab.town
    with town.ground.write() as tx:
        call(
            tx,
            town.commons_id,
            Motion(
                action=Action.SEAT_FILL,
                payload={"role": "steward"},
                words="Fill a seat",
                title="Who shall be steward?",
                choices=[Choice(words=f"candidate {each}", key=str(each)) for each in range(20)],
                seats=1,
            ),
        )
    page = lab.see("/commons/lab/proposals/1/ballot")
    assert len(page.content) < BALLOT_BYTES_MAX
    assert "Whoever runs this hub could still see" in text(page)
    marks = {f"o{place}": "" for place in range(21)} | {"o3": "1"}
    voted = lab.send("/commons/lab/proposals/1/ballot", status=200, **marks)
    code = re.search(r"<code>([0-9a-z]{5}(?:-[0-9a-z]{5}){3})</code>", voted.text).group(1)
    assert '<ol><li value="1">candidate 3</li></ol>' in voted.text
    assert "Not ranked, and so last: candidate 0 candidate 1 candidate 2 candidate 4" in text(voted)
    again = lab.send("/commons/lab/proposals/1/ballot", status=409, **marks)
    assert "give the code" in text(again)
    lab.send("/commons/lab/proposals/1/ballot", status=200, code=code, **marks)
    town.vote("bob", 1, *[None] * 3, 1, *[None] * 17)
    town.vote("cyd", 1, *[None] * 3, 1, *[None] * 17)
    town.tick(days=10)
    page = lab.see("/commons/lab/proposals/1/count")
    assert "Chosen: candidate 3" in text(page)
    assert "iriai commons vote count lab-1.json" in text(page)
    receipt = re.findall(r"<code>([0-9a-f]{24})</code>", voted.text)[0]
    assert receipt in page.text
    sheet = lab.see("/api/commons/lab/proposals/1/ballots").json()
    assert {each["receipt"] for each in sheet["ballots"]} >= {receipt}
    assert lab.see("/api/commons/lab/proposals/1/count").json()["winner"] == "candidate 3"


def test_an_open_ballot_is_shown_to_its_voter_at_once_and_to_others_after_the_close(lab):
    town = lab.town
    town.propose("bob")
    town.second("ada", 1)
    town.object("cyd", 1)
    town.tick(days=7)
    here = "/commons/lab/proposals/1"
    asked = text(lab.see(f"{here}/ballot"))
    assert "after the close everybody can read how you voted" in asked
    voted = lab.send(f"{here}/ballot", status=200, o0="2", o1="1")
    first, second = "Keep things as they are", "Say: We like tea."
    assert f'<ol><li value="1">{first}</li><li value="2">{second}</li></ol>' in voted.text
    assert "Not ranked" not in voted.text
    lab.other().see(f"/api{here}/ballots", status=404)
    town.tick(days=14)
    assert lab.other().see(f"/api{here}/ballots").json()["ballots"][0]["marks"] == [2, 1]


def test_whoever_is_no_member_reads_everything_and_is_told_how_one_becomes_one(lab):
    lab.town.propose("bob")
    other = lab.other()
    for page in ("proposals", "proposals/1"):
        other.see(f"/commons/lab/{page}")
    other.see("/commons/lab/proposals/99", status=404)
    other.see("/api/commons/lab/proposals")
    assert other.see("/api/commons/lab/proposals/1").json()["state"] == "open"
    dora = lab.other().join("dora")
    for visitor in (other, dora):
        for page in ("", "/proposals", "/pot"):
            seen = visitor.see(f"/commons/lab{page}")
            assert "Only members propose here. How to become a member" in text(seen)
            assert 'href="/commons/lab/members#you"' in seen.text
            assert "/commons/lab/proposals/new" not in seen.text
    for page in ("", "?action=statement"):
        seen = dora.see(f"/commons/lab/proposals/new{page}")
        assert "Only members propose here." in text(seen)
        assert 'name="p_' not in seen.text
        assert "?action=" not in seen.text.partition("<main")[2].partition("<footer")[0]
    dora.send("/commons/lab/members", do="apply", text="I like tea.")
    assert "You have applied; once you are a member" in text(dora.see("/commons/lab"))
    assert "Propose something" in text(lab.see("/commons/lab"))
    assert "Only whoever decides here proposes." in text(dora.see("/commons/hub"))
    lab.send("/organizations/new", name="guild")
    assert "who have a role, which the owners give" in text(dora.see("/commons/guild"))
    assert "Propose something" in text(lab.see("/commons/guild"))


def proposed(lab, action, **answers):
    """Send the form of an action: its words are shown first, and sent only as they were shown."""
    where = "/commons/lab/proposals/new"
    looked = lab.send(where, status=200, action=action, **answers)
    shown = unescape(re.search(r'name="shown" value="([^"]*)"', looked.text).group(1))
    assert " ".join(shown.split()) in text(looked)
    return lab.send(where, action=action, shown=shown, **answers)


def test_every_action_has_its_form(lab):
    for action in Action:
        page = lab.see(f"/commons/lab/proposals/new?action={action}&repo=lab/tiny")
        assert "name: value" not in page.text
        said = unescape(text(page))
        if action is Action.SEAT_FILL:
            assert "/commons/lab/seats/steward" in page.text
        else:
            nothing = any(each in said for each in forms.NOTHING_THERE.values())
            assert 'name="p_' in page.text or nothing, action


def test_a_repository_is_chosen_from_those_there_are(lab, monkeypatch):
    gate = "/commons/lab/proposals/new?action=resource.gate"
    assert "This commons has no repository yet." in text(lab.see(gate))
    for name in ("speech", "words"):
        made = lab.send("/new-dataset", owner="lab", name=name, licence="", visibility="public")
        assert made.headers["location"] == f"/datasets/lab/{name}"
    lab.send("/buckets/new", owner="lab", name="tapes", visibility="public")
    chosen = re.search(r'<select id="p_repo".*?</select>', lab.see(gate).text, re.DOTALL)[0]
    assert re.findall(r'value="([^"]*)"', chosen) == [
        "",
        "datasets/lab/speech",
        "datasets/lab/words",
    ]
    assert "selected" not in chosen
    granted = lab.see("/commons/lab/proposals/new?action=seat.grant").text
    assert '<select id="p_role" name="p_role" required>' in granted
    assert '<select id="p_repository" name="p_repository" aria' in granted
    given = lab.see(f"{gate}&repo=datasets/lab/words").text
    assert 'value="datasets/lab/words" selected' in given
    delete = lab.see("/commons/lab/proposals/new?action=resource.delete").text
    assert 'value="buckets/lab/tapes"' in delete
    monkeypatch.setattr(forms, "PICKED_MAX", 1)
    typed = lab.see(gate).text
    assert '<input id="p_repo"' in typed
    assert '<datalist id="p_repo-there"><option value="datasets/lab/speech">' in typed


def test_the_list_says_of_each_how_it_is_decided(lab):
    listed = text(lab.see("/commons/lab/proposals/new"))
    assert "at least 3 of the 3 who have a vote must be for it" in listed
    charter = presets.charter("university", "lab")
    for action in Action:
        if charter.actions[action] == PANEL or not words.is_proposed(charter, action):
            assert telling.ACTIONS[action] not in listed
        else:
            assert telling.ACTIONS[action] in listed
            assert rights.in_brief(charter, action) in unescape(listed)


def test_what_is_sent_is_what_was_shown(lab):
    where = "/commons/lab/proposals/new"
    asked = {"action": "resource.create", "p_kind": "dataset", "p_visibility": "public"}
    looked = lab.send(where, status=200, p_name="tea", **asked)
    assert "Make the public dataset tea." in text(looked)
    changed = lab.send(
        where, status=200, p_name="milk", shown="Make the public dataset tea.", **asked
    )
    assert "Make the public dataset milk." in text(changed)
    assert "No proposal runs now" in text(lab.see("/commons/lab/proposals"))


def test_a_round_of_the_pot_is_proposed_in_rows_and_bytes_as_people_say_them(lab):
    proposed(lab, "pool.declare", p_unit="bytes_stored", p_by="the faculty", p_amount="5 TB")
    assert "5 TB" in text(lab.see("/commons/lab/proposals/1"))
    lab.town.second("bob", 1)
    lab.town.tick(days=15)
    if lab.town.see(1).is_running:
        for name in ("ada", "bob", "cyd"):
            lab.town.vote(name, 1, 1, 2)
        lab.town.tick(days=15)
    made = proposed(
        lab,
        "pool.allot.round",
        p_unit="bytes_stored",
        p_projects_0_name="ada",
        p_projects_0_amount="200 GB",
        p_projects_0_project="speech",
        p_projects_3_name="bob",
        p_projects_3_amount="1.5 GB",
        p_projects_3_project="maps",
    )
    said = text(lab.see(made.headers["location"]))
    assert "speech (ada): 200 GB" in said
    assert "maps (bob): 1.5 GB" in said


def test_another_option_is_added_in_the_same_form(lab):
    lab.town.propose("bob", "statement")
    lab.town.object("cyd", 1)
    page = lab.see("/commons/lab/proposals/1")
    assert "We like tea." in re.search(r'<textarea id="p_text".*?</textarea>', page.text)[0]
    lab.send("/commons/lab/proposals/1", act="rival", action="statement", p_text="We like milk.")
    assert "Say: We like milk." in text(lab.see("/commons/lab/proposals/1"))


def test_a_discussion_lists_what_was_proposed_from_it(lab):
    from iriai.commons import enactment
    from iriai.discussions import actions as discussions

    town = lab.town
    repo = enactment.create_repository(
        town.ground, town.person("ada"), kind="model", owner="lab", name="tiny"
    )
    with town.ground.write() as tx:
        made = discussions.open_discussion(
            tx, town.person("ada"), repo, title="Tea?", description="Shall we say so?"
        )
    page = lab.see("/lab/tiny/discussions/1")
    assert "/commons/lab/proposals/new?thread=lab/tiny/discussions/1" in unescape(page.text)
    proposed(lab, "statement", p_text="We like tea.", thread="lab/tiny/discussions/1")
    said = text(lab.see(f"/lab/tiny/discussions/{made.number}"))
    assert "Proposed from here" in said
    assert "We like tea" in said
    assert "/lab/tiny/discussions/1" in lab.see("/commons/lab/proposals/1").text


def test_whoever_speaks_for_an_institution_does_so_on_the_pages(ada):
    town = Town(ada.ground)
    town.people["ada"] = _actor(ada, "ada")
    town.found("consortium", "olga")
    institution(town, "school", "ada")
    institution(town, "museum", "mia")
    assert "An institution that is one speaks through its stewards" in text(
        ada.see("/commons/lab/rights")
    )
    form = ada.see("/commons/lab/proposals/new?action=statement")
    assert "You propose it for school." in text(form)
    made = proposed(ada, "statement", p_text="We like tea.")
    page = text(ada.see(made.headers["location"]))
    assert "for school" in page
    assert "Second it" not in page
    town.propose("mia")
    theirs = ada.see("/commons/lab/proposals/2")
    assert "You speak for school." in text(theirs)
    voice = re.search(r'name="voice" value="(\d+)"', theirs.text).group(1)
    ada.send("/commons/lab/proposals/2", act="second", voice=voice)
    assert "Seconded by" in text(ada.see("/commons/lab/proposals/2"))
    refused = ada.send(
        "/commons/lab/proposals/2", status=403, act="object", voice="museum", reason="It is not so."
    )
    assert "You do not speak for museum here" in text(refused)
