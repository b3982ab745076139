"""Six newcomers, one to a commons of each preset, without scripts, on the smallest phone.

Each joins, proposes, objects, votes, appeals, asks for removal, sees the pot and takes everything
along; from the first page of the commons, each takes three pages at most.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from iriai.identity.rules import Role
from tests.browser import axe
from tests.browser.conftest import DESK, PHONE, Watch
from tests.browser.halls import PRESETS, Hall, Halls
from tests.browser.test_accessible import WIDER

pytestmark = pytest.mark.browser

PASSWORD = "a long enough password"
PAGES_MAX = 3
TIMEOUT_MS = 60_000
BALLOT_BYTES_MAX = 50_000
TABS = (
    "charter", "rights", "members", "seats/steward", "proposals", "proposals/new", "cases", "pot",
    "removals", "log", "log/0", "export",
)  # fmt: skip


class Newcomer:
    """Somebody with a small phone that runs no scripts."""

    def __init__(self, chromium: Browser, halls: Halls, hall: Hall, watch: Watch) -> None:
        self.hall, self.name = hall, f"nia-{hall.preset_name}"
        self.chromium, self.halls = chromium, halls
        self.context = chromium.new_context(
            base_url=halls.url, viewport=PHONE, java_script_enabled=False, accept_downloads=True
        )
        watch.over(self.context, halls.url)
        self.context.set_default_timeout(TIMEOUT_MS)
        self.page = self.context.new_page()
        self.page.on("request", self._went)
        self.pages: list[str] = []

    def _went(self, request) -> None:
        page = request.is_navigation_request() and request.frame == self.page.main_frame
        if page and request.redirected_from is None:
            self.pages.append(request.url)

    def begins(self) -> Page:
        """At the first page of the commons; from here pages are counted."""
        self.page.goto(f"/commons/{self.hall.name}")
        self.pages.clear()
        return self.page

    def tab(self, name: str) -> None:
        self.page.get_by_role("navigation", name="This commons").get_by_role(
            "link", name=name, exact=True
        ).click()

    def is_done(self) -> None:
        """A form was sent: the page that says so comes after the three."""
        self.pages.pop()
        self.is_there()

    def is_there(self) -> None:
        assert len(self.pages) <= PAGES_MAX, self.pages
        self.page.wait_for_load_state()
        assert self.page.evaluate(WIDER) <= 0, self.page.url
        assert "nothing more happens" in self.said or self.page.locator(".next-step").count() >= 1

    @property
    def said(self) -> str:
        return self.page.locator("main").inner_text()


@pytest.fixture(params=PRESETS)
def newcomer(request, chromium, halls, watch) -> Iterator[Newcomer]:
    made = Newcomer(chromium, halls, halls[request.param], watch)
    yield made
    photograph(made.page, f"last-{made.name}")
    made.context.close()


def test_a_newcomer_does_all_there_is_to_do_in_three_pages_each(newcomer, halls, tmp_path):
    who, hall = newcomer, newcomer.hall
    sign_up(who)
    joins(who)
    if not hall.is_collective:
        hall.role_for("bob", Role.CONTRIBUTOR)
    proposes(who)
    objects(who)
    votes(who)
    appeals(who)
    asks_for_removal(who)
    sees_the_pot(who)
    takes_everything_along(who, tmp_path)
    reads_who_can_delete_a_model(who)


def sign_up(who: Newcomer) -> None:
    who.page.goto("/join")
    who.page.get_by_label("Name in addresses").fill(who.name)
    who.page.get_by_label("Password").fill(PASSWORD)
    who.page.get_by_role("button", name="Make the account").click()


def joins(who: Newcomer) -> None:
    page = who.begins()
    who.tab("Members")
    if not who.hall.is_collective:
        alone = who.hall.preset_name == "solo"
        said = "can admit you as the second member" if alone else "ask one of them"
        expect(page.get_by_text(said)).to_be_visible()
        who.is_there()
        admitted_by_ada(who)
        return
    page.get_by_label("What brings you here (public)").fill("I speak it.")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#applicants")).to_be_visible()
    who.is_there()
    who.hall.admit(who.name)
    who.begins()
    who.tab("Members")
    expect(page.get_by_role("rowheader", name=who.name).first).to_be_visible()


def admitted_by_ada(who: Newcomer) -> None:
    """Who owns the commons admits them, by its pages alone."""
    context = who.chromium.new_context(
        base_url=who.halls.url, viewport=PHONE, java_script_enabled=False
    )
    session = {"name": "iriai_session", "value": who.halls.session("ada"), "url": who.halls.url}
    context.add_cookies([session])
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto(f"/commons/{who.hall.name}/members")
    page.get_by_role("link", name="Admit somebody").click()
    page.get_by_label("Who", exact=True).fill(who.name)
    page.get_by_role("button", name="Show how it will read").click()
    page.get_by_role("button", name="Propose it").click()
    context.close()
    who.hall.tick()


def proposes(who: Newcomer) -> None:
    page = who.begins()
    page.get_by_role("link", name="Propose something").first.click()
    page.get_by_role("link", name="Say something together", exact=True).click()
    page.get_by_label("What shall the commons say?").fill("We meet on Mondays.")
    page.get_by_role("button", name="Show how it will read").click()
    page.get_by_role("button", name="Propose it").click()
    expect(page.get_by_text("We meet on Mondays.").first).to_be_visible()
    who.is_done()


def objects(who: Newcomer) -> None:
    who.hall.propose("bob", title="Tea", payload={"text": "Tea at four."})
    page = who.begins()
    who.tab("Proposals")
    page.get_by_role("link", name="Tea", exact=True).click()
    page.get_by_label("Object, with a reason").fill("Some of us drink coffee.")
    page.get_by_role("button", name="Object").click()
    expect(page.get_by_role("heading", name="Objections")).to_be_visible()
    expect(page.get_by_text("Some of us drink coffee.")).to_be_visible()
    who.is_done()


def votes(who: Newcomer) -> None:
    if not who.hall.is_collective:
        gives_a_word(who)
        return
    hall = who.hall
    repo = f"{hall.name}/tiny"
    made = hall.propose(
        "bob",
        "resource.relicense",
        title="Open it",
        payload={"repo": repo, "licence": "apache-2.0"},
    )
    hall.second("ada", made.number)
    hall.tick(days=8)
    page = who.begins()
    page.locator(".row", has_text="Open it").get_by_role("link", name="Vote").click()
    assert len(page.content().encode()) <= BALLOT_BYTES_MAX
    for place, rank in enumerate(("1", "2")):
        page.locator(f"#o{place}").fill(rank)
    page.get_by_role("button", name="Vote", exact=True).click()
    expect(page.get_by_role("heading", name="Your ballot is in")).to_be_visible()
    who.is_done()


def gives_a_word(who: Newcomer) -> None:
    """Where owners decide, their word is the vote."""
    made = who.hall.propose("bob", title="Biscuits", payload={"text": "Biscuits too."})
    who.hall.role_for(who.name, Role.ADMIN)
    page = who.begins()
    who.tab("Proposals")
    page.get_by_role("link", name="Biscuits", exact=True).click()
    page.get_by_role("button", name="Give my word for it").click()
    who.is_done()
    who.hall.tick()
    assert who.hall.see(made.number).state == "enacted"


def appeals(who: Newcomer) -> None:
    number = who.hall.sanction(who.name)
    page = who.begins()
    who.tab("Cases")
    page.get_by_role("link", name=f"Appeal case {number}").click()
    page.get_by_label("Why it is wrong").fill("It was the radio.")
    page.get_by_role("button", name="Appeal").click()
    expect(page.get_by_role("heading", name=f"Case {number}")).to_be_visible()
    who.is_done()
    assert "appeal" in who.said.lower()


def asks_for_removal(who: Newcomer) -> None:
    page = who.begins()
    page.get_by_role("link", name="Ask for data to be removed").click()
    owner = "ada" if who.hall.preset_name == "solo" else who.hall.name
    page.get_by_label("Which repository").fill(f"repo/{owner}/tiny")
    page.get_by_label("Which files, one a line").fill("README.md")
    page.get_by_label("What is to go, and why").fill("My name is in it.")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("My name is in it.")).to_be_visible()
    who.is_done()


def sees_the_pot(who: Newcomer) -> None:
    who.begins()
    who.tab("Pot")
    who.is_there()


def takes_everything_along(who: Newcomer, folder) -> None:
    page = who.begins()
    page.get_by_role("link", name="Take it along: export").click()
    page.get_by_role("button", name="Make an export").click()
    expect(page.get_by_role("heading", name="Being made")).to_be_visible()
    who.hall.work()
    page.get_by_role("link", name="Look again").click()
    who.is_there()
    with page.expect_download() as came:
        page.get_by_role("link", name="Download the export").click()
    came.value.save_as(folder / "taken.tar")
    assert (folder / "taken.tar").read_bytes()[257:262] == b"ustar"


def reads_who_can_delete_a_model(who: Newcomer) -> None:
    who.begins()
    who.tab("Rights")
    answer = who.page.locator("p.lead").inner_text()
    assert answer.startswith("Who can delete a model?")
    expected = {
        "solo": "An administrator, at once; it is logged.",
        "owners": "An administrator, at once; it is logged.",
    }.get(who.hall.preset_name, "Nobody alone. The members vote")
    assert expected in answer
    who.is_there()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page_of_a_commons(halls, chromium, watch, theme):
    """Every page of one commons in which something of everything goes on, wide and narrow."""
    hall = halls["university"]
    lively(hall)
    context = chromium.new_context(base_url=halls.url, viewport=DESK, color_scheme=theme)
    watch.over(context, halls.url)
    page = context.new_page()
    seen = [*(("bob", each) for each in pages_of(hall)), *(("ada", each) for each in of_ada(hall))]
    found = []
    for name, path in seen:
        session = {"name": "iriai_session", "value": halls.session(name), "url": halls.url}
        context.add_cookies([session])
        found += wrong_with(page, path, theme)
        photograph(page, f"{theme}-{name}-{path}")
    context.close()
    assert found == []


def wrong_with(page: Page, path: str, theme: str) -> list[str]:
    """What is wrong with a page, as axe and its width say, or that it says nothing of what next."""
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, path
    said = page.locator(".next-step").count() == 1
    found = [] if said else [f"{path} does not say what happens next"]
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        if page.evaluate(WIDER) > 0:
            found.append(f"{path} scrolls sideways")
        found += axe.violations(page, path, theme)
    return found


def of_ada(hall: Hall) -> list[str]:
    """What a steward sees otherwise than the others."""
    here = f"/commons/{hall.name}"
    mine = ("cases", f"cases/{hall.numbers['Case']}", "removals/1", "members", "seats/steward")
    return [f"{here}/{each}" for each in mine]


def lively(hall: Hall) -> None:
    """A decided vote, running ones, a case that can be appealed and one that was, and so on."""
    if hall.is_lively:
        return
    hall.is_lively = True
    hall.numbers["Panel"] = hall.appeal("bob", hall.sanction("bob"))
    hall.ask_for_removal("bob")
    given = {"unit": "gpu_hours", "by": "ada", "amount": 500}
    hall.second("bob", hall.propose("ada", "pool.declare", payload=given).number)
    for title, licence in (("Decided", "apache-2.0"), ("Running", "cc-by-4.0")):
        given = {"repo": f"{hall.name}/tiny", "licence": licence}
        made = hall.propose("bob", "resource.relicense", title=title, payload=given)
        hall.second("ada", made.number)
        hall.tick(days=7, minutes=1)
        hall.vote("ada", made.number, 1, 2)
        hall.numbers[title] = made.number
        if title == "Decided":
            hall.vote("bob", made.number, 1, 2)
            hall.tick(days=10, minutes=1)
    hall.numbers["Secret"] = hall.elect("steward", "bob", "ada")
    hall.numbers["Case"] = hall.sanction("bob")
    hall.share_out()
    hall.break_glass()


def pages_of(hall: Hall) -> list[str]:
    here, numbers = f"/commons/{hall.name}", hall.numbers
    return [
        here,
        *(f"{here}/{word}" for word in TABS),
        f"{here}/proposals/{numbers['Running']}",
        f"{here}/proposals/{numbers['Running']}/ballot",
        f"{here}/proposals/{numbers['Decided']}/count",
        f"{here}/proposals/new?action=statement",
        f"{here}/proposals/{numbers['Secret']}",
        f"{here}/proposals/{numbers['Secret']}/ballot",
        f"{here}/panels/{numbers['Panel']}",
        f"{here}/cases/1",
        f"{here}/cases/{numbers['Case']}",
        f"{here}/cases/{numbers['Case']}/appeal",
        f"{here}/removals/new",
        f"{here}/removals/1",
        f"{here}/charter?all=yes",
        f"{here}/charter/edit",
        f"{here}/found",
        "/report",
        "/removal",
    ]


def photograph(page: Page, name: str) -> None:
    """Keep a picture of a page, for whoever asked for one: IRIAI_TEST_PICTURES names a folder."""
    folder = os.environ.get("IRIAI_TEST_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name.replace('/', '_')}.png", full_page=True)
