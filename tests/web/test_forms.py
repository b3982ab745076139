"""What a browser sends."""

import hashlib
from types import SimpleNamespace

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from iriai.base.errors import Denied, Excessive, Invalid
from iriai.web import forms

BOUNDARY = "----a-boundary"
MULTIPART = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
URLENCODED = {"content-type": "application/x-www-form-urlencoded"}


def request(body: bytes, headers: dict[str, str], *, piece: int = 7) -> Request:
    pieces = [body[at : at + piece] for at in range(0, len(body), piece)] or [b""]

    async def receive() -> dict[str, object]:
        part = pieces.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(pieces)}

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    settings = SimpleNamespace(url="https://hub.example")
    app = SimpleNamespace(state=SimpleNamespace(ground=SimpleNamespace(settings=settings)))
    return Request({"type": "http", "method": "POST", "headers": raw, "app": app}, receive)


def received(tmp_path, body: bytes, headers: dict[str, str], size_max: int = 1 << 20) -> forms.Form:
    async def run() -> forms.Form:
        return await forms.receive(request(body, headers), size_max=size_max, staging=tmp_path)

    return anyio.run(run)


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
    if filename is not None:
        head += f'; filename="{filename}"\r\nContent-Type: application/octet-stream'
    return head.encode() + b"\r\n\r\n" + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


@given(st.binary(max_size=300), st.text("abc /.é", max_size=10))
def test_a_file_arrives_byte_for_byte_with_its_hash(tmp_path_factory, content, title):
    tmp_path = tmp_path_factory.mktemp("staging")
    body = part("title", title.encode()) + part("files", content, "weights.bin") + END
    form = received(tmp_path, body, MULTIPART)
    (upload,) = form.files
    assert upload.path.read_bytes() == content
    assert (upload.size, upload.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert form.get("title") == title
    form.close()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_input_is_no_file(tmp_path):
    form = received(tmp_path, part("files", b"", "") + END, MULTIPART)
    assert list(form.files) == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_too_big_is_refused_and_leaves_nothing_behind(tmp_path):
    body = part("files", b"x" * 5_000, "a.bin") + END
    with pytest.raises(Excessive):
        received(tmp_path, body, MULTIPART, size_max=1_000)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Excessive):
        received(tmp_path, b"", MULTIPART | {"content-length": "99999999"}, size_max=1_000)


@pytest.mark.parametrize(
    "body", [b"", b"rubbish", part("a", b"b"), part("files", b"x", "a.bin"), b"--" + b"x" * 500]
)
def test_a_multipart_body_that_breaks_off_is_refused_and_leaves_nothing_behind(tmp_path, body):
    with pytest.raises(Invalid):
        received(tmp_path, body, MULTIPART)
    assert list(tmp_path.iterdir()) == []


def test_fields_of_a_plain_form_are_read(tmp_path):
    form = received(tmp_path, b"a=1&a=2&b=&c=%C3%A9+x", URLENCODED)
    assert (form.all("a"), form.get("b"), form.get("c"), form.get("d", "-")) == (
        ["1", "2"],
        "",
        "é x",
        "-",
    )
    assert form.has("b")


@pytest.mark.parametrize("body", [b"&".join(b"a=1" for _ in range(300)), b"a=%ff"])
def test_a_plain_form_that_makes_no_sense_is_refused(tmp_path, body):
    with pytest.raises(Invalid):
        received(tmp_path, body, URLENCODED)


def test_another_kind_of_body_is_no_form(tmp_path):
    with pytest.raises(Invalid):
        received(tmp_path, b"{}", {"content-type": "application/json"})


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": "https://hub.example"},
        {"origin": "http://127.0.0.1:8700", "host": "127.0.0.1:8700"},
    ],
)
def test_a_form_of_our_own_is_taken(headers):
    forms.require_same_origin(request(b"", headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site", "origin": "https://hub.example"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://hub.example.evil.example"},
        {"origin": "https://evil.example", "host": "hub.example"},
    ],
)
def test_a_form_from_elsewhere_is_refused(headers):
    with pytest.raises(Denied):
        forms.require_same_origin(request(b"", headers))
