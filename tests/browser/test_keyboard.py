"""The whole way, by keyboard alone: join, make a model, upload, edit, settings, leave."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

TABS_MAX = 80
FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return "";
  const label = at.labels && at.labels.length ? at.labels[0].innerText : "";
  return (label || at.getAttribute("aria-label") || at.innerText || at.name || "").trim();
}"""


def reach(page: Page, name: str, *, backwards: bool = False) -> None:
    """Press Tab until what is named so has the focus, and see that it shows."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if page.evaluate(FOCUSED).startswith(name):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"{name!r} has the focus and does not show it"
            return
    raise AssertionError(f"{name!r} is not reached by keyboard at {page.url}")


def write(page: Page, field: str, text: str) -> None:
    reach(page, field)
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(text)


def press(page: Page, name: str) -> None:
    reach(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_everything_is_done_by_keyboard_alone(opened, tmp_path):
    page = opened(signed_in=False)
    page.goto("/join")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "Skip to the content"
    page.keyboard.press("Enter")
    write(page, "Name in addresses", "kim")
    write(page, "Password", "a long enough password")
    press(page, "Make the account")
    expect(page).to_have_url("/")

    press(page, "New model")
    write(page, "Name", "by-keyboard")
    press(page, "Make it")
    expect(page.get_by_role("heading", level=1)).to_have_text("kim/by-keyboard")

    upload = tmp_path / "notes.txt"
    upload.write_text("first line\n")
    press(page, "Files")
    press(page, "Upload")
    reach(page, "Files from your machine")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(upload)
    write(page, "What changed", "Bring the notes")
    press(page, "Upload and commit")
    expect(page.get_by_role("heading", name="Bring the notes")).to_be_visible()

    press(page, "Files")
    press(page, "notes.txt")
    press(page, "Edit")
    write(page, "Text of notes.txt", "first line\nsecond line\n")
    press(page, "Commit the change")
    expect(page.locator(".diff .plus")).to_contain_text("second line")

    press(page, "Settings")
    reach(page, "Only its owner") if page.locator("#visibility-private").is_checked() else reach(
        page, "Everyone"
    )
    page.keyboard.press("ArrowDown")
    press(page, "Keep these settings")
    expect(page.get_by_text("Kept.")).to_be_visible()
    expect(page.get_by_text("private", exact=True)).to_be_visible()

    reach(page, "Your account")
    page.keyboard.press("Enter")
    press(page, "Sign out")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_a_menu_closes_on_escape_and_gives_the_focus_back(opened):
    page = opened()
    page.goto("/")
    reach(page, "Your account")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator("details.menu[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("details.menu[open]").count() == 0
    assert page.evaluate(FOCUSED).startswith("Your account")
