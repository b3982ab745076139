"""The documents tell the truth: what they name exists, and what exists they name."""

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from iriai.base.db import Table
from iriai.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SCREEN_LINES = 60


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_a_page_names_exists(page: Path):
    named = re.findall(r"`((?:src/iriai|tests|docs|bench)/[\w./-]+)`", page.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_make_target_that_is_documented_exists():
    made = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    told = {
        word
        for page in PAGES
        for line in re.findall(
            r"`make ([a-z -]+)`|^make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE
        )
        for word in " ".join(line).split()
    }
    assert told - made == set()


def test_every_setting_is_in_the_operators_guide():
    guide = text("docs/operate.md")
    names = [PREFIX + each.name.upper() for each in dataclasses.fields(Settings)]
    assert [name for name in names if name not in guide] == []


def test_every_setting_in_the_operators_guide_exists():
    names = {PREFIX + each.name.upper() for each in dataclasses.fields(Settings)}
    told = set(re.findall(rf"`({PREFIX}[A-Z_]*[A-Z])`", text("docs/operate.md")))
    assert told - names == set()


def test_every_library_is_listed_with_its_licence():
    project = tomllib.loads(text("pyproject.toml"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(each for extra in extras for each in extra)]
    names = {re.match(r"[\w.-]+", each).group() for each in wanted}
    record = text("docs/decisions/0011-libraries.md").lower()
    assert {name for name in names if name.lower() not in record} == set()


def test_every_table_is_described():
    import iriai.app  # noqa: F401 - it imports every part, and with them every table

    described = text("docs/format.md")
    assert [name for name in sorted(Table.metadata.tables) if f"`{name}`" not in described] == []


def test_decision_records_are_numbered_without_a_gap():
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs/decisions").glob("0*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs/decisions").glob("0*.md")), ids=lambda page: page.stem
)
def test_every_decision_says_why_what_it_costs_and_when_to_look_again(page: Path):
    record = page.read_text(encoding="utf-8")
    for word in ("**Decided.**", "**Because.**", "**It costs.**", "**Look again when**"):
        assert word in record


def test_the_architecture_fits_three_screens():
    assert len(text("ARCHITECTURE.md").splitlines()) <= 3 * SCREEN_LINES


def test_every_address_of_the_api_is_described():
    import iriai.api
    from iriai.api import unsupported
    from iriai.app import routes_of

    refused = {each.path for each in unsupported.ROUTES}
    words = {
        word
        for each in routes_of(iriai.api)
        if each.path not in refused
        for word in each.path.split("/")
        if word and "{" not in word
    }
    described = text("docs/api.md")
    assert [word for word in sorted(words) if word not in described] == []
