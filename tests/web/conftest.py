"""A visitor with a browser's manners, on an app in this process."""

import re
from collections.abc import Iterator

import httpx
import pytest
from starlette.testclient import TestClient

from iriai.app import hub as app_of
from iriai.base.opening import open_ground
from iriai.base.tx import Ground
from iriai.identity import actions as identity
from iriai.settings import Settings
from tests.support import passwords, schema

ADDRESS = "http://testserver"
PASSWORD = "a long enough password"

cheap_passwords = passwords.cheap_passwords


class Visitor:
    """Somebody who looks at pages and sends their forms."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.client = TestClient(app_of(ground), base_url=ADDRESS, follow_redirects=False)
        self.client.headers.update({"Origin": ADDRESS, "Accept": "text/html"})

    def see(self, path: str, /, status: int = 200, **headers: str) -> httpx.Response:
        """Look at a page."""
        answer = self.client.get(path, headers=headers)
        assert answer.status_code == status, (path, answer.status_code, text(answer)[:600])
        return answer

    def send(
        self, path: str, /, status: int = 303, files: object = None, **fields: object
    ) -> httpx.Response:
        """Send a form."""
        answer = self.client.post(path, data=fields, files=files)
        assert answer.status_code == status, (path, answer.status_code, text(answer)[:600])
        return answer

    def join(self, name: str) -> "Visitor":
        """Make an account and be signed in."""
        self.send("/join", name=name, fullname="", email="", password=PASSWORD)
        return self

    def other(self) -> "Visitor":
        """Somebody else, on the same hub."""
        return Visitor(self.ground)

    def model(self, name: str = "tiny", **fields: str) -> str:
        """Make a model of one's own; its address."""
        me = self.client.get("/settings/profile").text
        owner = re.search(r'aria-label="Your account, ([^"]+)"', me)[1]
        made = self.send("/new", owner=owner, name=name, visibility="public", **fields)
        return made.headers["location"]


def text(answer: httpx.Response) -> str:
    """What a page says, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@pytest.fixture
def open_ground_of_all(tmp_path, clock) -> Iterator[Ground]:
    """A ground whose hub anyone may join."""
    made = open_ground(
        Settings(data=schema.newest_sqlite(tmp_path / "data"), sign_up="open"), now=clock
    )
    yield made
    made.engine.dispose()


@pytest.fixture
def visitor(open_ground_of_all) -> Visitor:
    """Somebody without an account."""
    return Visitor(open_ground_of_all)


@pytest.fixture
def ada(visitor) -> Visitor:
    """Ada, signed in."""
    return visitor.join("ada")


@pytest.fixture
def first_link(ground) -> str:
    """The link for the first account of a hub that one joins by invitation."""
    with ground.write() as tx:
        return identity.first_invite(tx)
