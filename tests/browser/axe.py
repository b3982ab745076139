"""What axe-core finds wrong with a page.

A page in the dark has the same elements as in the light, for its theme is a style sheet's: there
axe is asked about colours alone, and in the light about everything.
"""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


def violations(page: Page, path: str, theme: str = "light") -> list[str]:
    """What is wrong with the page that is open, each with where it stands."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if theme == "dark":
        options["runOnly"] = OF_COLOURS
    found = Axe().run(page, options=options).response["violations"]
    return [f"{path}: {each['id']} at {each['nodes'][0]['html'][:200]}" for each in found]
