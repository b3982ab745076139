"""A real browser before a live hub that has a little of everything in it.

Debian's Chromium is driven by Playwright; where there is none, these tests skip and say so. What
the browser complains of (a policy violated, a script that fails) and every request that leaves the
hub fails the test it happens in.
"""

import json
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser import halls as building
from tests.support import server

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_MS = 60_000
"""So long may a page take on a machine that does much else; nobody waits for what is there."""
PASSWORD = "a long enough password"
PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    if not CHROMIUM.exists():
        pytest.skip("There is no Chromium on this machine: apt-get install chromium")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
    yield browser
    browser.close()


@dataclass
class Village:
    """A live hub, Ada's session on it, and the addresses worth looking at."""

    hub: server.LiveHub
    session: str = ""
    public: list[str] = field(default_factory=list)
    private: list[str] = field(default_factory=list)
    long: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.hub.url

    def client(self) -> httpx.Client:
        """Ada's browser, without a browser."""
        headers = {"Origin": self.url, "Accept": "text/html"}
        cookies = {"iriai_session": self.session} if self.session else None
        return httpx.Client(base_url=self.url, headers=headers, cookies=cookies, timeout=60)

    def send(self, client: httpx.Client, path: str, /, files: object = None, **fields: str) -> str:
        """Send a form; where it leads."""
        answer = client.post(path, data=fields, files=files)
        assert answer.status_code == 303, (path, answer.status_code, answer.text[-2_000:])
        return answer.headers["location"]


@pytest.fixture(scope="session")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A hub with models, a dataset, an organisation, a pull request, tokens and a log."""
    folder = tmp_path_factory.mktemp("village")
    hub = server.LiveHub(folder, settings={"IRIAI_SIGN_UP": "open"})
    hub.start()
    made = Village(hub)
    try:
        _settle(made)
        yield made
    finally:
        hub.stop()


@dataclass
class Watch:
    """What went on in a browser besides what a test looked at."""

    complaints: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext, url: str) -> None:
        context.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((url + "/", "data:", "blob:"))
                else self.left.append(request.url)
            ),
        )

    def _heard(self, message: object) -> None:
        said = message.text  # type: ignore[attr-defined]
        if message.type in ("error", "warning") and not re.search(r"status of 4\d\d", said):  # type: ignore[attr-defined]
            self.complaints.append(said)

    def require_quiet(self) -> None:
        assert self.dialogs == [], "a script of a user's ran"
        assert self.left == [], "a page sent its reader to another origin"
        assert self.complaints == [], "the browser complained"


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What goes on in a browser that a test opens itself; it must be nothing."""
    made = Watch()
    yield made
    made.require_quiet()


@pytest.fixture(scope="session")
def halls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[building.Halls]:
    """A hub with a commons of each preset, and a clock that moves when it is told."""
    with building.opened(tmp_path_factory.mktemp("halls")) as made:
        yield made


Opened = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser, village: Village) -> Iterator[Opened]:
    """Open a page as Ada (`signed_in=True`) or as anyone, on a desk or a phone."""
    contexts: list[BrowserContext] = []
    watch = Watch()

    def open_page(*, signed_in: bool = True, phone: bool = False, **options: object) -> Page:
        context = chromium.new_context(
            base_url=village.url, viewport=PHONE if phone else DESK, **options
        )
        contexts.append(context)
        watch.over(context, village.url)
        if signed_in:
            context.add_cookies(
                [{"name": "iriai_session", "value": village.session, "url": village.url}]
            )
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    watch.require_quiet()


def _settle(village: Village) -> None:
    """Fill the hub through its own forms."""
    with village.client() as client:
        _fill(village, client)
        _name_at_length(village, client)


def _fill(village: Village, client: httpx.Client) -> None:
    send = village.send
    send(client, "/join", name="ada", fullname="Ada Lovelace", email="", password=PASSWORD)
    village.session = client.cookies["iriai_session"]
    send(client, "/organizations/new", name="lab", fullname="The Lab")
    model = send(client, "/new", owner="ada", name="tiny", licence="mit", visibility="public")
    files = [
        ("files", ("model.safetensors", _safetensors())),
        ("files", ("model.gguf", _gguf())),
        ("files", ("train.py", b"def f(a):\n    return a + 1\n" * 40)),
        ("files", ("data.csv", b"name,size\na,1\nb,2\n")),
        ("files", ("picture.png", _png(32, 20))),
        ("files", ("noise.bin", bytes(range(256)) * 40)),
    ]
    send(client, f"{model}/upload/main", files=files, folder="", way="commit")
    text = "---\nlicense: mit\n---\n# Tiny\n\nAfter arXiv:1706.03762.\n\n"
    text += "![a picture](picture.png)\n\n```python\nx = 1\n```\n"
    send(client, f"{model}/edit/main/README.md", text=text, way="commit")
    send(client, f"{model}/edit/main/README.md", text=text + "More.\n", way="propose")
    send(client, f"{model}/delete/main/noise.bin", way="commit")
    send(client, "/new", owner="ada", name="secret", licence="", visibility="private")
    data = send(client, "/new-dataset", owner="lab", name="rows", licence="", visibility="public")
    tasks = "name: Rows\ntasks:\n- id: easy\n- id: hard\n"
    send(client, f"{data}/new/main", path="eval.yaml", text=tasks, way="commit")
    bucket = send(client, "/buckets/new", owner="ada", name="runs", visibility="public")
    send(client, bucket, files=[("files", ("log.txt", b"began"))], act="send", folder="logs")
    client.post("/settings/tokens", data={"act": "mint", "name": "laptop", "role": "write"})
    send(client, "/users/lab/follow", act="follow", next="/lab")
    kept = send(client, "/new-collection", owner="ada", title="Small things", description="Few.")
    send(client, kept, act="add", kind="model", name="ada/tiny", note="The smallest.")
    told = {"watched": "ada", "domain": ["repo", "discussion"], "secret": ""}
    hook = send(client, "/settings/webhooks", url="https://example.org/hook", **told)
    _note_addresses(village, model, data, bucket, kept, hook, files)


def _note_addresses(  # noqa: PLR0917 - what there is, in the order it was made
    village: Village,
    model: str,
    data: str,
    bucket: str,
    kept: str,
    hook: str,
    files: list[tuple[str, tuple[str, bytes]]],
) -> None:
    """Which pages everybody sees, and which only ada."""
    village.public = [
        "/", "/models", "/models?search=nothing-fits", "/datasets", "/spaces", "/ada", "/lab",
        model, f"{model}/tree/main", *(f"{model}/blob/main/{name}" for _, (name, _b) in files[:5]),
        f"{model}/blob/main/README.md", f"{model}/commits/main", f"{model}/commit/main",
        f"{model}/discussions", f"{model}/discussions/1", f"{model}/discussions/1/files", data,
        f"{data}/tree/main", f"{data}/leaderboard", bucket, f"{bucket}/tree/logs", "/papers",
        "/papers/1706.03762", "/collections", kept, "/users/ada/likes", "/users/ada/following",
        "/users/lab/followers", "/commons", "/commons/lab", "/commons/hub",
        "/commons/hub/log", "/commons/hub/log/0", "/docs", "/docs/decisions/0001-four-ideas",
        "/none/of/this",
    ]  # fmt: skip
    village.private = [
        "/new", "/new-dataset", "/new-space", "/new-collection", "/buckets/new",
        "/organizations/new",
        "/organizations/lab/settings",
        "/settings/profile", "/settings/account", "/settings/tokens", f"{model}/settings",
        "/settings/security", "/settings/applications", "/oauth/device",
        "/settings/webhooks", hook, "/organizations/lab/settings/webhooks",
        "/settings/notifications", "/notifications", "/notifications?show=all",
        "/notifications/about?repo=ada/" + model.rpartition("/")[2],
        f"{model}/edit/main/README.md", f"{model}/new/main", f"{model}/upload/main",
        f"{model}/delete/main/train.py", "/ada/secret",
    ]  # fmt: skip


def _name_at_length(village: Village, client: httpx.Client) -> None:
    """A commons whose names and titles have no place to break."""
    name, word = "donaudampfschifffahrtsgesellschaft-sprachsammlung", "録音機器取扱説明書翻訳"
    full = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbaugesellschaft"
    send, here = village.send, f"/commons/{name}"
    send(client, "/organizations/new", name=name, fullname=full, preset="university")
    said = f"{full.upper()}{word}"
    shown = {"action": "statement", "p_text": said, "shown": f"Say: {said}"}
    titled = {"title": f"{full}{word}", "text": f"https://example.org/{'a' * 180}"}
    proposal = send(client, f"{here}/proposals/new", **shown, **titled)
    more = ("", "/charter", "/rights", "/members", "/seats/steward", "/proposals", "/pot", "/log")
    village.long = [f"/{name}", proposal, *(f"{here}{page}" for page in more)]


def _safetensors() -> bytes:
    tensors = {
        f"layer.{n}.weight": {
            "dtype": "F32",
            "shape": [2, 2],
            "data_offsets": [n * 16, n * 16 + 16],
        }
        for n in range(12)
    }
    header = json.dumps(tensors).encode()
    return struct.pack("<Q", len(header)) + header + bytes(12 * 16)


def _gguf() -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    entry = text("general.architecture") + struct.pack("<I", 8) + text("llama")
    tensor = text("w") + struct.pack("<IQIQ", 1, 4, 0, 0)
    return b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + entry + tensor + bytes(64)


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(
        b"\0" + bytes(v for x in range(width) for v in (x * 7 % 256, y * 9 % 256, 120))
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pieces = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + pieces
