"""Second factors in a real browser: a code app, recovery codes, and a virtual passkey."""

import re
from collections.abc import Iterator

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import DESK, PASSWORD, PHONE, Watch
from tests.support import processes, server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def named_hub(tmp_path_factory) -> Iterator[server.LiveHub]:
    """A hub with a name: browsers make no passkeys for addresses of numbers."""
    port = processes.free_ports(1)[0]
    hub = server.LiveHub(
        tmp_path_factory.mktemp("named"),
        port=port,
        settings={"IRIAI_SIGN_UP": "open", "IRIAI_BASE_URL": f"http://localhost:{port}"},
    )
    hub.start()
    yield hub
    hub.stop()


def address(hub: server.LiveHub) -> str:
    return f"http://localhost:{hub.port}"


@pytest.fixture
def context(chromium: Browser, named_hub) -> Iterator[BrowserContext]:
    made = chromium.new_context(base_url=address(named_hub), viewport=DESK)
    watch = Watch()
    watch.over(made, address(named_hub))
    yield made
    made.close()
    watch.require_quiet()


def joined(context: BrowserContext, name: str) -> Page:
    page = context.new_page()
    page.goto("/join")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("text=Make the account")
    page.wait_for_url("**/")
    return page


def with_authenticator(page: Page) -> tuple[object, str]:
    """A passkey's home that says yes to everything, as a phone unlocked by its holder would."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True,
    }  # fmt: skip
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, made["authenticatorId"]


def added_passkey(page: Page) -> None:
    page.goto("/settings/security")
    form = page.locator("form", has=page.locator('input[value="begin-passkey"]'))
    form.locator('input[name="password"]').fill(PASSWORD)
    form.locator("button").click()
    page.fill("#name", "my phone")
    page.click("text=Make the passkey")
    expect(page.locator("#recovery-codes li")).to_have_count(10)


def signed_out(page: Page) -> None:
    page.goto("/")
    page.locator("summary", has=page.locator("img.avatar")).click()
    page.click("text=Sign out")
    expect(page.locator("header >> text=Sign in")).to_be_visible()


def test_a_passkey_opens_an_account_without_a_password(context):
    page = joined(context, "ada")
    with_authenticator(page)
    added_passkey(page)
    signed_out(page)
    page.goto("/login?next=/settings/security")
    page.click("text=Sign in with a passkey")
    page.click("text=Use my passkey")
    page.wait_for_url("**/settings/security")
    expect(page.locator("h3", has_text="my phone")).to_be_visible()


def test_after_a_password_the_passkey_is_asked_for(context):
    page = joined(context, "bob")
    with_authenticator(page)
    added_passkey(page)
    codes = page.locator("#recovery-codes li").all_inner_texts()
    signed_out(page)
    for how in ("passkey", "recovery code"):
        page.goto("/login?next=/settings/security")
        page.fill("#name", "bob")
        page.fill("#password", PASSWORD)
        page.click("main >> button.button-first")
        page.wait_for_url("**/login/second**")
        if how == "passkey":
            page.click("text=Use a passkey instead")
        else:
            page.fill("#code", f" {codes[0].upper()} ")
            page.click("main >> button.button-first")
        page.wait_for_url("**/settings/security")
        signed_out(page)


def test_a_copied_passkey_is_noticed(context, named_hub):
    page = joined(context, "carol")
    session, home = with_authenticator(page)
    added_passkey(page)
    for _ in range(2):
        signed_out(page)
        page.goto("/login")
        page.click("text=Sign in with a passkey")
        page.click("text=Use my passkey")
        page.wait_for_url(address(named_hub) + "/")
    found = session.send("WebAuthn.getCredentials", {"authenticatorId": home})["credentials"][0]
    session.send(
        "WebAuthn.removeCredential",
        {"authenticatorId": home, "credentialId": found["credentialId"]},
    )
    session.send(
        "WebAuthn.addCredential",
        {"authenticatorId": home, "credential": found | {"signCount": 1}},
    )
    signed_out(page)
    page.goto("/login")
    page.click("text=Sign in with a passkey")
    page.click("text=Use my passkey")
    expect(page.locator("main")).to_contain_text("does not open this account")


def test_an_answer_made_for_another_origin_opens_nothing(context, named_hub):
    page = joined(context, "dora")
    with_authenticator(page)
    added_passkey(page)
    signed_out(page)
    page.goto("/login")
    page.click("text=Sign in with a passkey")
    answer = page.evaluate(
        """async () => {
          const form = document.querySelector("form[data-passkey]");
          form.submit = () => {};
          form.requestSubmit();
          for (let tries = 0; tries < 1200 && !form.elements.answer.value; tries += 1)
            await new Promise((done) => setTimeout(done, 50));
          return form.elements.answer.value;
        }"""
    )
    cookies = {each["name"]: each["value"] for each in context.cookies()}
    import base64
    import json

    told = json.loads(answer)
    data = told["response"]["clientDataJSON"]
    plain = base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)).decode()
    forged = plain.replace(address(named_hub), "http://localhost:1")
    told["response"]["clientDataJSON"] = (
        base64.urlsafe_b64encode(forged.encode()).decode().rstrip("=")
    )
    with httpx.Client(
        base_url=named_hub.url,
        headers={"Origin": address(named_hub)},
        cookies={"iriai_step": cookies["iriai_step"]},
    ) as client:
        refused = client.post("/login/passkey/finish", data={"answer": json.dumps(told)})
        assert refused.status_code == 403
        again = client.post("/login/passkey/finish", data={"answer": answer})
        assert again.status_code == 410, "a question is answered once, rightly or wrongly"


def test_a_code_app_is_set_up_and_asked_for_without_scripts_on_a_phone(chromium, named_hub):
    context = chromium.new_context(
        base_url=address(named_hub), viewport=PHONE, java_script_enabled=False
    )
    page = joined(context, "emil")
    page.goto("/settings/security")
    form = page.locator("form", has=page.locator('input[value="begin-app"]'))
    form.locator('input[name="password"]').fill(PASSWORD)
    form.locator("button").click()
    expect(page.locator(".qr svg")).to_be_visible()
    secret = page.locator("#secret").inner_text()
    page.fill("#code", "000 000")
    page.click("text=Use this app")
    expect(page.locator("#fault")).to_contain_text("not the code")
    assert page.locator("#secret").inner_text() == secret
    page.fill("#code", pyotp.TOTP(secret).now())
    page.click("text=Use this app")
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    codes = page.locator("#recovery-codes li").all_inner_texts()
    assert all(re.fullmatch(r"[a-z2-9]{4}(-[a-z2-9]{4}){3}", code) for code in codes)
    context.clear_cookies()
    page.goto("/login")
    page.fill("#name", "emil")
    page.fill("#password", PASSWORD)
    page.click("main >> button.button-first")
    page.fill("#code", codes[3])
    page.click("main >> button.button-first")
    page.wait_for_url(address(named_hub) + "/")
    context.close()
