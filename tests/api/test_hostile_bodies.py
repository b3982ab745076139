"""Bodies that are too big, too many or too deep get a clear 4xx, and memory stays where it was."""

import http.client
import json
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from huggingface_hub.utils import disable_progress_bars

disable_progress_bars()
NDJSON = "application/x-ndjson"
MIB = 1 << 20
GROWTH_MAX = 120 * MIB


@pytest.fixture(scope="module")
def repo(hub):
    api = HfApi(endpoint=hub.url, token=hub.token)
    api.create_repo("ada/target", exist_ok=True)
    return "ada/target"


def rss(hub):
    """The memory of the server, its helpers not counted."""
    status = Path(f"/proc/{hub.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) << 10


@contextmanager
def memory_watched(hub):
    """Fails if the server's memory grows by more than 120 MiB meanwhile."""
    before, most, done = rss(hub), [0], threading.Event()

    def watch():
        while not done.is_set():
            most[0] = max(most[0], rss(hub))
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    assert most[0] - before < GROWTH_MAX, f"{(most[0] - before) / MIB:.0f} MiB more"


def send(hub, method, path, pieces, length=None, *, content_type="application/json"):
    """Send a body piece by piece; status, headers and what the answer says."""
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=120)
    connection.putrequest(method, path)
    connection.putheader("Authorization", f"Bearer {hub.token}")
    connection.putheader("Content-Type", content_type)
    if length is None:
        connection.putheader("Transfer-Encoding", "chunked")
    else:
        connection.putheader("Content-Length", str(length))
    connection.endheaders()
    try:
        for piece in pieces:
            framed = piece if length is not None else b"%x\r\n%s\r\n" % (len(piece), piece)
            connection.send(framed)
        if length is None:
            connection.send(b"0\r\n\r\n")
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has heard enough; what it said is there to be read
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def repeated(piece, total):
    """`piece` again and again, `total` bytes in all."""
    block = piece * (MIB // len(piece))
    for _ in range(total // len(block)):
        yield block


def commit_path(repo):
    return f"/api/models/{repo}/commit/main"


HEADER = b'{"key":"header","value":{"summary":"hostile"}}\n'


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    "path", ["/api/repos/create", "/api/validate-yaml", "/api/models/ada/target/preupload/main"]
)
def test_a_gibibyte_of_json_is_too_much_and_costs_nothing(hub, repo, path, announced):
    total = 1 << 30
    with memory_watched(hub):
        length = total if announced else None
        status, headers, content = send(hub, "POST", path, repeated(b'["a"],  ', total), length)
    assert status == 413
    assert "at most" in json.loads(content)["error"]
    assert headers["x-error-message"] == json.loads(content)["error"]


@pytest.mark.parametrize("announced", [True, False])
def test_a_gibibyte_of_commit_is_too_much_and_costs_nothing(hub, repo, announced):
    total = 1 << 30
    with memory_watched(hub):
        length = total if announced else None
        pieces = repeated(b" " * 63 + b"\n", total)
        status, _, _ = send(hub, "POST", commit_path(repo), pieces, length, content_type=NDJSON)
    assert status == 413
    assert hub.answers()


def test_a_line_without_end_is_refused(hub, repo):
    body = HEADER + b'{"key":"file","value":{"path":"a","content":"' + b"A" * (64 * MIB)
    with memory_watched(hub):
        status, _, content = send(
            hub, "POST", commit_path(repo), [body], len(body), content_type=NDJSON
        )
    assert status == 413
    assert b"Line 2" in content


def test_a_million_operations_are_too_many(hub, repo):
    def lines():
        yield HEADER
        for block in range(1_000):
            yield b"".join(
                b'{"key":"deletedFile","value":{"path":"%d"}}\n' % (block * 1_000 + number)
                for number in range(1_000)
            )

    with memory_watched(hub):
        status, _, content = send(
            hub, "POST", commit_path(repo), lines(), None, content_type=NDJSON
        )
    assert 400 <= status < 500
    assert json.loads(content)["error"]
    assert len(HfApi(endpoint=hub.url, token=hub.token).list_repo_commits(repo)) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"key":"file","value":{}}\n',
        HEADER + b"nonsense\n",
        HEADER + b'{"key":"file"}\n',
        HEADER + b'{"key":"file","value":[]}\n',
        HEADER + b'{"key":"file","value":{"path":"a","content":"%%%","encoding":"base64"}}\n',
        HEADER + b'{"key":"file","value":{"path":"a","content":"YQ","encoding":"base64"}}\n',
        HEADER + b'{"key":"file","value":{"path":"a","content":"a","encoding":"rot13"}}\n',
        HEADER + b'{"key":"file","value":{"path":1,"content":"a"}}\n',
        HEADER + b'{"key":"file","value":{"path":"../a","content":"a","encoding":"utf-8"}}\n',
        HEADER + b'{"key":"lfsFile","value":{"path":"a","algo":"md5","oid":"0","size":1}}\n',
        HEADER + b'{"key":"lfsFile","value":{"path":"a","algo":"sha256","oid":"0","size":1}}\n',
        HEADER
        + b'{"key":"lfsFile","value":{"path":"a","algo":"sha256","oid":"%s","size":-1}}\n'
        % (b"a" * 64),
        HEADER
        + b'{"key":"lfsFile","value":{"path":"a","algo":"sha256","oid":"%s","size":1}}\n'
        % (b"a" * 64),
        HEADER + b'{"key":"deletedFile","value":{"path":"not-there"}}\n',
        HEADER + b'{"key":"rename","value":{"path":"a"}}\n',
        HEADER + HEADER,
        HEADER + b"[" * 100_000,
        HEADER.replace(b"hostile", b""),
        HEADER.replace(b"hostile", b"x" * 2_000_000),
        b"\xff\xfe" + HEADER,
    ],
    ids=range(24),
)
def test_a_commit_that_makes_no_sense_is_refused_with_a_sentence(hub, repo, body):
    status, headers, content = send(
        hub, "POST", commit_path(repo), [body], len(body), content_type=NDJSON
    )
    assert 400 <= status < 500, content
    assert json.loads(content)["error"]
    assert headers["x-error-code"]
    assert len(HfApi(endpoint=hub.url, token=hub.token).list_repo_commits(repo)) == 1


DEEP = b"[" * 200_000
CREATE = "/api/repos/create"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CREATE, b"{"),
        ("POST", CREATE, b"[]"),
        ("POST", CREATE, b"{}"),
        ("POST", CREATE, b'{"a":' + DEEP),
        ("POST", CREATE, b'{"name": 1}'),
        ("POST", CREATE, b'{"name": "x", "type": "thing"}'),
        ("POST", CREATE, b'{"name": "x", "visibility": "secret"}'),
        ("POST", CREATE, b'{"name": "x", "private": "yes"}'),
        ("POST", CREATE, b'{"name": "a/b/c"}'),
        ("POST", CREATE, b'{"name": "x\\u0000y"}'),
        ("POST", CREATE, b'{"name": "-x-"}'),
        ("POST", CREATE, b'{"name": "\\ud800"}'),
        ("DELETE", "/api/repos/delete", b"{}"),
        ("POST", "/api/repos/move", b'{"fromRepo": "x", "toRepo": "y"}'),
        ("PUT", "/api/models/ada/target/settings", b'{"gated": "sometimes"}'),
        ("PUT", "/api/models/ada/target/settings", b'{"discussionsDisabled": 1}'),
        ("POST", "/api/models/ada/target/preupload/main", b'{"files": 1}'),
        ("POST", "/api/models/ada/target/preupload/main", b'{"files": [1]}'),
        ("POST", "/api/models/ada/target/preupload/main", b'{"files": [{"path": "a"}]}'),
        (
            "POST",
            "/api/models/ada/target/preupload/main",
            b'{"files": [{"path": "../a", "size": 1, "sample": ""}]}',
        ),
        ("POST", "/api/models/ada/target/paths-info/main", b'{"paths": 1}'),
        ("POST", "/api/models/ada/target/branch/a..b", b"{}"),
        ("POST", "/api/models/ada/target/branch/%ff", b"{}"),
        ("POST", "/api/models/ada/target/tag/main", b'{"tag": "-x"}'),
        ("POST", "/api/models/ada/target/duplicate", b'{"repository": "x"}'),
        ("POST", "/api/models/ada/target/lfs-files/duplicate", b'{"target": 1}'),
        ("GET", "/api/models/ada/target/tree/main?limit=x", b""),
        ("GET", "/api/models/ada/target/tree/main?cursor=x", b""),
        ("GET", "/api/models/ada/target/tree/main?recursive=maybe", b""),
        ("GET", "/api/models/ada/target/commits/main?cursor=x", b""),
        ("GET", "/api/models?limit=-1", b""),
        ("GET", "/api/models?cursor=x", b""),
        ("GET", "/api/models?sort=likes&cursor=Wzk5OTk5OTk5OTk5OTk5OTk5OTk5LDFd", b""),
        ("GET", "/api/models?sort=random", b""),
        ("GET", "/api/models?expand=nonsense", b""),
        ("GET", "/ada/target/resolve/main/%00", b""),
        ("GET", "/ada/target/resolve/main/%ff", b""),
        ("GET", "/ada/target/resolve/", b""),
        ("GET", "/api/models/%ff/target", b""),
        ("PATCH", "/api/models/ada/target", b"{}"),
        ("GET", "/api/nothing/here", b""),
        ("GET", "/api/nothing", b""),
    ],
)
def test_a_clients_mistake_is_never_the_servers(hub, repo, method, path, body):
    status, headers, content = send(hub, method, path, [body], len(body))
    assert 400 <= status < 500, content
    assert json.loads(content)["error"]
    assert headers["x-error-code"]
    assert headers["x-request-id"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/models?limit=",
        "/api/models/ada/target/discussions?p=",
        "/api/models/ada/target/discussions/",
        "/api/models/ada/target/lfs-files?cursor=",
        "/api/models/ada/target/likers?cursor=",
        "/api/settings/repositories?cursor=",
        "/api/notifications?before=",
        "/api/daily_papers?p=",
        "/api/commons/hub/log?before=",
        "/commons/hub/log/",
        "/commons/hub/charter/",
        "/commons/hub/proposals/",
    ],
)
@pytest.mark.parametrize("number", ["%C2%B2", "9" * 5_000, "-1"])
def test_numbers_that_are_none_are_a_mistake_of_who_asks(hub, repo, path, number):
    status, _headers, _content = send(hub, "GET", path + number, [], length=0)
    assert status < 500


@pytest.mark.parametrize("path", ["/ada/%00/settings", "/%00/x/tree/main", "/datasets/ada/%00"])
def test_no_address_holds_a_null_character(hub, path):
    status, _headers, _content = send(hub, "GET", path, [], length=0)
    assert status == 400
