"""`hf auth login` lets a command line in through the page, and what clients do with it after."""

import html
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support import clients, processes, server
from tests.support.issuer import Issuer

PASSWORD = "a long enough password"
WAIT_SECONDS = 180


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
    bin_folder = Path(sys.executable).parent
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


LOGIN_URL = """
import { oauthLoginUrl } from "@huggingface/hub";
const [hubUrl, clientId, redirectUrl] = process.argv.slice(2);
const kept = {};
const url = await oauthLoginUrl({
  hubUrl, clientId, redirectUrl, scopes: "openid profile email read-repos", state: "mine",
  localStorage: kept,
});
console.log(JSON.stringify({ url, ...kept }));
"""

HANDLE_REDIRECT = """
import { oauthHandleRedirect, whoAmI } from "@huggingface/hub";
const [hubUrl, redirectedUrl, nonce, codeVerifier] = process.argv.slice(2);
const found = await oauthHandleRedirect({ hubUrl, redirectedUrl, nonce, codeVerifier });
const me = await whoAmI({ hubUrl, accessToken: found.accessToken });
console.log(JSON.stringify({ found, me }));
"""


def registered(ada: Person, **fields: str) -> dict[str, str]:
    """An app of Ada's: its id, and its secret if it has one."""
    page = ada.send("/settings/applications", act="register", **fields).text
    found = re.findall(r'id="client-(id|secret)">([^<]+)<', page)
    return dict(found)


def sent_back(ada: Person, url: str, act: str = "allow") -> str:
    """Where Ada's browser goes after she decided about an app."""
    page = ada.client.get(url)
    if page.status_code == 303:
        return page.headers["location"]
    assert page.status_code == 200, page.text
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    fields = {name: html.unescape(value) for name, value in hidden if name != "next"}
    answer = ada.send("/oauth/authorize", **fields, act=act)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def node(hub: server.LiveHub, script: str, *words: str) -> dict[str, object]:
    """What a script with hub.js says."""
    modules = clients.node_modules()
    path = modules / f"oauth-{hub.port}.mjs"
    path.write_text(script)
    done = clients.run(["node", path, hub.url, *words], {}, cwd=modules)
    path.unlink()
    return json.loads(done.stdout.splitlines()[-1])


def test_hub_js_signs_somebody_in_to_an_app(open_hub, ada):
    there = "http://localhost:5173/callback?from=hub"
    app = registered(ada, name="A page", redirects=there)
    began = node(open_hub, LOGIN_URL, app["id"], there)
    back = sent_back(ada, began["url"])
    assert back.startswith("http://localhost:5173/callback?from=hub&code=")
    ended = node(open_hub, HANDLE_REDIRECT, back, began["nonce"], began["codeVerifier"])
    assert ended["found"]["userInfo"]["preferred_username"] == "ada"
    assert ended["found"]["userInfo"]["email"] == "ada@example.org"
    assert ended["found"]["state"] == "mine"
    assert ended["found"]["scope"] == "openid profile email read-repos"
    assert ended["me"]["name"] == "ada"


def test_an_openid_client_that_keeps_a_secret_signs_somebody_in_and_renews(open_hub, ada):
    there = "https://app.example.org/callback"
    app = registered(ada, name="A server", redirects=there, secret="yes")
    metadata = httpx.get(f"{open_hub.url}/.well-known/openid-configuration").json()
    OpenIDProviderMetadata(metadata | {"issuer": "https://hub.example.org"}).validate_issuer()
    with OAuth2Client(
        app["id"], app["secret"], scope="openid profile", redirect_uri=there,
        code_challenge_method="S256",
    ) as client:  # fmt: skip
        verifier = secrets.token_urlsafe(48)
        url, state = client.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-1"
        )
        back = sent_back(ada, url)
        tokens = client.fetch_token(
            metadata["token_endpoint"], authorization_response=back, code_verifier=verifier,
            state=state,
        )  # fmt: skip
        keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"]).json())
        claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
        told = CodeIDToken(
            claims, {"alg": "RS256"},
            options={"iss": {"value": open_hub.url}, "aud": {"value": app["id"]}},
            params={"nonce": "n-1", "access_token": tokens["access_token"], "client_id": app["id"]},
        )  # fmt: skip
        told.validate()
        assert claims["preferred_username"] == "ada"
        assert "email" not in claims
        who = httpx.get(
            f"{open_hub.url}/api/whoami-v2",
            headers={"Authorization": f"Bearer {tokens['access_token']}"},
        ).json()
        assert who["email"] is None, "an app that did not ask for the address does not get it"
        old = tokens["refresh_token"]
        renewed = client.refresh_token(metadata["token_endpoint"], refresh_token=old)
        assert renewed["access_token"] != tokens["access_token"]
        with pytest.raises(OAuthError, match="invalid_grant"):
            client.refresh_token(metadata["token_endpoint"], refresh_token=old)
        bearer = {"Authorization": f"Bearer {renewed['access_token']}"}
        assert httpx.get(metadata["userinfo_endpoint"], headers=bearer).status_code == 401
    again = ada.client.get(url)
    assert "Let A server in?" in again.text, "a consent that ended is asked for again"


def test_a_leaked_token_is_ended_and_the_answer_is_always_the_same(open_hub, ada):
    raw = open_hub.run("token", "add", "ada").strip()
    bearer = {"Authorization": f"Bearer {raw}"}
    assert httpx.get(f"{open_hub.url}/api/whoami-v2", headers=bearer).status_code == 200
    answers = [
        httpx.post(f"{open_hub.url}/api/credentials/revoke", **sent)
        for sent in (
            {"json": {"credentials": [raw, "hf_nothing"]}},
            {"json": {"credentials": ["hf_" + "x" * 40]}},
            {"content": b"\xff not json"},
            {"json": 7},
        )
    ]
    assert {(each.status_code, each.text) for each in answers} == {(202, '{"status":"accepted"}')}
    assert httpx.get(f"{open_hub.url}/api/whoami-v2", headers=bearer).status_code == 401


def test_a_build_publishes_without_a_secret(tmp_path):
    service = Issuer()
    hub = server.LiveHub(
        tmp_path / "hub",
        settings={
            "IRIAI_SIGN_UP": "open",
            "IRIAI_PUBLISHERS": f"github={service.url}",
            "IRIAI_OUTBOUND_ALLOW": "127.0.0.0/8",
        },
    )
    hub.start()
    headers = {"Origin": hub.url, "Accept": "text/html"}
    with httpx.Client(base_url=hub.url, headers=headers, timeout=60) as client:
        ada = Person(hub, client)
        ada.send("/join", name="ada", fullname="", email="", password=PASSWORD)
        for name in ("published", "other"):
            ada.send("/new", owner="ada", name=name, visibility="private", licence="")
        wanted = {
            "issuer": service.url, "repository": "octo/build", "number": "",
            "workflow": "publish.yml", "environment": "", "target": "ada/published",
        }  # fmt: skip
        ada.send("/settings/applications", act="add-publisher", **wanted)
        weights = tmp_path / "weights.bin"
        weights.write_bytes(secrets.token_bytes(200_000))
        env = environment(hub)

        def upload(target: str, resource: str) -> "subprocess.CompletedProcess[str]":
            run = env | {
                "HF_OIDC_RESOURCE": resource,
                "HF_OIDC_ID_TOKEN": service.token(hub.url),
            }
            return hub.client("hf", "upload", target, weights, "weights.bin", env=run, check=False)

        done = upload("ada/published", "ada/published")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "weights.bin" in ada.see("/ada/published/tree/main")
        assert "number 4711" in ada.see("/settings/applications")
        assert upload("ada/other", "ada/published").returncode != 0
        refused = upload("ada/other", "ada/other")
        assert refused.returncode != 0
        assert "No trusted publisher" in refused.stdout + refused.stderr
    hub.stop()
    service.close()


@pytest.fixture
def elsewhere(tmp_path) -> Iterator[str]:
    """An OpenID provider that lets anybody be anybody."""
    port = processes.free_ports(1)[0]
    log = tmp_path / "provider.log"
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    running = processes.start(command, log=log, environment=dict(os.environ))
    url = f"http://localhost:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/.well-known/openid-configuration").status_code == 200
        except httpx.TransportError:
            return False

    processes.wait_until(answers, running, log=log, seconds=WAIT_SECONDS)
    yield url
    processes.stop(running, signal.SIGTERM)


def test_somebody_signs_in_with_an_account_elsewhere(elsewhere, tmp_path):
    hub = server.LiveHub(
        tmp_path / "hub",
        settings={
            "IRIAI_SIGN_UP": "open",
            "IRIAI_OIDC_ISSUER": elsewhere,
            "IRIAI_OIDC_CLIENT_ID": "iriai",
            "IRIAI_OIDC_CLIENT_SECRET": "a secret",
            "IRIAI_OIDC_NAME": "the university",
            "IRIAI_OUTBOUND_ALLOW": "127.0.0.0/8 ::1/128",
        },
    )
    hub.start()
    headers = {"Origin": hub.url, "Accept": "text/html"}

    def browser() -> httpx.Client:
        return httpx.Client(base_url=hub.url, headers=headers, timeout=60)

    def there_and_back(client: httpx.Client, where: str, subject: str) -> httpx.Response:
        """Sign in at the provider, as its page would have it."""
        answer = httpx.post(where, data={"sub": subject}, timeout=60)
        assert answer.status_code == 302, answer.text
        return client.get(answer.headers["location"])

    with browser() as client:
        begun = client.get("/login/outside?next=/settings/security")
        assert begun.headers["location"].startswith(elsewhere)
        back = there_and_back(client, begun.headers["location"], "grace@uni.example")
        assert back.headers["location"].startswith("/login/outside/new")
        made = client.post("/login/outside/new", data={"name": "grace"})
        assert made.headers["location"] == "/settings/security", made.text
        assert "grace" in client.get("/settings/security").text
    with browser() as client:
        begun = client.get("/login/outside?next=/models")
        back = there_and_back(client, begun.headers["location"], "grace@uni.example")
        assert back.headers["location"] == "/models"
        stolen = client.get(str(back.request.url))
        assert stolen.status_code == 410, "an answer counts once"
    with browser() as client:
        ada = Person(hub, client)
        ada.send("/join", name="ada", fullname="", email="", password=PASSWORD)
        page = ada.send("/settings/security", act="tie", password=PASSWORD).text
        where = html.unescape(re.search(r'href="(http://localhost:[^"]+)"', page)[1])
        taken = there_and_back(client, where, "grace@uni.example")
        assert taken.status_code == 409, "an account elsewhere is one person's here"
        page = ada.send("/settings/security", act="tie", password=PASSWORD).text
        where = html.unescape(re.search(r'href="(http://localhost:[^"]+)"', page)[1])
        tied = there_and_back(client, where, "ada@uni.example")
        assert tied.headers["location"] == "/settings/security"
    with browser() as client, browser() as victim:
        begun = client.get("/login/outside")
        answer = httpx.post(begun.headers["location"], data={"sub": "ada@uni.example"})
        forged = victim.get(answer.headers["location"])
        assert forged.status_code == 410, "an answer counts only where it was asked for"
    hub.stop()
