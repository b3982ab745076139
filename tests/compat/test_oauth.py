"""`hf auth login` lets a command line in through the page, and what clients do with it after."""

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support import server

PASSWORD = "a long enough password"
WAIT_SECONDS = 60


@dataclass
class Person:
    """Somebody with a browser, without the browser."""

    hub: server.LiveHub
    client: httpx.Client

    def see(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-2_000:])
        return answer.text

    def send(self, path: str, /, **fields: object) -> httpx.Response:
        answer = self.client.post(path, data=fields)
        assert answer.status_code in (200, 303), (path, answer.status_code, answer.text[-2_000:])
        return answer


@pytest.fixture(scope="module")
def open_hub(tmp_path_factory) -> Iterator[server.LiveHub]:
    made = server.LiveHub(tmp_path_factory.mktemp("hub"), settings={"IRIAI_SIGN_UP": "open"})
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def ada(open_hub) -> Iterator[Person]:
    headers = {"Origin": open_hub.url, "Accept": "text/html"}
    with httpx.Client(base_url=open_hub.url, headers=headers, timeout=60) as client:
        made = Person(open_hub, client)
        made.send("/join", name="ada", fullname="", email="ada@example.org", password=PASSWORD)
        yield made


def begun(hub: server.LiveHub, env: dict[str, str]) -> "tuple[subprocess.Popen[str], str]":
    """A `hf auth login` that waits, and the code it shows."""
    process = subprocess.Popen(
        ["hf", "auth", "login", "--force"],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    shown = ""
    ends = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < ends:
        shown += process.stdout.readline()
        found = re.search(r"enter the code:?\s+([A-Z]{4}-[A-Z]{4})", shown)
        if found:
            assert f"{hub.url}/oauth/device?user_code={found[1]}" in shown
            return process, found[1]
    process.kill()
    raise AssertionError(shown)


def environment(hub: server.LiveHub) -> dict[str, str]:
    """A client's shell without a token."""
    bin_folder = Path(__import__("sys").executable).parent
    made = hub.env
    del made["HF_TOKEN"]
    return made | {"PATH": f"{bin_folder}:{made['PATH']}"}


def test_hf_auth_login_completes_when_its_code_is_let_in_on_the_page(open_hub, ada):
    env = environment(open_hub)
    process, code = begun(open_hub, env)
    page = ada.see(f"/oauth/device?user_code={code}")
    assert code in page
    assert "httpx" in page, "the page says which program asks"
    assert ada.send("/oauth/device/decide", user_code=code, act="allow").status_code == 303
    said, _ = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0, said
    assert "Login successful" in said
    who = open_hub.client("hf", "auth", "whoami", env=env).stdout
    assert "ada" in who
    open_hub.client("hf", "repos", "create", "from-the-device", env=env)
    stored = (Path(env["HF_HOME"]) / "stored_tokens").read_text()
    assert "[oauth-ada]" in stored
    assert "refresh_token" in stored


def test_hf_auth_login_says_that_it_was_turned_away(open_hub, ada):
    process, code = begun(open_hub, environment(open_hub))
    ada.send("/oauth/device/decide", user_code=code.lower().replace("-", " "), act="deny")
    said, _ = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode != 0
    assert "Authorization was denied" in said


def test_the_client_renews_its_token_before_it_lapses(open_hub, ada):
    env = environment(open_hub)
    process, code = begun(open_hub, env)
    ada.send("/oauth/device/decide", user_code=code, act="allow", reach="read")
    process.communicate(timeout=WAIT_SECONDS)
    stored = Path(env["HF_HOME"]) / "stored_tokens"
    before = re.search(r"hf_token = (\S+)", stored.read_text())[1]
    soon = re.sub(r"expires_at = \d+", f"expires_at = {int(time.time()) + 60}", stored.read_text())
    stored.write_text(soon)
    assert "ada" in open_hub.client("hf", "auth", "whoami", env=env).stdout
    after = re.search(r"hf_token = (\S+)", stored.read_text())[1]
    assert after != before
    assert (Path(env["HF_HOME"]) / "token").read_text() == after
    refused = open_hub.client("hf", "repos", "create", "not-this-one", env=env, check=False)
    assert refused.returncode != 0, "a login that may only read made a repository"
