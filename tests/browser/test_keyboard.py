"""The whole way, by keyboard alone: as who keeps a model, and as who belongs to a commons."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, WAIT_MS
from tests.browser.halls import Hall

pytestmark = pytest.mark.browser

TABS_MAX = 80
FOCUSED = r"""() => {
  const at = document.activeElement;
  if (!at || at === document.body) return "";
  const label = at.labels && at.labels.length ? at.labels[0].innerText : "";
  const said = label || at.getAttribute("aria-label") || at.innerText || at.name || "";
  return said.trim().replace(/\s+/g, " ");
}"""

SHOWN = """() => {
  const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
    && box.bottom > 0 && box.top < innerHeight;
}"""


def reach(page: Page, name: str, *, backwards: bool = False) -> None:
    """Press Tab until what is named so has the focus, and see that it shows."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if page.evaluate(FOCUSED).startswith(name):
            page.wait_for_function(SHOWN, timeout=WAIT_MS)  # pages scroll smoothly
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
    press(page, "Save these settings")
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


def test_a_commons_is_taken_part_in_by_keyboard_alone(halls, chromium, watch):
    """Join, propose, object, vote, appeal, ask for removal, see the pot, take all along."""
    hall = halls["agency"]
    context = chromium.new_context(base_url=halls.url, viewport=DESK, java_script_enabled=True)
    watch.over(context, halls.url)
    page = context.new_page()
    joins_and_proposes(page, hall)
    objects_and_votes(page, hall)
    appeals_asks_and_takes_all_along(page, hall)
    context.close()


def joins_and_proposes(page: Page, hall: Hall) -> None:
    home = f"/commons/{hall.name}"
    page.goto("/join")
    write(page, "Name in addresses", "kit")
    write(page, "Password", "a long enough password")
    press(page, "Make the account")

    page.goto(f"{home}/members")
    write(page, "What brings you here (public)", "I speak it.")
    press(page, "Apply")
    hall.admit("kit")

    page.goto(home)
    press(page, "Propose something")
    press(page, "Say something together")
    write(page, "What shall the commons say?", "We bake on Mondays.")
    press(page, "Show how it will read")
    press(page, "Propose it")
    expect(page.get_by_text("We bake on Mondays.").first).to_be_visible()


def objects_and_votes(page: Page, hall: Hall) -> None:
    home = f"/commons/{hall.name}"
    hall.propose("bob", title="Bread", payload={"text": "Bread at four."})
    page.goto(home)
    press(page, "Bread")
    write(page, "Object, with a reason", "Some of us eat rice.")
    press(page, "Object")
    expect(page.get_by_text("Some of us eat rice.")).to_be_visible()

    given = {"repo": f"{hall.name}/tiny", "licence": "cc0-1.0"}
    made = hall.propose("bob", "resource.relicense", title="Free it", payload=given)
    hall.second("ada", made.number)
    hall.tick(days=8)
    page.goto(f"{home}/proposals/{made.number}")
    press(page, "Vote")
    write(page, "Give", "1")
    write(page, "Keep", "2")
    press(page, "Vote")
    expect(page.get_by_role("heading", name="Your ballot is in")).to_be_visible()


def appeals_asks_and_takes_all_along(page: Page, hall: Hall) -> None:
    number = hall.sanction("kit")
    page.goto(f"/commons/{hall.name}")
    press(page, "Cases")
    press(page, f"Appeal case {number}")
    write(page, "Why it is wrong", "It was the radio.")
    press(page, "Appeal")
    expect(page.get_by_role("heading", name=f"Case {number}")).to_be_visible()

    press(page, "Ask for data to be removed")
    write(page, "Which repository", f"repo/{hall.name}/tiny")
    write(page, "Which files, one a line", "README.md")
    write(page, "What is to go, and why", "My name is in it.")
    press(page, "Ask")
    expect(page.get_by_text("My name is in it.")).to_be_visible()

    press(page, "Pot")
    expect(page.get_by_role("heading", level=1)).to_contain_text("The pot of")
    press(page, "Take it along: export")
    press(page, "Make an export")
    hall.work()
    press(page, "Look again")
    reach(page, "Download the export")
