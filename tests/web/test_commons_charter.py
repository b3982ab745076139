"""The pages of a charter: read it, see one's rights, change it in a form, found with a preset."""

import re

import pytest

from iriai.commons import queries as commons
from iriai.commons.charter import queries
from tests.web.conftest import text


@pytest.fixture
def lab(ada):
    """The lab, that ada founded."""
    ada.send("/organizations/new", name="lab", fullname="The lab")
    return ada


def in_force(visitor, name="lab"):
    with visitor.ground.read() as tx:
        return queries.in_force(tx, commons.commons(tx, name).id)


def test_a_commons_begins_with_its_charter(lab):
    assert "Being decided" in lab.see("/commons/lab").text
    said = text(lab.see("/commons/lab/charter"))
    assert "The admins act at once" in said
    assert "What every member keeps" not in said
    assert "To change it, open a pull request and propose it" in said


def test_the_rights_page_answers_who_can_delete_a_model_first(lab):
    said = text(lab.see("/commons/lab/rights"))
    assert "Who can delete a model? An administrator, at once; it is logged." in said
    for right in ("access", "extraction", "contribution", "removal", "management", "exclusion"):
        assert right in said


def test_the_hub_has_a_charter_too(visitor):
    assert "One person decides" in text(visitor.see("/commons/hub/charter"))
    visitor.see("/commons/hub/rights")
    visitor.see("/commons/nowhere/charter", status=404)
    visitor.see("/commons/hub/charter/7", status=404)
    assert visitor.see("/commons/hub/charter/0").text.startswith("#")


def test_whoever_is_not_signed_in_is_asked_to(visitor, lab):
    for page in ("charter/edit", "found"):
        answer = visitor.other().client.get(f"/commons/lab/{page}")
        assert answer.status_code in (303, 401, 403), page


def test_a_form_shows_the_change_in_words_and_opens_a_pull_request(lab):
    page = lab.see("/commons/lab/charter/edit")
    assert 'name="actions.resource.delete"' in page.text
    given = {"actions.resource.delete": "all"}
    shown = lab.send("/commons/lab/charter/edit", status=200, act="show", **given)
    assert "The decision needed to delete a repository becomes “all”" in text(shown)
    opened = lab.send(
        "/commons/lab/charter/edit", act="open", why="Nobody deletes alone.", **given
    ).headers["location"]
    assert opened == "/datasets/lab/charter/discussions/1"
    thread = lab.see(opened)
    assert "The decision needed to delete a repository becomes “all”" in text(thread)
    assert "Nobody merges this by hand" in text(thread)
    assert 'value="merge"' not in thread.text
    lab.send(opened, status=403, act="merge")
    lab.send("/commons/lab/charter/propose", pull="1", title="Nobody deletes alone")
    assert in_force(lab).actions["resource.delete"] == "all"
    assert "merged" in text(lab.see(opened))
    assert "Versions" in text(lab.see("/commons/lab/charter"))


def test_a_form_that_changes_nothing_or_nonsense_says_so(lab):
    lab.send("/commons/lab/charter/edit", status=400, act="show")
    answer = lab.send(
        "/commons/lab/charter/edit", status=400, act="show", **{"actions.resource.delete": "x"}
    )
    assert "choose one of owners, all" in text(answer)


@pytest.mark.parametrize("preset", ["consortium", "university", "language-community", "agency"])
def test_an_organisation_leaves_owners_by_a_choice_on_one_page(lab, preset):
    page = lab.see("/commons/lab/found")
    assert f'value="{preset}"' in page.text
    lab.send("/commons/lab/found", preset=preset, hours="48", stewards="2")
    found = in_force(lab)
    assert found.preset == preset
    assert found.decisions["ordinary"].hours == 48
    assert found.roles["steward"].seats == 2
    said = text(lab.see("/commons/lab/rights"))
    assert "Who can delete a model? Nobody alone. The members vote" in said
    assert "not yet enforced" in text(lab.see("/commons/lab/charter"))
    page = lab.see("/commons/lab/charter/edit")
    assert len(re.findall(r' name="', page.text)) < 200


def test_what_a_commons_will_hold_says_so_on_its_own_pages(lab):
    lab.send("/new", owner="lab", name="old", licence="", visibility="public")
    said = "the commons of lab comes to hold"
    assert said not in text(lab.see("/lab/old"))
    lab.send("/commons/lab/found", preset="university")
    for page in ("/lab/old", "/lab/old/tree/main", "/lab/old/settings"):
        assert f"On 19 January 2026 {said} this repository" in text(lab.see(page))
    assert f"On 19 January 2026 {said} what this organisation has" in text(lab.see("/lab"))
    assert said not in text(lab.see("/ada"))
    lab.send("/new", owner="lab", name="new", licence="", visibility="public")
    assert said not in text(lab.see("/lab/new"))  # held from the first


def test_owners_take_out_what_they_keep_for_themselves_until_the_commons_holds_it(lab, clock):
    bob = lab.other().join("bob")
    lab.send("/organizations/lab/settings", status=200, act="role", person="bob", role="write")
    for name in ("kept", "gone", "stays"):
        bob.send("/new", owner="lab", name=name, licence="", visibility="public")
    lab.send("/commons/lab/found", preset="university")
    assert "19 January 2026 this commons comes to hold" in text(lab.see("/commons/lab"))
    assert "you can still move or delete it" in text(lab.see("/lab/kept"))
    assert "you can still move" not in text(bob.see("/lab/kept"))
    bob.send("/lab/kept/settings", status=403, act="move", owner="bob", name="kept")
    lab.send("/lab/kept/settings", act="move", owner="ada", name="kept")
    lab.send("/lab/gone/settings", act="delete", confirm="lab/gone")
    lab.see("/ada/kept")
    lab.see("/lab/gone", status=410)
    lab.see("/datasets/lab/charter/settings", status=403)
    clock.advance(days=14)
    lab.send("/lab/stays/settings", status=403, act="move", owner="ada", name="stays")
    assert "comes to hold" not in text(lab.see("/commons/lab"))


def test_a_new_organisation_can_begin_with_its_members_deciding(ada):
    page = ada.see("/organizations/new")
    assert 'value="language-community"' in page.text
    made = ada.send("/organizations/new", name="afro", preset="language-community", sponsors="1")
    ada.see(made.headers["location"])
    assert in_force(ada, "afro").members.admit.sponsors == 1
    assert "CHARTER.yaml" in text(ada.see("/datasets/afro/charter/tree/main"))
    ada.send("/organizations/new", status=400, name="other", preset="anarchy")


def test_a_pull_request_with_a_faulty_charter_shows_the_line_and_the_rule(lab):
    with lab.ground.read() as tx:
        was = queries.text(tx, commons.commons(tx, "lab").id)
    lab.send(
        "/datasets/lab/charter/edit/main/CHARTER.yaml",
        path="CHARTER.yaml",
        text=was.replace("statement: owners", "statement: nobody"),
        title="A slip",
        way="propose",
        status=303,
    )
    said = text(lab.see("/datasets/lab/charter/discussions/1"))
    assert "It cannot be proposed as it is" in said
    assert "actions.statement names one of the decisions" in said


def test_the_contents_lead_into_sections_that_are_open_without_a_script(lab):
    page = lab.see("/commons/lab/charter").text
    links = re.findall(r'href="\?open=([a-z]+)#([a-z]+)"', page)
    assert len(links) > 5
    for opened, anchor in links:
        assert opened == anchor
    page = lab.see("/commons/lab/charter?open=pool").text
    assert re.findall(r'<details class="sheet" id="([a-z]+)" open>', page) == ["pool"]
