"""What every page has, whatever it shows."""

import gzip
import re
from pathlib import Path

import pytest

from iriai.base import events
from iriai.web import render
from tests.web.conftest import ADDRESS, text

PAGE_BYTES_MAX = 60_000
PUBLIC = (
    "/", "/models", "/datasets", "/spaces", "/ada", "/lab", "/ada/tiny", "/ada/tiny/tree/main",
    "/ada/tiny/blob/main/README.md", "/ada/tiny/blob/main/long.py", "/ada/tiny/commits/main",
    "/ada/tiny/commit/main", "/ada/tiny/discussions", "/commons", "/commons/hub/log",
    "/commons/hub/log/0", "/docs", "/docs/decisions/0001-four-ideas", "/login", "/join",
)  # fmt: skip
SIGNED_IN = (
    "/new", "/new-dataset", "/new-space", "/organizations/new", "/organizations/lab/settings",
    "/settings/profile", "/settings/account", "/settings/tokens", "/ada/tiny/settings",
    "/ada/tiny/edit/main/README.md", "/ada/tiny/new/main", "/ada/tiny/upload/main",
    "/ada/tiny/delete/main/long.py",
)  # fmt: skip


@pytest.fixture
def village(ada):
    """A hub with a little of everything; Ada is signed in."""
    ada.model(licence="mit")
    ada.send("/organizations/new", name="lab", fullname="The Lab")
    long = "".join(f"def function_{n}(a, b):\n    return a * {n} + b\n\n\n" for n in range(900))
    ada.send("/ada/tiny/new/main", path="long.py", text=long, way="commit")
    events.seal(ada.ground)
    return ada


def test_every_page_goes_out_with_the_policies_that_keep_it_safe(village):
    for path in (*PUBLIC, *SIGNED_IN):
        page = village.other().see(path) if path == "/login" else village.see(path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<script(?![^>]* src=\"/static/)", page.text)
        assert not re.search(r"\son\w+=|\sstyle=|javascript:", page.text)


def test_every_page_is_a_whole_document_with_its_language_and_a_name(village):
    titles = {}
    for path in (*PUBLIC, *SIGNED_IN):
        page = village.other().see(path) if path == "/login" else village.see(path)
        assert page.text.startswith('<!doctype html>\n<html lang="en" dir="ltr"'), path
        assert "<h1" in page.text, path
        assert page.text.count("<main") == 1, path
        titles[path] = re.search(r"<title>(.+)</title>", page.text)[1]
    assert len(set(titles.values())) >= len(titles) - 1, "two pages may share a title, not more"


def test_no_page_with_all_that_it_loads_weighs_more_than_sixty_kilobytes(village):
    shared = sum(
        len(gzip.compress((render.STATIC / name).read_bytes(), 5))
        for name in ("iriai.css", "iriai.js", "icons.svg", "mark.svg", "vendor/htmx.min.js")
    )
    for path in (*PUBLIC, *SIGNED_IN):
        page = village.client.get(path)
        assert shared + len(gzip.compress(page.content, 5)) <= PAGE_BYTES_MAX, path


def test_a_page_about_something_names_its_json_twin_and_the_twin_is_there(village):
    seen = 0
    for path in PUBLIC:
        page = village.other().client.get(path)
        twin = re.search(r'<link rel="alternate" type="application/json" href="([^"]+)"', page.text)
        if twin:
            seen += 1
            answer = village.other().client.get(twin[1].replace("&amp;", "&"))
            assert answer.status_code == 200, (path, twin[1])
            assert answer.headers["content-type"] == "application/json"
    assert seen >= 13


def test_our_own_files_may_be_kept_for_ever_because_their_address_names_them(village):
    url = render.static_url("iriai.css")
    assert url in village.see("/").text
    kept = village.client.get(url)
    assert "immutable" in kept.headers["cache-control"]
    assert kept.content == (render.STATIC / "iriai.css").read_bytes()
    village.see(url.replace(url.split("/")[2], "0" * 12), status=404)
    village.see("/static/x/../../render.py", status=404)


def test_a_theme_is_chosen_without_a_script_and_kept(village):
    assert "data-theme" not in village.see("/").text
    sent = village.send("/settings/theme", theme="dark", next="/models?sort=likes")
    assert sent.headers["location"] == "/models?sort=likes"
    assert 'data-theme="dark"' in village.see("/").text
    village.send("/settings/theme", theme="", next="/")
    assert "data-theme" not in village.see("/").text
    away = village.send("/settings/theme", theme="light", next="https://evil.example")
    assert away.headers["location"] == "/"


def test_htmx_asks_for_a_block_of_a_page_and_gets_just_that(village):
    block = village.see("/models", **{"HX-Request": "true", "HX-Target": "section#results"})
    assert block.text.strip().startswith('<section id="results"')
    assert "<html" not in block.text
    assert "HX-Request" in block.headers["vary"]


def test_the_documentation_counts_its_pages_without_the_list_of_them(village):
    assert village.see("/docs/", status=303).headers["location"] == "/docs"
    shown = re.search(r"Decisions</strong> <span class=.muted.>(\d+)<", village.see("/docs").text)
    decisions = (Path(__file__).parents[2] / "docs" / "decisions").glob("[0-9]*.md")
    assert int(shown[1]) == len(list(decisions))


def test_pages_that_say_no_help_one_on(village):
    visitor = village.other()
    assert "Sign in" in text(visitor.see("/ada/none", status=404))
    assert "Nothing at this address" in text(visitor.see("/none/of/this", status=404))
    refused = village.client.post(
        "/ada/tiny/upload/main", content=b"x", headers={"Content-Length": str(1 << 40)}
    )
    assert refused.status_code == 413
    assert "hf upload" in refused.text


def test_filters_narrow_a_list_and_say_so(village):
    village.send("/new", owner="lab", name="other", visibility="public")
    both = text(village.see("/models"))
    assert "ada/ tiny" in both
    assert "lab/ other" in both
    for query in ("search=tin", "license=mit", "author=ada", "search=ada/t"):
        found = text(village.see(f"/models?{query}"))
        assert "ada/ tiny" in found, query
        assert "lab/ other" not in found, query
    assert "Nothing fits" in text(village.see("/models?pipeline_tag=fill-mask"))
    village.see("/models?cursor=rubbish", status=400)
    village.see(f"/models?search={'x' * 500}", status=400)


def test_every_list_can_be_turned_page_by_page(village):
    for number in range(32):
        village.send("/new", owner="ada", name=f"model-{number:02}", visibility="public")
    page, names = village.see("/models?author=ada"), set()
    for _ in range(3):
        names |= set(re.findall(r'href="/ada/([\w-]+)"', page.text))
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        if following is None:
            break
        page = village.see(following[1].replace("&amp;", "&"))
    assert len(names) == 33


def test_an_avatar_is_drawn_for_everyone_and_for_nobody_alike(village):
    for name in ("ada", "nobody-at-all", "%F0%9F%8C%BE"):
        drawn = village.other().see(f"/avatars/{name}.svg")
        assert drawn.headers["content-type"] == "image/svg+xml"
        assert "sandbox" in drawn.headers["content-security-policy"]


def test_a_page_links_to_nothing_that_is_not_there(village):
    """Every link of ours, on every page, leads to a page."""
    seen: set[str] = set()
    for path in (*PUBLIC, *SIGNED_IN):
        page = village.client.get(path)
        seen |= set(re.findall(r'(?:href|src)="(/[^"#]*)', page.text))
    for path in sorted(seen - {"/logout"}):
        answer = village.client.get(path.replace("&amp;", "&"))
        assert answer.status_code in (200, 303, 307), (path, answer.status_code)
    assert f"{ADDRESS}/" not in " ".join(seen)
