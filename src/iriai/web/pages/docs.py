"""The documentation, served by the hub it is about. The files are the project's own `docs/`."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup
from starlette.responses import Response

from iriai.base.errors import Unknown
from iriai.base.routing import Access
from iriai.web.door import Ask, get, see
from iriai.web.texts import gettext as _

PLACES = (
    Path(__file__).parents[2] / "docs",  # in an installed package
    Path(__file__).parents[4] / "docs",  # in a checkout
)
GROUPS = {"guides": _("Guides"), "": _("Reference"), "decisions": _("Decisions")}
HEADINGS_MIN = 4
TITLE = re.compile(r"^#\s+(.+)$", re.MULTILINE)
HEADING = re.compile(r'<h2 id="([^"]+)"[^>]*>(.*?)</h2>', re.DOTALL)
RELATIVE = re.compile(r'href="/docs/([^"#]*?)(?:README)?\.md(#[^"]*)?"')


@dataclass(frozen=True, slots=True)
class Document:
    """One page of the documentation."""

    slug: str
    title: str
    path: Path

    @property
    def is_index(self) -> bool:
        """Whether it is a list of the other pages of its folder."""
        return self.path.stem == "README"


def first(ask: Ask) -> Response:
    """What there is to read."""
    lines = [f"# {_('Documentation')}"]
    for group, listed in _groups():
        lines += ["", f"## {group}", ""]
        lines += [f"- [{each.title}](/docs/{each.slug})" for each in listed]
    return _shown(ask, _("Documentation"), "\n".join(lines), "")


def document(ask: Ask) -> Response:
    """One page of the documentation."""
    slug = ask.part("path").strip("/")
    if not slug:
        return see("/docs")
    found = documents().get(slug)
    if found is None:
        raise Unknown("There is no such page in the documentation.", code="NotFound")
    return _shown(ask, found.title, found.path.read_text(encoding="utf-8"), slug)


@lru_cache(maxsize=1)
def documents() -> dict[str, Document]:
    """Every page of the documentation, by its address."""
    root = next((place for place in PLACES if place.is_dir()), None)
    if root is None:
        return {}
    found = {}
    for path in sorted(root.rglob("*.md")):
        slug = path.relative_to(root).with_suffix("").as_posix().removesuffix("README").strip("/")
        title = TITLE.search(path.read_text(encoding="utf-8"))
        if slug:
            found[slug] = Document(slug, title[1].strip("` ") if title else slug, path)
    return found


def _shown(ask: Ask, title: str, text: str, slug: str) -> Response:
    from iriai.cards import render  # noqa: PLC0415 - five megabytes

    folder = slug if slug and documents()[slug].is_index else slug.rpartition("/")[0]
    html = render.html(text, resolve="/docs/", blob="/docs/", folder=folder)
    return ask.page(
        "docs.html",
        title=title,
        slug=slug,
        body=RELATIVE.sub(lambda link: f'href="/docs/{link[1].strip("/")}{link[2] or ""}"', html),
        contents=_groups(),
        headings=_headings(html) if slug else [],
    )


def _headings(html: str) -> list[tuple[str, str]]:
    """The parts of a long page, to jump to: anchor and text."""
    found = [(place, Markup(text).striptags()) for place, text in HEADING.findall(html)]  # noqa: S704
    return found if len(found) >= HEADINGS_MIN else []


def _groups() -> list[tuple[str, list[Document]]]:
    """The pages in the order in which one would want them, under a heading each."""
    found: dict[str, list[Document]] = {name: [] for name in GROUPS}
    for each in documents().values():
        folder = each.slug.partition("/")[0] if "/" in each.slug else ""
        found.setdefault("decisions" if each.slug == "decisions" else folder, []).append(each)
    return [
        (GROUPS.get(name, name.capitalize()), listed) for name, listed in found.items() if listed
    ]


ROUTES = [
    get("/docs", first, access=Access.ANYONE),
    get("/docs/{path:path}", document, access=Access.ANYONE),
]
