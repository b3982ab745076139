"""A hostile client gets a clear 4xx, leaves nothing behind, and others do not notice."""

import base64
import http.client
import json
import urllib.error
from collections.abc import Iterator

import pytest
from tests.conftest import LONG
from tests.faults.bystander import Noticed, bystander
from tests.faults.clients import Wire
from tests.faults.memory import peak_megabytes
from tests.support.server import LiveHub

HOSTILE_PATHS = (
    "",
    ".",
    "..",
    "../outside",
    "a/../../outside",
    "/absolute",
    "a//b",
    ".git/config",
    ".GIT/hooks/pre-commit",
    "git~1/config",
    ".g\u200cit/config",
    ".gitmodules",
    "..\\outside",
    "C:\\outside",
    "stream:hidden",
    "CON",
    "folder/aux.txt",
    "dot.",
    "space ",
    "-rf",
    "new\nline",
    "control\x01",
    "invoice\u202egnp.exe",
    "half\ud800",
    "x" * 4096,
    ".cache/huggingface/download/x.lock",
)
COLLISIONS = (("README.md", "readme.md"), ("caf\u00e9.txt", "cafe\u0301.txt"))
OPERATIONS = 1_000_000
JSON_BYTES = 1 << 30 if LONG else 1 << 28
MEMORY_MEGABYTES_MAX = 512
PROBE_P99_SECONDS_MAX = 0.5
PIECE = 1 << 20


def refusal(wire: Wire, repo: str, *operations: dict[str, object]) -> urllib.error.HTTPError:
    """The error that a commit of these operations meets."""
    lines = [{"key": "header", "value": {"summary": "Hostile"}}, *operations]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    with pytest.raises(urllib.error.HTTPError) as caught:
        wire.ask(
            "POST",
            f"/api/models/{repo}/commit/main",
            body,
            {"Content-Type": "application/x-ndjson"},
        )
    return caught.value


def adding(path: str) -> dict[str, object]:
    content = base64.b64encode(b"hostile").decode()
    return {"key": "file", "value": {"path": path, "content": content, "encoding": "base64"}}


@pytest.fixture(scope="module")
def wire(hub: LiveHub) -> Wire:
    made = Wire(hub.url, hub.token)
    made.create("ada/target")
    made.create("ada/other")
    return made


@pytest.mark.parametrize("path", HOSTILE_PATHS, ids=ascii)
def test_a_path_that_would_hurt_a_reader_is_refused_with_the_reason(wire: Wire, path: str):
    before = wire.history("ada/target")
    with refusal(wire, "ada/target", adding(path)) as error:
        assert 400 <= error.code < 500
        assert len(json.load(error)["error"]) > 20
    assert wire.history("ada/target") == before


@pytest.mark.parametrize("paths", COLLISIONS, ids=ascii)
def test_two_names_that_are_one_file_on_a_laptop_are_refused(wire: Wire, paths: tuple[str, str]):
    before = wire.history("ada/target")
    with refusal(wire, "ada/target", *map(adding, paths)) as error:
        assert 400 <= error.code < 500
    assert wire.history("ada/target") == before


@pytest.mark.timeout(600)
def test_a_commit_of_a_million_operations_is_refused_and_others_do_not_notice(
    hub: LiveHub, wire: Wire
):
    before = wire.history("ada/target")
    header = json.dumps({"key": "header", "value": {"summary": "Many"}}).encode() + b"\n"

    def lines() -> Iterator[bytes]:
        yield header
        for start in range(0, OPERATIONS, 10_000):
            yield b"".join(
                b'{"key":"deletedFile","value":{"path":"f/%d"}}\n' % number
                for number in range(start, start + 10_000)
            )

    with bystander(f"{wire.url}/api/models/ada/other", wire.token) as noticed:
        status, said = send_in_chunks(
            wire, "/api/models/ada/target/commit/main", lines(), "application/x-ndjson"
        )
    assert 400 <= status < 500, said
    assert wire.history("ada/target") == before
    assert_nobody_noticed(hub, noticed)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "address",
    [
        "/api/repos/create",
        "/api/validate-yaml",
        "/api/models/ada/target/preupload/main",
        "/api/models/ada/target/paths-info/main",
        "/ada/target.git/info/lfs/objects/batch",
    ],
)
@pytest.mark.parametrize("said_beforehand", [True, False], ids=["with-length", "in-chunks"])
def test_a_gigabyte_of_json_is_refused_without_being_kept(
    hub: LiveHub, wire: Wire, address: str, said_beforehand: bool
):
    def body() -> Iterator[bytes]:
        yield b'{"name":"'
        for _ in range(JSON_BYTES // PIECE):
            yield b"a" * PIECE
        yield b'"}'

    with bystander(f"{wire.url}/api/models/ada/other", wire.token) as noticed:
        length = 11 + JSON_BYTES // PIECE * PIECE if said_beforehand else None
        status, said = send_in_chunks(wire, address, body(), "application/json", length)
    assert 400 <= status < 500, said
    assert_nobody_noticed(hub, noticed)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 50_000], ids=["lists", "objects"])
def test_deep_json_is_refused(wire: Wire, body: bytes):
    with pytest.raises(urllib.error.HTTPError) as caught:
        wire.ask("POST", "/api/repos/create", body, {"Content-Type": "application/json"})
    with caught.value as error:
        assert 400 <= error.code < 500


def send_in_chunks(
    wire: Wire, address: str, body: Iterator[bytes], content_type: str, length: int | None = None
) -> tuple[int, bytes]:
    """Send a long body until it is all sent or the hub has had enough; its answer, always."""
    host = wire.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=300)
    connection.putrequest("POST", address)
    connection.putheader("Authorization", f"Bearer {wire.token}")
    connection.putheader("Content-Type", content_type)
    if length is None:
        connection.putheader("Transfer-Encoding", "chunked")
    else:
        connection.putheader("Content-Length", str(length))
    connection.endheaders()
    try:
        for piece in body:
            connection.send(piece if length is not None else b"%x\r\n%s\r\n" % (len(piece), piece))
        if length is None:
            connection.send(b"0\r\n\r\n")
    except (BrokenPipeError, ConnectionResetError):
        pass  # it answered and closed; the answer may still be read
    try:
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def assert_nobody_noticed(hub: LiveHub, noticed: Noticed) -> None:
    assert peak_megabytes(hub) < MEMORY_MEGABYTES_MAX
    assert noticed.took
    assert noticed.slow < PROBE_P99_SECONDS_MAX, f"another client's slow ones: {noticed.slow:.2f} s"
