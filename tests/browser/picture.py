"""Take the README's picture: the first page of the demonstration's commons, as a member sees it.

`python -m tests.browser.picture` makes the commons in a folder of its own, serves it, signs its
newcomer in with Debian's Chromium, and writes `docs/pictures/commons.png`.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from iriai.cli.demo import commons, hub
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.processes import free_ports

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "commons.png"
SIZE = {"width": 1040, "height": 760}


def main() -> None:
    """Make it."""
    with tempfile.TemporaryDirectory() as folder:
        data, (port,) = Path(folder) / "data", free_ports(1)
        shown = commons.settle(data, port)
        assert shown is not None
        with hub.running(data, port) as served, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
            page = browser.new_context(viewport=SIZE, color_scheme="light").new_page()
            page.goto(f"{served.url}/login")
            page.fill("#name", shown.newcomer)
            page.fill("#password", shown.password)
            page.click("main .button-first")
            page.goto(served.url + shown.pages["the commons"])
            page.screenshot(path=PICTURE)
            browser.close()


if __name__ == "__main__":
    main()
