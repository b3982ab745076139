"""What a stranger may do to a connection, and what it may not do to the others."""

import asyncio
import socket
import time

import httpx
import pytest
from tests.base.http.conftest import read_answer

from iriai.base.http.protocol import HEAD_BYTES_MAX, URL_BYTES_MAX


async def echo(scope, receive, send):
    """Answer with the path, once the body has come."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        more = message.get("more_body", False)
    body = scope["raw_path"]
    head = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def served(live):
    return live(echo)


def answer_of(served, request):
    with served.connection() as connection:
        connection.sendall(request)
        return read_answer(connection)


def test_a_head_within_the_limits_is_answered(served):
    long = "x" * (URL_BYTES_MAX - 100)
    many = "".join(f"X-{number}: {'y' * 900}\r\n" for number in range(40))
    status, _, body = answer_of(served, f"GET /{long} HTTP/1.1\r\nHost: x\r\n{many}\r\n".encode())
    assert (status, len(body)) == (200, len(long) + 1)


def test_a_url_that_is_too_long_is_refused(served):
    request = b"GET /" + b"x" * URL_BYTES_MAX + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    status, headers, _ = answer_of(served, request)
    assert (status, headers["connection"]) == (414, "close")


@pytest.mark.parametrize(
    "lines",
    [
        b"X: " + b"y" * HEAD_BYTES_MAX + b"\r\n",
        b"".join(b"X-%d: %s\r\n" % (number, b"y" * 100) for number in range(700)),
    ],
)
def test_a_head_that_is_too_large_is_refused(served, lines):
    status, headers, _ = answer_of(served, b"GET / HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n")
    assert (status, headers["connection"]) == (431, "close")


def test_a_header_without_an_end_does_not_fill_the_memory(served):
    with served.connection() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        with pytest.raises((ConnectionError, TimeoutError)):
            for _ in range(200):
                connection.sendall(b"y" * 65_536)
                time.sleep(0.005)


def test_what_is_no_http_is_refused(served):
    status, headers, _ = answer_of(served, b"\x16\x03\x01 nonsense\r\n\r\n")
    assert (status, headers["connection"]) == (400, "close")


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\nb: c\x00\r\n\r\n",
    ],
)
def test_a_request_that_could_be_read_in_two_ways_is_refused(served, request_):
    assert answer_of(served, request_)[0] == 400


def dropped(connection, seconds=15):
    connection.settimeout(seconds)
    try:
        return connection.recv(1000) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("sent", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: x\r\n", b"\r\n\r\n"])
def test_a_head_that_does_not_come_to_its_end_is_dropped(served, sent, impatient):
    with served.connection() as connection:
        connection.sendall(sent)
        assert dropped(connection)


def test_a_head_that_drips_is_dropped_all_the_same(served, impatient):
    with served.connection() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        begun = time.monotonic()
        with pytest.raises(ConnectionError):
            while time.monotonic() - begun < 15:
                connection.sendall(b"X: y\r\n")
                time.sleep(0.1)


def test_a_body_that_drips_is_dropped(served, impatient):
    with served.connection() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        begun = time.monotonic()
        with pytest.raises(ConnectionError):
            while time.monotonic() - begun < 20:
                connection.sendall(b"x")
                time.sleep(0.1)


async def refuse(scope, receive, send):
    """Answer at once, whatever is still to come."""
    await send(
        {"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("framing", [b"Content-Length: 8000000", b"Transfer-Encoding: chunked"])
def test_a_client_that_sends_all_before_it_reads_sees_why_it_was_refused(live, framing):
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + framing + b"\r\n\r\n"
    body = b"x" * 8_000_000
    if framing.endswith(b"chunked"):
        body = b"7a1200\r\n" + body + b"\r\n0\r\n\r\n"
    with live(refuse).connection() as connection:
        connection.sendall(head + body)
        assert read_answer(connection)[0] == 403
        assert dropped(connection, 10)


def test_the_rest_of_a_refused_body_is_dropped_when_it_does_not_come(live, impatient):
    with live(refuse).connection() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
        assert read_answer(connection)[0] == 403
        assert dropped(connection, 20)


def test_an_answer_that_nobody_reads_is_dropped(live, impatient):
    ended = []

    async def endless(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
        ended.append(True)

    served = live(endless)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        deadline = time.monotonic() + 20
        while served.server.server_state.connections:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_an_application_that_thinks_long_is_not_taken_for_a_slow_client(live, impatient):
    async def think(scope, receive, send):
        await asyncio.sleep(3)  # longer than any time-out here
        await echo(scope, receive, send)

    assert httpx.get(f"{live(think).url}/thought", timeout=20).text == "/thought"


def test_a_healthy_client_does_not_notice_hundreds_of_slow_ones(served):
    slow = []
    try:
        for number in range(300):
            connection = socket.create_connection(("127.0.0.1", served.port))
            connection.sendall(
                b"GET / HTTP/1.1\r\nX: "
                if number % 2
                else b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"
            )
            slow.append(connection)
        times = []
        with httpx.Client(base_url=served.url) as client:
            for _ in range(200):
                begun = time.perf_counter()
                assert client.get("/healthy").text == "/healthy"
                times.append(time.perf_counter() - begun)
        assert sorted(times)[197] < 0.5
    finally:
        for connection in slow:
            connection.close()


def test_the_raw_path_arrives_as_it_was_sent(served):
    assert httpx.get(f"{served.url}/a%2Fb/%C3%A4").text == "/a%2Fb/%C3%A4"
