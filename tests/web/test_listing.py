"""The lists of models, datasets and spaces, with their words, filters and orders."""

import re

import pytest

from iriai.search import actions, jobs
from tests.web.conftest import text


@pytest.fixture
def village(ada):
    """Ada has one model, under a licence."""
    ada.model(licence="mit")
    return ada


def names(page):
    return re.findall(r'<h2><a href="/(?:datasets/|spaces/)?([\w/-]+)"', page.text)


def test_words_find_names_cards_and_tags(village):
    village.model("protein-folder")
    assert names(village.see("/models?search=protein")) == ["ada/protein-folder"]
    assert names(village.see("/models?search=PROTEIN+folder&sort=likes")) == ["ada/protein-folder"]


def test_a_slip_is_named_and_forgiven(village):
    village.model("protein-folder")
    actions.refresh(village.ground)
    with village.ground.write() as tx:
        tx.connection.exec_driver_sql("UPDATE repos SET updated_at = '2020-06-01 00:00:00.000000'")
    actions.sweep(village.ground)
    page = village.see("/models?search=protien")
    assert "Nothing has “protien”; this is what has “protein”." in text(page)
    assert names(page) == ["ada/protein-folder"]


def test_filters_suggest_what_there_is(village):
    jobs.count_tags(village.ground)
    page = village.see("/models")
    licences = re.search(r'<datalist id="license-list">(.*?)</datalist>', page.text, re.DOTALL)[1]
    assert licences.startswith('<option value="mit">1</option>')
    assert 'name="size"' in page.text
    assert "How downloads and trends are counted" in text(page)
    assert "Nothing fits" in text(village.see("/models?size=min:100B"))
    assert names(village.see("/models?size=nonsense"))


def test_every_order_lists_the_same(village):
    village.model("another")
    for sort in ("trending", "modified", "created", "downloads", "likes", "sideways"):
        assert sorted(names(village.see(f"/models?sort={sort}"))) == ["ada/another", "ada/tiny"]


def test_the_json_twin_asks_the_same(village):
    page = village.see("/models?search=tiny&license=mit&tag=x&size=max:1B")
    twin = re.search(r'<link rel="alternate" type="application/json" href="([^"]+)"', page.text)[1]
    assert village.client.get(twin.replace("&amp;", "&")).json() == []
    assert "num_parameters=max%3A1B" in twin


def test_the_guide_says_how_downloads_are_counted(village):
    where = re.search(r'href="(/docs/guides/finding)#([^"]+)"', village.see("/models").text)
    page = village.see(where[1])
    assert f'id="{where[2]}"' in page.text, "the link leads into the page"
    said = text(page)
    assert "five minutes" in said
    assert "HEAD never counts" in said


def test_a_search_leads_to_people_and_to_what_else_may_have_the_words(village):
    page = village.see("/models?search=ada")
    assert '<a class="who" href="/ada">' in page.text
    assert 'href="/datasets?search=ada"' in page.text
    assert 'class="who"' not in village.see("/models").text
