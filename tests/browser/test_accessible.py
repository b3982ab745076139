"""Every page, for everyone: by axe-core, on a small phone, in both themes."""

import pytest
from playwright.sync_api import Page

from tests.browser import axe

pytestmark = pytest.mark.browser

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def violations(page: Page, path: str, theme: str = "light") -> list[str]:
    page.goto(path)
    return axe.violations(page, path, theme)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("signed_in", [False, True])
def test_axe_finds_nothing_to_complain_of_on_any_page(opened, village, theme, signed_in):
    page = opened(signed_in=signed_in, color_scheme=theme)
    paths = [*village.public, *(village.private if signed_in else ["/login", "/join"])]
    assert [each for path in paths for each in violations(page, path, theme)] == []


def test_no_page_scrolls_sideways_on_the_smallest_phone(opened, village):
    page = opened(phone=True)
    wide = []
    for path in (*village.public, *village.private, *village.long):
        page.goto(path)
        if page.evaluate(WIDER) > 0:
            wide.append(path)
    visitor = opened(phone=True, signed_in=False)
    for path in ("/", "/login", "/join", "/models"):
        visitor.goto(path)
        if visitor.evaluate(WIDER) > 0:
            wide.append(path)
    assert wide == []


def test_axe_finds_nothing_on_a_phone_either(opened, village):
    page = opened(phone=True)
    some = (*village.public[:12], *village.private[:9])
    assert [each for path in some for each in violations(page, path)] == []


def test_text_twice_as_large_still_fits(opened, village):
    """WCAG 1.4.10: 1280 pixels at 400 % are 320; at 200 % of text size nothing is lost either."""
    page = opened()
    for path in ("/", "/models", "/ada/tiny", "/ada/tiny/tree/main", "/settings/tokens"):
        page.goto(path)
        page.add_style_tag  # noqa: B018 - the policy forbids it; the root's size is set by script
        page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")
        assert page.evaluate(WIDER) <= 0, path


def test_a_chosen_theme_wins_over_the_systems(opened):
    page = opened(signed_in=False, color_scheme="light")
    page.goto("/")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light != dark
    page.goto("/models")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
