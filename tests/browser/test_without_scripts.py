"""Everything works without a script; with one, it is only smoother."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_the_whole_way_works_without_scripts(opened, tmp_path):
    page = opened(signed_in=False, java_script_enabled=False)
    page.goto("/join")
    page.get_by_label("Name in addresses").fill("noscript")
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_role("button", name="Make the account").click()
    page.locator("summary", has_text="New").first.click()
    page.get_by_role("link", name="Dataset", exact=True).click()
    page.get_by_label("Name", exact=True).fill("plain")
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("link", name="Files", exact=True).click()
    page.get_by_role("link", name="Upload", exact=True).click()
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x,y\n1,2\n")
    page.get_by_label("Files from your machine").set_input_files(
        [tmp_path / "a.csv", tmp_path / "b.csv"]
    )
    page.get_by_role("button", name="Upload and commit").click()
    expect(page.get_by_text("2 files changed")).to_be_visible()
    page.goto("/datasets")
    page.get_by_label("Words").fill("plai")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="noscript/plain")).to_be_visible()
    page.get_by_label("Language").fill("ja")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("Nothing fits")).to_be_visible()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_filters_narrow_a_list_while_one_types(opened):
    page = opened(signed_in=False)
    page.goto("/models")
    expect(page.get_by_role("link", name="ada/tiny")).to_be_visible()
    page.evaluate("window.same = true")
    page.get_by_label("Words").press_sequentially("zzz")
    expect(page.get_by_text("Nothing fits")).to_be_visible()
    page.get_by_label("Words").fill("tin")
    expect(page.get_by_role("link", name="ada/tiny")).to_be_visible()
    assert page.evaluate("window.same") is True, "the page was loaded anew"


def test_a_card_is_previewed_while_one_writes(opened):
    page = opened()
    page.goto("/ada/tiny/edit/main/README.md")
    page.locator("summary", has_text="Preview").click()
    page.get_by_label("Text of README.md").fill("# Seen at once\n\n<script>alert(1)</script>\n")
    expect(page.get_by_role("heading", name="Seen at once")).to_be_visible()
