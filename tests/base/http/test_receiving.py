"""Uploads over real sockets: long, short, chunked, broken off, and under another server."""

import asyncio
import contextlib
import hashlib
import os
import socket
import struct
import time
from pathlib import Path

import blake3
import httpx
import pytest
from tests.base.http.conftest import read_answer

from iriai.base.errors import Excessive, HubError, Invalid
from iriai.base.http.receiving import LENT_BYTES_MIN, receive_file

DATA = os.urandom(1 << 20) * 9 + b"tail"
SIZES = [0, 1, 65_536, LENT_BYTES_MIN - 1, LENT_BYTES_MIN, 5_000_001, len(DATA)]
STATUS = {Excessive: 413, Invalid: 400}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "arrived"
    made.mkdir()
    return made


@pytest.fixture
def hub(live, folder):
    """Keeps the body of a PUT to `/name` as a file; says its SHA-256, or the error's code."""

    async def app(scope, receive, send):
        query = dict(httpx.QueryParams(scope["query_string"].decode()))
        try:
            received = await receive_file(
                receive,
                folder / scope["path"].strip("/"),
                size_max=int(query.get("max", 1 << 40)),
                size=int(query["size"]) if "size" in query else None,
                scope=None if "plain" in query else scope,
            )
            status, body = 201, f"{received.size} {received.sha256}".encode()
        except HubError as error:
            status, body = STATUS.get(type(error), 503), error.code.encode()
        head = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})

    return live(app)


def said(data):
    return f"{len(data)} {hashlib.sha256(data).hexdigest()}"


def head(path, *lines):
    return "\r\n".join([f"PUT {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def wait_until_empty(folder):
    deadline = time.monotonic() + 10
    while list(folder.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", ["known length", "chunked", "plain receive"])
def test_a_body_of_any_size_arrives_whole_and_hashed(hub, folder, size, way):
    content = iter([DATA[:size]]) if way == "chunked" else DATA[:size]
    answer = httpx.put(f"{hub.url}/file{'?plain=1' * (way == 'plain receive')}", content=content)
    assert (answer.status_code, answer.text) == (201, said(DATA[:size]))
    assert (folder / "file").read_bytes() == DATA[:size]


def test_a_connection_goes_on_after_an_upload(hub, folder):
    with httpx.Client(base_url=hub.url) as client:
        for number, size in enumerate([5_000_000, 10, 3_000_000, 0, 4_000_000]):
            assert client.put(f"/{number}", content=DATA[:size]).text == said(DATA[:size])


def test_a_request_sent_right_behind_a_body_is_answered_too(hub):
    body = DATA[:3_000_000]
    with hub.connection() as connection:
        connection.sendall(
            head("/a", f"Content-Length: {len(body)}")
            + body
            + head("/b", "Content-Length: 2")
            + b"hi"
        )
        assert read_answer(connection)[2].decode() == said(body)
        assert read_answer(connection)[2].decode() == said(b"hi")


@pytest.mark.parametrize("size", [100, 5_000_000])
def test_a_client_that_asks_first_is_told_to_continue(hub, size):
    with hub.connection() as connection:
        connection.sendall(head("/file", f"Content-Length: {size}", "Expect: 100-continue"))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(DATA[:size])
        assert read_answer(connection)[2].decode() == said(DATA[:size])


def test_a_client_that_asks_first_is_told_no_before_it_sends(hub):
    with hub.connection() as connection:
        connection.sendall(head("/f?max=10", "Content-Length: 5000000", "Expect: 100-continue"))
        assert read_answer(connection)[0] == 413


@pytest.mark.parametrize("size", [1000, 5_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_excessive_and_leaves_nothing(hub, folder, size, chunked):
    content = iter([DATA[:size]]) if chunked else DATA[:size]
    answer = httpx.put(f"{hub.url}/file?max={size - 1}", content=content)
    assert (answer.status_code, answer.text) == (413, "TooLarge")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("announced", [999, 1001])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_another_size_than_expected_is_invalid(hub, folder, announced, chunked):
    content = iter([DATA[:1000]]) if chunked else DATA[:1000]
    answer = httpx.put(f"{hub.url}/file?size={announced}", content=content)
    assert answer.status_code in {400, 413}
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("arrived", [0, 500, 3_000_000])
@pytest.mark.parametrize("reset", [False, True])
def test_a_body_that_breaks_off_leaves_nothing(hub, folder, arrived, reset):
    with hub.connection() as connection:
        connection.sendall(head("/file", "Content-Length: 5000000") + DATA[:arrived])
        deadline = time.monotonic() + 10
        while not list(folder.iterdir()):
            assert time.monotonic() < deadline
        if reset:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    wait_until_empty(folder)
    assert httpx.put(f"{hub.url}/file", content=b"again").text == said(b"again")


def test_a_chunked_body_that_breaks_off_leaves_nothing(hub, folder):
    with hub.connection() as connection:
        connection.sendall(
            head("/file", "Transfer-Encoding: chunked") + b"a\r\n0123456789\r\n5\r\nab"
        )
        time.sleep(0.2)
    wait_until_empty(folder)


def test_a_body_that_comes_in_small_pieces_arrives(hub):
    body = DATA[: LENT_BYTES_MIN + 10]
    with hub.connection() as connection:
        connection.sendall(head("/file", f"Content-Length: {len(body)}"))
        for start in range(0, len(body), 100_000):
            connection.sendall(body[start : start + 100_000])
            time.sleep(0.03)
        assert read_answer(connection)[2].decode() == said(body)


@pytest.mark.parametrize("length", ["Content-Length: 5000000", "Transfer-Encoding: chunked"])
def test_a_client_that_stops_sending_is_dropped_and_leaves_nothing(hub, folder, impatient, length):
    with hub.connection() as connection:
        connection.sendall(head("/file", length))
        connection.settimeout(20)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1000) == b""
    wait_until_empty(folder)


def test_many_who_stall_leave_room_for_others(hub, folder):
    stalled = [socket.create_connection(("127.0.0.1", hub.port)) for _ in range(60)]
    try:
        for number, connection in enumerate(stalled):
            connection.sendall(
                head(f"/{number}", "Content-Length: 5000000") + DATA[:2_500_000][:70_000]
            )
        time.sleep(0.5)
        begun = time.monotonic()
        assert httpx.put(f"{hub.url}/file", content=DATA).text == said(DATA)
        assert time.monotonic() - begun < 15
    finally:
        for connection in stalled:
            connection.close()


def test_uploads_that_stall_hold_next_to_no_memory(hub):
    before = resident_bytes()
    stalled = [socket.create_connection(("127.0.0.1", hub.port)) for _ in range(150)]
    try:
        for number, connection in enumerate(stalled):
            length = "Content-Length: 5000000" if number % 2 else "Transfer-Encoding: chunked"
            connection.sendall(head(f"/{number}", length) + b"ffff\r\n" + DATA[:100])
        time.sleep(2)
        assert resident_bytes() - before < 120_000_000
    finally:
        for connection in stalled:
            connection.close()


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Refusing:
    """A hash that has seen enough after a while."""

    def __init__(self, limit):
        self.left = limit

    def update(self, data):
        self.left -= len(data)
        if self.left < 0:
            raise Invalid("I have seen enough.", code="Enough")


@pytest.mark.parametrize("length", [3_000_000, len(DATA)])
def test_a_body_refused_in_the_middle_is_answered_and_the_connection_goes_on(live, folder, length):
    async def app(scope, receive, send):
        try:
            await receive_file(
                receive,
                folder / "file",
                size_max=1 << 40,
                hashes=[Refusing(2_000_000)],
                scope=scope,
            )
            body = b"kept"
        except Invalid as error:
            body = error.code.encode()
        head = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    with live(app).connection() as connection:
        connection.sendall(head("/x", f"Content-Length: {length}") + DATA[:length])
        assert read_answer(connection)[2] == b"Enough"
        assert list(folder.iterdir()) == []
        connection.sendall(head("/x", "Content-Length: 4") + b"body")
        assert read_answer(connection)[2] == b"kept"


def test_more_hashes_than_one_are_told_of_all_the_bytes(live, tmp_path):
    seen = []

    async def app(scope, receive, send):
        other = blake3.blake3()
        await receive_file(
            receive, tmp_path / "file", size_max=1 << 40, hashes=[other], scope=scope
        )
        seen.append(other.hexdigest())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    httpx.put(live(app).url, content=DATA)
    assert seen == [blake3.blake3(DATA).hexdigest()]


@pytest.mark.parametrize("size", [10, 5_000_000])
def test_a_sum_that_nobody_asks_for_is_not_made(live, folder, size):
    seen = []

    async def app(scope, receive, send):
        path = folder / "file"
        seen.append(await receive_file(receive, path, size_max=1 << 40, sha256=False, scope=scope))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    httpx.put(live(app).url, content=DATA[:size])
    assert (seen[0].size, seen[0].sha256) == (size, "")
    assert (folder / "file").read_bytes() == DATA[:size]


@pytest.mark.parametrize("pieces", [[], [b""], [b"ab", b"", b"c" * 3_000_000, b"d"]])
def test_another_server_gives_the_same_file(tmp_path, pieces):
    messages = [{"type": "http.request", "body": each, "more_body": True} for each in pieces]
    messages.append({"type": "http.request"})

    async def receive():
        return messages.pop(0)

    received = asyncio.run(receive_file(receive, tmp_path / "file", size_max=1 << 30))
    assert f"{received.size} {received.sha256}" == said(b"".join(pieces))
    assert (tmp_path / "file").read_bytes() == b"".join(pieces)


def test_another_server_that_says_disconnect_leaves_nothing(tmp_path):
    messages = [{"type": "http.request", "body": b"x", "more_body": True}]
    messages.append({"type": "http.disconnect"})

    async def receive():
        return messages.pop(0)

    with pytest.raises(Invalid):
        asyncio.run(receive_file(receive, tmp_path / "file", size_max=1 << 30))
    assert list(tmp_path.iterdir()) == []
